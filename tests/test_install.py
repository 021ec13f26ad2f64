"""What people install: the wheel, an environment of its own without torch, and the pinned versions.

Lines that README.md shows for installing are here, word for word: it names this file.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
NOT_COPIED = shutil.ignore_patterns(".*", "demo", "build", "dist", "__pycache__")

pytestmark = pytest.mark.timeout(900)


def run(*command: str | Path, folder: Path) -> str:
    """Run a command; return what it prints."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def in_shell(binaries: Path, line: str, folder: Path) -> str:
    """Run a line of README.md in a shell that finds the programs of an environment first."""
    return run("bash", "-euc", f"PATH={binaries}:$PATH; {line}", folder=folder)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the project, since building must neither find nor leave anything in it."""
    copy = tmp_path_factory.mktemp("clone") / "datagen"
    return shutil.copytree(ROOT, copy, ignore=NOT_COPIED)


@pytest.fixture(scope="module")
def binaries(checkout, tmp_path_factory):
    """The folder of programs of a fresh environment with datagen, installed as README.md says."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=True, symlinks=True)
    in_shell(place / "bin", "pip install -c constraints.txt .", folder=checkout)
    return place / "bin"


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["--help", "generators", "list --cache empty"])
def test_installed_command_works(arguments, binaries, tmp_path):
    in_shell(binaries, f"datagen {arguments}", folder=tmp_path)


@pytest.mark.slow
def test_torch_is_not_installed(binaries, tmp_path):
    installed = run(binaries / "pip", "freeze", folder=tmp_path)

    assert "datagen" in installed
    assert "torch" not in installed


@pytest.mark.slow
def test_third_party_distribution_works(binaries, checkout, tmp_path):
    in_shell(binaries, "pip install ./example_datasets/noisy_sine", folder=checkout)
    generate = "datagen generate noisy_sine -n 100 --executor inline --cache cache"
    in_shell(binaries, generate, folder=tmp_path)

    assert "noisy_sine" in in_shell(binaries, "datagen generators", folder=tmp_path)
    assert "noisy_sine" in in_shell(binaries, "datagen list --cache cache", folder=tmp_path)


@pytest.mark.slow
def test_wheel_holds_the_packages_and_nothing_else(binaries, checkout, tmp_path):
    run(binaries / "pip", "wheel", "--no-deps", "-w", tmp_path, ".", folder=checkout)
    (wheel,) = tmp_path.glob("*.whl")
    files = [Path(name) for name in zipfile.ZipFile(wheel).namelist()]

    packages = {Path(name).name for name in packages_of(checkout)}
    assert {path.parts[0] for path in files} == packages | {"datagen-0.1.0.dist-info"}
    code = [path for path in files if path.parts[0] in packages]
    others = [path for path in code if path.suffix not in {".py", ".html"}]  # pages are templates
    template = {path.name for path in others if "template" in path.parts}  # of `datagen new`
    assert template == {"README.md", "gitignore", "pyproject.toml"}
    pages = {"page.css", "fragment.css", "search.js"}
    assert {path.name for path in others} == {"py.typed", *pages, *template}


def packages_of(checkout: Path) -> list[str]:
    tool = tomllib.loads((checkout / "pyproject.toml").read_text())["tool"]
    return tool["hatch"]["build"]["targets"]["wheel"]["packages"]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonical(name): version for name, version in pairs}


def requirements_of(name: str) -> list[str]:
    """Return the names that a distribution needs, without extras that nobody asked for."""
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []  # needed by another platform only
    every = name == "datagen"
    needed = [line for line in lines if every or "extra ==" not in line]
    return [canonical(re.match(r"[\w.-]+", line)[0]) for line in needed]


def test_constraints_pin_what_is_installed(pins):
    names = ["datagen"]
    for name in names:
        names.extend(new for new in set(requirements_of(name)) if new not in names)
    installed = {
        canonical(distribution.name): distribution.version.partition("+")[0]
        for distribution in importlib.metadata.distributions()
    }

    needed = {name: installed[name] for name in names if name in installed and name != "datagen"}
    assert needed.items() <= pins.items()


def test_constraints_are_exact_and_of_no_variant(pins):
    assert all(re.fullmatch(r"[\d.]+((b|\.post)\d+)?", version) for version in pins.values())


def test_citation_says_what_the_project_says():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())

    assert {"authors", "cff-version", "message", "title"} <= set(citation)
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert citation["authors"] == project["authors"]
    assert citation["repository-code"] == project["urls"]["Homepage"]
    assert citation["url"] == project["urls"]["Documentation"]
