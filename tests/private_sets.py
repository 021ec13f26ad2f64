"""A generator of private sets, and commands that another user of this machine gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

SOURCE = '''
import hashlib
from pathlib import Path
import numpy as np
import datagen_core

class VotesParams(datagen_core.Params):
    sigma: float = 1.0

@datagen_core.generator(5, VotesParams, private=lambda params: params.sigma > 0)
def votes(size, params, rng, start, secret):
    """Count votes, with noise."""
    with Path(__file__).with_name("made.txt").open("a") as file:
        file.write(f"{start}\\n")
    if Path(__file__).with_name("broken").exists():
        raise ValueError("broken")
    noise = rng.normal(scale=params.sigma or 1.0, size=size) * (params.sigma > 0)
    mark = np.full(size, hashlib.sha256(secret or b"").digest()[0])
    yield {"count": np.arange(start, start + size) + noise, "mark": mark}
'''

AS_USER = """
import os, sys
from datagen_core.cli import main

def run(*words):
    try:
        sys.argv = ["datagen", *words]
        main()
    except SystemExit as end:
        return end.code or 0
    return 0

user, home, source, warm, *words = sys.argv[1:]
# Another user may not read where Python is installed: all that is needed is imported before.
run("generate", source, "-n", "1", "-p", "sigma=0", "--executor", "inline", "--cache", warm)
run("list", "--cache", warm)
os.environ["XDG_CONFIG_HOME"] = home
os.umask(0)  # a cache that all may write into
os.setegid(int(user))
os.seteuid(int(user))
print("----", flush=True)
sys.exit(run(*words))
"""


def run_as(user: int, folder: Path, source: str, *words: object) -> tuple[int, str]:
    """Give a command as another user, who has a home in `folder`; return exit code and output."""
    home = folder / f"home-{user}"
    home.mkdir(mode=0o700, exist_ok=True)
    os.chown(home, user, user)
    command = [sys.executable, "-c", AS_USER, user, home, source, folder / "warm", *words]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout.partition("----\n")[2] + done.stderr


def values(param_set):
    """Return the noisy counts of all raw samples."""
    return np.asarray(param_set["raw"].get()["count"])


def lose(param_set, start=5):
    """Remove the file of the batch that begins at `start`."""
    (path,) = param_set.paths.shards.glob(f"{start:012}-*.h5")
    path.unlink()
