"""Every code block of README.md and CONTRIBUTING.md runs; tests/readme_blocks.py says how.

A section starts in a fresh folder, which holds what the blocks may use from a clone of the project
(`example_datasets/`), with the `datagen` and `python` of this environment first on PATH.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sysconfig
from itertools import chain
from pathlib import Path

import pytest

from patience import patience
from readme_blocks import Block, Section, sections_of

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md"]


def sections(*, slurm: bool) -> list[Section]:
    """Return the sections in which a block needs Slurm, or the others."""
    pages = (sections_of((ROOT / name).read_text(), name) for name in PAGES)
    return [
        item
        for item in chain.from_iterable(pages)
        if slurm is any(block.needs == "slurm" for block in item.blocks)
    ]


def environment(folder: Path) -> dict[str, str]:
    """Return the variables that blocks see: ours first on PATH, and no settings of the person."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DATAGEN_")}
    path = os.pathsep.join([sysconfig.get_path("scripts"), ours["PATH"]])
    return ours | {"PATH": path, "HOME": str(folder), "COLUMNS": "100"}


def command_of(block: Block, folder: Path) -> list[str]:
    if block.language == "bash":
        return ["bash", "-euo", "pipefail", "-c", block.text]
    program = folder / f"line_{block.line}.py"
    program.write_text(block.text)
    return ["python", program.name]


def write_file(block: Block, folder: Path) -> None:
    path = folder / block.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text)


def run_program(block: Block, folder: Path) -> str:
    """Run a block; return what it prints, without its error stream."""
    done = subprocess.run(
        command_of(block, folder),
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=patience(240),
    )
    words = f"{block.page}, line {block.line}:\n{block.text}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, words
    return done.stdout


def check_output(block: Block, printed: str) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    same = doctest.OutputChecker().check_output(block.text, printed, flags)
    assert same, f"{block.page}, line {block.line} shows:\n{block.text}\nbut it is:\n{printed}"


def check_is_tested(block: Block) -> None:
    """Check that the file which a block names as its test holds every line of it."""
    text = (ROOT / block.tested_by).read_text()
    lines = [line.partition(" #")[0].strip() for line in block.text.splitlines()]
    missing = [line for line in lines if line not in text]
    assert not missing, f"{block.page}, line {block.line}: not in {block.tested_by}: {missing}"


def run_section(section: Section, folder: Path) -> None:
    printed = ""
    for block in section.blocks:
        if block.tested_by:
            check_is_tested(block)
        elif block.file_name:
            write_file(block, folder)
        elif block.language == "output":
            check_output(block, printed)
        elif block.language in {"bash", "python"} and block.needs != "internet":
            printed = run_program(block, folder)


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "example_datasets", tmp_path / "example_datasets")
    return tmp_path


@pytest.mark.timeout(900)
@pytest.mark.parametrize("section", sections(slurm=False), ids=lambda section: section.title)
def test_section_runs(section, folder):
    run_section(section, folder)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("section", sections(slurm=True), ids=lambda section: section.title)
def test_section_runs_on_slurm(section, folder, slurm):
    run_section(section, folder)


def first_section(page: str) -> Section:
    return sections_of(page)[0]


def test_blocks_of_a_section_share_a_folder(tmp_path):
    page = (
        "```python\n# code/answer.txt.py\nprint(40 + 2)\n```\n"
        "```bash\npython code/answer.txt.py > answer\n```\n"
        "```python\nprint('it is', open('answer').read())\n```\n"
        "```output\nit ... 42\n```\n"
    )

    run_section(first_section(page), tmp_path)


@pytest.mark.parametrize(
    "page",
    [
        "```bash\nfalse\ntrue\n```",
        "```bash\nfalse | true\n```",
        "```python\nraise SystemExit(3)\n```",
        "```bash\necho one\n```\n```output\ntwo\n```",
        "<!-- tested by: pyproject.toml -->\n```bash\nno such line # with a comment\n```",
    ],
)
def test_what_does_not_hold_fails(page, tmp_path):
    with pytest.raises(AssertionError, match=r"README\.md, line"):
        run_section(first_section(page), tmp_path)


def test_datagen_is_the_one_of_this_environment(tmp_path):
    page = "```bash\ncommand -v datagen\n```"

    printed = run_program(first_section(page).blocks[0], tmp_path)

    assert Path(printed.strip()).parent == Path(sysconfig.get_path("scripts"))


def test_commands_for_contributors_exist():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert {"venv", "test", "lint"} <= named
    assert named <= set(phony.split())
