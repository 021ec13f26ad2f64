"""Where a parameter set came from: facts about its first run, which do not change its identity."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_core.generators.installed import providers_of
from datagen_core.generators.live import unwrapped
from datagen_core.store.documents import user_name

if TYPE_CHECKING:
    from datagen_core.generators.fingerprint import Code
    from datagen_core.generators.registry import Loaded

_PACKAGES = ("datagen", "numpy", "h5py", "torch", "scikit-learn")


def gather_provenance(loaded: Loaded, code: Code) -> dict[str, Any]:
    """Return time, host, user, command, versions, and the source and git commit of a generator.

    Times are in ISO 8601, in UTC. `source` is the name that the generator was loaded by, and `code`
    the id of its code. `plugin` has name and version of the distribution that provides it, and
    whether that is editable, so that its version says little; a generator of a file has none.
    Packages that are not installed are left out. `commit` is None outside of git, and ends in
    `-dirty` where files have changed since.
    """
    function = unwrapped(loaded.generator.function)
    return {
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
        "host": socket.gethostname(),
        "user": user_name(),
        "command": sys.argv,
        "python": platform.python_version(),
        "packages": _versions(),
        "source": loaded.source,
        **_plugin(loaded.source),
        "code": code.id,
        "commit": _commit(Path(function.__code__.co_filename).parent),
    }


def describe_machine() -> dict[str, Any]:
    """Return what may change the last bits of a result: instruction set, threads, and device.

    Threads are those of torch where the generator has loaded it, as is the device, and else the
    number that numpy's libraries may use.
    """
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    found = [*extensions["baseline"], *extensions.get("found", [])]
    torch = sys.modules.get("torch")
    pinned = os.environ.get("OMP_NUM_THREADS", "")
    threads = int(pinned) if pinned.isdigit() else len(os.sched_getaffinity(0))
    return {
        "instruction set": f"{platform.machine()} {found[-1]}" if found else platform.machine(),
        "threads": torch.get_num_threads() if torch is not None else threads,
        "device": _device(torch),
    }


def _device(torch: Any) -> str | None:
    if torch is None or not torch.cuda.is_initialized():
        return None
    name: str = torch.cuda.get_device_name()
    return name


def _plugin(source: str) -> dict[str, Any]:
    found = providers_of(source)
    names = ("name", "version", "editable")
    return {"plugin": {key: getattr(found[0], key) for key in names}} if found else {}


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _commit(folder: Path) -> str | None:
    """Return the commit of the folder's git checkout, with `-dirty` when it has local changes."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40"]
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=5, check=True, stdin=subprocess.DEVNULL
        )
        return done.stdout.strip()
    return None
