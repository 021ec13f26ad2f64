"""Caches of earlier versions, which every later version reads: how one is made and described.

Run once for each version, by the Python of that version's environment and as root, which the
throw-away Slurm needs:

    .venv/bin/python tests/old_caches.py 0.1

It writes tests/caches/0.1: the cache, and `expected.json` with what that version read from it.
`test_old_caches.py` finds the folder by itself. Nothing there may change afterwards.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from datagen_core import Cache

CACHES = Path(__file__).parent / "caches"

FOLDER = Path("/tmp/datagen-fixture")
"""Where a cache is made; documents hold its path, and no other of the machine's."""

LARGEST_INPUT = 50_000

HOST, USER = "lab", "researcher"

STABLE = ("generator", "number", "digest", "params", "changed", "description", "seed", "splits",
          "samples", "reserved", "state", "account")  # fmt: skip
"""What `datagen list --json` says of a set on every machine."""


def describe_cache(folder: Path) -> dict[str, Any]:
    """Return what the installed version reads from a cache: each set's identity and its arrays."""
    sets = (param_set for dataset in Cache(folder).values() for param_set in dataset.values())
    return {f"{each.generator}/{each.paths.root.name}": _describe_set(each) for each in sets}


def _describe_set(param_set: Any) -> dict[str, Any]:
    splits = {name: param_set[name] for name, count in param_set.counts.items() if count}
    views = {name: param_set.view(name) for name in param_set.views}
    return {
        "digest": param_set.record.digest,
        "splits": {name: describe_samples(split) for name, split in splits.items()},
        "derived": {
            f"{split}/{name}": describe_samples(splits[split][name])
            for split in splits
            for name in splits[split].derived
        },
        "views": {
            f"{name}/{part}": describe_samples(view[part]) | {"users": view[part].users}
            for name, view in views.items()
            for part in view
        },
    }


def describe_samples(samples: Any) -> dict[str, Any]:
    """Return the number of samples, and a SHA-256 of the bytes of each field."""
    found = samples.get()
    columns = found if isinstance(found, dict) else {"x": found[0], "y": found[1]}
    return {"samples": len(samples)} | {name: _checksum(each) for name, each in columns.items()}


def _checksum(column: Any) -> str:
    arrays = (column.offsets, column.values) if hasattr(column, "offsets") else (column,)
    state = hashlib.sha256()
    for array in map(np.asarray, arrays):
        text = array.dtype.kind in "OTU"
        state.update(f"{'text' if text else array.dtype.str}{array.shape}".encode())
        state.update("\0".join(array).encode() if text else np.ascontiguousarray(array).tobytes())
    return state.hexdigest()


class _Maker:
    """Makes a cache with the commands of the installed version, as on a machine named `HOST`."""

    def __init__(self) -> None:
        shutil.rmtree(FOLDER, ignore_errors=True)
        self.cache = FOLDER / "cache"
        (FOLDER / "bin").mkdir(parents=True)
        (FOLDER / "bin" / "datagen").symlink_to(Path(sysconfig.get_path("scripts")) / "datagen")
        shutil.copy(CACHES / "datasets.py", FOLDER)
        # Read by every Python that starts, workers' too.
        (FOLDER / "bin" / "sitecustomize.py").write_text(
            f"import socket\nsocket.gethostname = lambda: {HOST!r}\n"
        )

    def datagen(self, *arguments: object, code: int = 0) -> str:
        command = [str(FOLDER / "bin" / "datagen"), *map(str, arguments)]
        variables = {
            "DATAGEN_CACHE": str(self.cache),
            "PYTHONPATH": str(FOLDER / "bin"),
            "USER": USER,
            "LOGNAME": USER,
        }
        sys.stderr.write(f"$ {shlex.join(command[1:])}\n")
        done = subprocess.run(
            command, cwd=FOLDER, env=os.environ | variables, check=False, stdout=subprocess.PIPE
        )
        assert done.returncode == code, done.stdout.decode()
        return done.stdout.decode()

    def generate(self, *arguments: object, executor: str = "inline", code: int = 0) -> None:
        self.datagen("generate", *arguments, "--executor", executor, code=code)

    def make_all(self) -> None:
        self._pairs()
        self._forms()
        self._holes()
        self._leaf()
        self._images()
        self._federated()
        self._votes()

    def _pairs(self) -> None:
        """Loose shards behind a pack, splits by several moves, derived data, a shared job."""
        values = ("-p", "left=0", "-p", "std_dev=0.5")
        self.generate("noisy_sine", "-n", 40, *values, "--njobs", 2, executor="local")
        self.generate("noisy_sine", "-n", 10, *values)
        for count, split in ((15, "train"), (10, "test"), (15, "train")):
            self.datagen("move", "noisy_sine", count, split, "-y")
        for count in (20, 30):
            self.datagen("preprocess", "noisy_sine", "square_both", "train", count)
        self.datagen("compact", "noisy_sine", "--grace", 0)
        self.generate("noisy_sine", "-n", 10, *values)
        sweep = ("--sweep", "left=-3,-2", "--seed", 7, "--njobs", 2)
        self.generate("noisy_sine", "--total", 20, *sweep, executor="local")

    def _forms(self) -> None:
        """Ragged fields, text, images, records, compression; shards that a pack covers."""
        self.generate("walks", "-n", 10, "--seed", 3, "--njobs", 2, executor="local")
        self.datagen("move", "walks", 4, "hold-out", "-y")
        self.datagen("compact", "walks")
        self.generate("scans", "-n", 7)
        self.generate("squeezed", "-n", 14)

    def _holes(self) -> None:
        """Runs with a batch that fails, and one that takes its process along."""
        (FOLDER / "trouble").touch()
        for how in ("raise", "kill"):
            run = ("-n", 20, "-p", f"how={how}", "--njobs", 2)
            self.generate("troubled", *run, executor="local", code=4)
        self.datagen("status")
        (FOLDER / "trouble").unlink()

    def _leaf(self) -> None:
        self.generate("leaf_synthetic", "-n", 8, "-p", "num_dim=3", "-p", "max_samples=20")
        sample = ("-s", "niid", "--sf", 0.5, "--smplseed", 1)
        self.datagen("leaf", "sample", "leaf_synthetic", *sample)
        split = ("--view", "niid_5", "-t", "sample", "--tf", 0.6, "--spltseed", 2)
        self.datagen("leaf", "split", "leaf_synthetic", *split)

    def _images(self) -> None:
        """Clients' shares of files, of which the cache keeps copies."""
        rng = np.random.default_rng(0)
        np.save(FOLDER / "x.npy", rng.integers(0, 256, (40, 4, 4), np.uint8))
        np.save(FOLDER / "y.npy", np.arange(40) % 4)
        rows = [f"{n / 7},{n * 2},{n % 3}\n" for n in range(30)]
        (FOLDER / "table.csv").write_text("".join(["a,b,kind\n", *rows]))
        files = ("-p", "data_file=x.npy", "-p", "label_file=y.npy", "-p", "scheme=dirichlet")
        table = ("-p", "data_file=table.csv", "-p", "label_file=kind")
        for values in (files, table):
            self.generate("image_partition", "--total", 3, *values, "-p", "clients=3")

    def _federated(self) -> None:
        values = {"dataset": "digits", "model_type": "LogReg", "clients": 2, "rounds": 1,
                  "sample_size": 100}  # fmt: skip
        chosen = [word for pair in values.items() for word in ("-p", "{}={}".format(*pair))]
        self.generate("federated_metrics", "-n", 1, *chosen)

    def _votes(self) -> None:
        """Labels by barely trained teachers; their weights are not kept, for their size."""
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (40, 28, 28), np.uint8)
        np.savez(FOLDER / "private.npz", x=images, y=np.arange(40) % 10)
        training = ("--source", "digits", "--size", 40, "--epochs", 1)
        self.datagen("pate", "pretrain-decoder", *training)
        teachers = ("--data", "private.npz", "--num-models", 2, "--epochs", 1)
        self.datagen("pate", "train-teachers", *teachers)
        folders = ("-p", "decoder=pretrained_decoder", "-p", "teachers=trained_teachers")
        pool = ("-p", "pool_size=256", "-p", "block_size=256", "-p", "max_per_class=3")
        self.generate("pate_votes", "-n", 1, *folders, *pool, "-p", "aggregation=plurality")
        for file in (self.cache / "inputs").iterdir():
            if file.stat().st_size > LARGEST_INPUT:
                file.unlink()

    def submit(self) -> None:
        """Leave a job in the queue of Slurm; its script, which names a Python, is not kept."""
        from slurm_cluster import SlurmCluster  # needs root

        values = ("-n", 40, "-p", "num_dim=3", "-p", "max_samples=20", "--seed", 5, "--njobs", 2)
        how = ("--time", 5, "--no-wait", "--slurm-option", "begin=now+1hour")
        with SlurmCluster("simple"):
            self.generate("leaf_synthetic", *values, *how, executor="slurm")
        for script in self.cache.rglob("*_submission.sh"):
            script.unlink()


def make_cache(version: str) -> None:
    """Make the cache of the installed version, and write down what that version reads from it."""
    maker = _Maker()
    maker.make_all()
    listed = json.loads(maker.datagen("list", "--json"))
    states = json.loads(maker.datagen("status", "--all", "--json"))
    maker.submit()
    expected = {
        "list": [{name: each[name] for name in STABLE} for each in listed],
        "states": {each["id"]: each["state"] for each in states},
        "sets": describe_cache(maker.cache),
    }
    _tidy(maker.cache)
    check_neutral(maker.cache)
    folder = CACHES / version
    shutil.copytree(maker.cache, folder / "cache")
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    shutil.rmtree(FOLDER)


def _tidy(cache: Path) -> None:
    """Drop what lasts no longer than a command, and where this machine keeps its packages."""
    for folder in cache.glob("*/tmp"):
        shutil.rmtree(folder)
    for log in cache.rglob("*.log"):
        words = log.read_text()
        for path in _ours():
            words = words.replace(path, "/opt/datagen")
        log.write_text(words)


def _ours() -> Iterator[str]:
    import datagen_core

    yield from (sys.prefix, sys.base_prefix, str(Path(datagen_core.__file__).parents[1]))
    yield str(Path(__file__).parents[1])


def check_neutral(cache: Path) -> None:
    """Refuse a cache in which a path of this machine, or its name, is written."""
    words = [*_ours(), str(Path.home()) + "/", f'"{socket.gethostname()}"', '"root"']
    for path in sorted(cache.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found = [word for word in words if word.encode() in content]
        assert not found, f"{path} names {found}"


if __name__ == "__main__":
    make_cache(sys.argv[1])
