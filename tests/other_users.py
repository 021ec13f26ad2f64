"""Commands as two other users, which only root can start: a folder and a Python that they reach.

A checkout, its environment and even its Python may lie where only their owner looks, as in CI. Then
what the core needs is copied to where all do.
"""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

import pytest

GROUP, OWNER, OTHER = 1500, 2001, 2002
"""A group, and two users who are in it besides a group of their own; nobody else knows them."""

ROOT = Path(__file__).parents[1]
_NESTED = (
    "import subprocess as s, sys; "
    "s.run([sys.executable, '-c', 'import h5py, datagen_core.cli'], check=True)"
)
_NAME = f"python3.{sys.version_info.minor}"


class Others(NamedTuple):
    """A folder that all users reach, and where in it, or elsewhere, they find datagen."""

    folder: Path
    python: str
    search: str

    def run(
        self, user: int, umask: int, *command: object, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder as a user, who is in `GROUP` too."""
        switch = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={user},{GROUP}"]
        own = {
            "PYTHONPATH": self.search,
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / f"config-{user}"),
            "TMPDIR": str(self.folder),
            "LD_LIBRARY_PATH": str(self.folder / "python" / "lib"),  # of a copy that has its own
        }
        return subprocess.run(
            [*switch, *map(str, command)], cwd=self.folder, umask=umask,
            env={**os.environ, **own, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def run_datagen(
        self, user: int, umask: int, *words: object, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `datagen` as a user."""
        return self.run(user, umask, self.python, "-m", "datagen_core", *words, **environment)


def find_others() -> Iterator[Others]:
    """Yield a folder with all that two users need, for a fixture; it is removed afterwards."""
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can be two other users, by setpriv")
    folder = next(filter(_is_reached, map(_make_folder, (None, "/tmp", "/var/tmp"))), None)
    assert folder, "other users reach no folder for temporary files"
    try:
        found = next((each for each in _choices(folder) if _works(each)), None)
        assert found, "other users reach no interpreter, not even a copy of one"
        yield found
    finally:
        shutil.rmtree(folder)


def _make_folder(place: str | None) -> Path:
    folder = Path(tempfile.mkdtemp(dir=place))
    folder.chmod(0o777)
    return folder


def _is_reached(folder: Path) -> bool:
    found = Others(folder, "", "")
    if found.run(OTHER, 0, "test", "-w", folder).returncode == 0:
        return True
    folder.rmdir()
    return False


def _works(found: Others) -> bool:
    return found.run(OTHER, 0, found.python, "-c", _NESTED).returncode == 0


def _choices(folder: Path) -> Iterator[Others]:
    search, system = os.pathsep.join(sys.path), f"/usr/bin/{_NAME}"
    yield Others(folder, sys.executable, search)
    yield Others(folder, system, search)
    copied = os.pathsep.join(map(str, copy_packages(folder / "lib")))
    base = Path(sys.base_prefix, "bin", _NAME)
    yield Others(folder, str(base), copied)
    yield Others(folder, system, copied)
    unneeded = shutil.ignore_patterns("site-packages", "test", "share", "*.a")
    shutil.copytree(sys.base_prefix, folder / "python", symlinks=True, ignore=unneeded)
    _open_to_all(folder / "python")
    yield Others(folder, str(folder / "python" / "bin" / _NAME), copied)


def copy_packages(target: Path) -> list[Path]:
    """Copy the code of datagen, and the distributions that its core needs; return where it is."""
    for name in sorted(_needed("datagen", set())):
        for file in distribution(name).files or []:
            source = Path(str(file.locate()))
            if ".." not in file.parts and source.is_file():
                place = target / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, place)  # with its time, by which its byte code is known
    for name in ("datagen_core", "plugins"):
        shutil.copytree(ROOT / name, target / name, dirs_exist_ok=True)
        compileall.compile_dir(target / name, quiet=1)  # once, rather than by each process
    _open_to_all(target)
    return [target, target / "plugins"]


def _needed(name: str, found: set[str]) -> set[str]:
    """Add a distribution and what it requires, without extras, to those that were found."""
    try:
        requirements = distribution(name).requires or []
    except PackageNotFoundError:  # for another Python or system
        return found
    found.add(name)
    for each in requirements:
        needed = re.split(r"[\s;<>=!~\[(]", each)[0].lower().replace("_", "-")
        if "extra ==" not in each and needed not in found:
            _needed(needed, found)
    return found


def _open_to_all(folder: Path) -> None:
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
