"""Environments that have exactly what a page tells to install, made in a moment and without pip.

An environment is a real one of `venv`, whose packages are links to those of the environment in
which tests run: `datagen` with the extras of the page, the packages that it names, and all that
these require. So a page that uses what it does not tell to install fails, as it would for readers.
"""

from __future__ import annotations

import csv
import hashlib
import sys
import tomllib
import venv
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import Distribution, EntryPoint, distribution, distributions
from itertools import chain
from pathlib import Path

from filelock import FileLock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
SCRIPT = """#!{python}
import sys
from {module} import {first}
sys.exit({call}())
"""


def requirements_of(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    """Yield what a distribution requires with some extras; of datagen, as pyproject.toml says."""
    if name == "datagen":
        optional = PROJECT["optional-dependencies"]
        texts = [*PROJECT["dependencies"], *(each for extra in extras for each in optional[extra])]
    else:
        texts = distribution(name).requires or []
    for requirement in map(Requirement, texts):
        marker = requirement.marker
        if not marker or any(marker.evaluate({"extra": extra}) for extra in ["", *extras]):
            yield requirement


def closure(requirements: Iterable[str]) -> set[str]:
    """Return the names of all distributions that requirements bring."""
    waiting, seen = [Requirement(text) for text in requirements], set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ["", *sorted(requirement.extras)]:
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += requirements_of(name, [extra] if extra else [])
    return {name for name, _ in seen}


def link(names: Iterable[str], site_packages: Path) -> None:
    """Link all files of distributions into a folder: whole packages where they have one owner."""
    for name in names:
        found = distribution(name)
        for inner in {_place_of_link(file) for file in _files(found)}:
            target = site_packages / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(Path(str(found.locate_file(inner))))


def _files(found: Distribution) -> Iterator[str]:
    """Yield the files beside the distribution, from its list; `files` asks the disk for each."""
    for row in csv.reader((found.read_text("RECORD") or "").splitlines()):
        if not row[0].startswith(("../", "/", "__pycache__/")):
            yield row[0]


def _place_of_link(file: str) -> str:
    """Return the uppermost folder of a file, or the file where several distributions share it."""
    first = file.partition("/")[0]
    return file if first in _shared() else first


@cache
def _shared() -> set[str]:
    tops = ({file.partition("/")[0] for file in _files(each)} for each in distributions())
    return {top for top, count in Counter(chain.from_iterable(tops)).items() if count > 1}


def write_scripts(names: Iterable[str], binaries: Path) -> None:
    """Write the programs of distributions, as pip does."""
    for name in names:
        for point in distribution(name).entry_points.select(group="console_scripts"):
            _write_script(point, binaries)


def _write_script(point: EntryPoint, binaries: Path) -> None:
    call = point.attr
    text = SCRIPT.format(
        python=binaries / "python", module=point.module, first=call.split(".")[0], call=call
    )
    path = binaries / point.name
    path.write_text(text)
    path.chmod(0o755)


def make_environment(requirements: Iterable[str], root: Path) -> Path:
    """Return the folder of programs of an environment, which is made once for a folder `root`."""
    names = sorted(closure(requirements))
    place = root / hashlib.sha256(" ".join(names).encode()).hexdigest()[:8]
    with FileLock(f"{place}.lock"):
        if not (place / "made").exists():
            venv.create(place, symlinks=True, clear=True)
            version = f"python{sys.version_info.major}.{sys.version_info.minor}"
            link(names, place / "lib" / version / "site-packages")
            write_scripts(names, place / "bin")
            (place / "made").touch()
    return place / "bin"
