"""Programs that keep many parameter sets: datagen, signac with HDF5 files, and such files alone.

The peers' commands are `python -m benchmarks.set_stores signac make FOLDER COUNT`.
"""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

GENERATOR = "pairs"
SOURCE = f"{Path(__file__).with_name('drawn_samples.py')}:{GENERATOR}"
SAMPLES = 50


class SetStore(ABC):
    """Parameter sets of 50 pairs of float64, each with one parameter.

    Parameters
    ----------
    folder
        Where the sets are, or will be; other sets must not be there.
    count
        The number of sets.
    """

    title: ClassVar[str]

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.points = [{"value": float(number)} for number in range(count)]

    @abstractmethod
    def make(self) -> object:
        """Make the sets that do not exist yet."""

    @abstractmethod
    def list(self) -> list[tuple[Any, Any]]:
        """Open the store; return parameters of each set, and how many samples or bytes it has."""

    @abstractmethod
    def find(self) -> Mapping[str, Any]:
        """Open the store; find the last set by its parameters."""


class Datagen(SetStore):
    """A cache."""

    title = "datagen"

    def make(self) -> object:
        """Call `sweep` in this process."""
        from datagen_core import sweep  # peers' processes do not need it

        settings = {"total": True, "executor": "inline", "cache": self.folder}
        return sweep(SOURCE, SAMPLES, self.points, **settings)

    def list(self) -> list[tuple[Any, Any]]:
        """Ask each set for its parameters and its samples per split."""
        return [(each.params, each.counts) for each in self._dataset().values()]

    def find(self) -> Mapping[str, Any]:
        """Index the data set by all parameters and the seed."""
        found: Mapping[str, Any] = self._dataset()[{**self.points[-1], "seed": 0}].params
        return found

    def _dataset(self) -> Any:
        from datagen_core import Cache  # the same

        return Cache(self.folder)[GENERATOR]


class Signac(SetStore):
    """A job per set, whose folder holds an HDF5 file."""

    title = "signac, h5py"

    def make(self) -> object:
        """Open each job, and write its file unless it exists."""
        project, rng = self._project(), np.random.default_rng(0)
        for params in self.points:
            job = project.open_job(params).init()
            if not job.isfile("samples.h5"):
                _write(Path(job.fn("samples.h5")), params, rng)
        return project

    def list(self) -> list[tuple[Any, Any]]:
        """Read each job's parameters, and the size of its file."""
        return [(job.sp(), _size(Path(job.fn("samples.h5")))) for job in self._project()]

    def find(self) -> Mapping[str, Any]:
        """Search all jobs, as for some of the parameters."""
        (job,) = self._project().find_jobs(self.points[-1])
        return dict(job.sp())

    def _project(self) -> Any:
        from signac import init_project  # may be missing

        return init_project(self.folder)


class Files(SetStore):
    """A file per set, named by its parameters, which are also an attribute."""

    title = "h5py, a file per set"

    def make(self) -> object:
        """Write each file unless it exists."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(0)
        for params in self.points:
            path = self._path(params)
            if not path.exists():
                _write(path, params, rng)
        return None

    def list(self) -> list[tuple[Any, Any]]:
        """Open each file for its parameters."""
        return [(_read_params(path), _size(path)) for path in self.folder.iterdir()]

    def find(self) -> Mapping[str, Any]:
        """Open the file with the name of all the parameters."""
        return _read_params(self._path(self.points[-1]))

    def _path(self, params: Mapping[str, float]) -> Path:
        return self.folder / f"value={params['value']}.h5"


STORES: dict[str, type[SetStore]] = {"datagen": Datagen, "signac": Signac, "h5py": Files}


def _write(path: Path, params: Mapping[str, float], rng: np.random.Generator) -> None:
    import h5py  # only where files are opened, as in datagen

    x = rng.uniform(-1, 1, SAMPLES)
    with h5py.File(path, "w") as file:
        file.attrs["params"] = json.dumps(params)
        file["x"], file["y"] = x, np.sin(x) + rng.normal(scale=0.1, size=SAMPLES)


def _read_params(path: Path) -> dict[str, Any]:
    import h5py  # the same

    with h5py.File(path) as file:
        return dict(json.loads(file.attrs["params"]))


def _size(path: Path) -> int:
    return path.stat().st_size


def main() -> None:
    """Make or list sets, and print those that are listed."""
    name, action, folder, count = sys.argv[1:]
    found = getattr(STORES[name](Path(folder), int(count)), action)()
    if action == "list":
        print("\n".join(f"{json.dumps(params)} {size}" for params, size in found))


if __name__ == "__main__":
    main()
