"""Every code block of README.md, CONTRIBUTING.md and docs/ runs; tests/readme_blocks.py says how.

A section starts in a fresh folder, which holds what the blocks may use from a clone of the project
(`example_datasets/`), in an environment with what its page tells to install, and nothing else
(tests/page_environments.py).
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

from page_environments import make_environment
from patience import patience
from readme_blocks import Block, Section, installed_by, sections_of

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
}
NOT_OURS = ("DATAGEN_", "PYTHON", "VIRTUAL_ENV", "XDG_")


def sections(*, slurm: bool) -> list[Section]:
    """Return the sections in which a block needs Slurm, or the others."""
    pages = (sections_of(page, name) for name, page in PAGES.items())
    return [
        item
        for item in chain.from_iterable(pages)
        if slurm is any(block.needs == "slurm" for block in item.blocks)
    ]


def name_of(section: Section) -> str:
    """Return the name of a section's test: its page and its heading."""
    return f"{section.blocks[0].page.removesuffix('.md')} {section.title}".strip()


def environment(folder: Path, binaries: Path) -> dict[str, str]:
    """Return the variables that blocks see: `binaries` on PATH, and no settings of the person."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
    ours = Path(sysconfig.get_path("scripts"))
    others = [place for place in kept["PATH"].split(os.pathsep) if Path(place) != ours]
    path = os.pathsep.join([str(binaries), *others])
    # Blocks edit code faster than people, and Python tells versions of a file apart by the second.
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept | {"PATH": path, "HOME": str(folder), "COLUMNS": "100"}


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


def run_program(block: Block, folder: Path, binaries: Path) -> str:
    """Run a block; return what it prints, without its error stream."""
    done = subprocess.run(
        command_of(block, folder),
        cwd=folder,
        env=environment(folder, binaries),
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


def run_section(section: Section, folder: Path, binaries: Path) -> None:
    printed = ""
    for block in section.blocks:
        if block.tested_by:
            check_is_tested(block)
        elif block.file_name:
            write_file(block, folder)
        elif block.language == "output":
            check_output(block, printed)
        elif block.language in {"bash", "python"} and block.needs in {"", "slurm"}:
            printed = run_program(block, folder, binaries)


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "example_datasets", tmp_path / "example_datasets")
    return tmp_path


@pytest.fixture(scope="session")
def environments(tmp_path_factory):
    """The folder of environments, which all processes of pytest-xdist share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "environments"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def binaries(request, environments):
    """The programs of an environment with the packages of the test's section, if it has one."""
    section = getattr(request.node, "callspec", None) and request.node.callspec.params["section"]
    return make_environment(section.packages if section else ["datagen"], environments)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("section", sections(slurm=False), ids=name_of)
def test_section_runs(section, folder, binaries):
    run_section(section, folder, binaries)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("section", sections(slurm=True), ids=name_of)
def test_section_runs_on_slurm(section, folder, binaries, slurm):
    run_section(section, folder, binaries)


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if installed_by(page)])
def test_page_says_what_to_install(name):
    values = installed_by(PAGES[name])
    words = PAGES[name].partition("\n\n")[2]
    named = [*values.get("extras", []), *values.get("packages", [])]

    assert set(values) <= {"extras", "packages"}
    assert [each for each in named if not re.search(rf"\b{each}\b", words)] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/README.md"])
def test_links_to_files_lead_somewhere(name):
    """Sphinx checks those of the other pages."""
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", PAGES[name])

    assert [each for each in links if not (ROOT / name).parent.joinpath(each).exists()] == []


def first_section(page: str) -> Section:
    return sections_of(page)[0]


def test_blocks_of_a_section_share_a_folder(tmp_path, binaries):
    page = (
        "```python\n# code/answer.txt.py\nprint(40 + 2)\n```\n"
        "```bash\npython code/answer.txt.py > answer\n```\n"
        "```python\nprint('it is', open('answer').read())\n```\n"
        "```output\nit ... 42\n```\n"
    )

    run_section(first_section(page), tmp_path, binaries)


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
def test_what_does_not_hold_fails(page, tmp_path, environments):
    with pytest.raises(AssertionError, match=r"README\.md, line"):
        run_section(first_section(page), tmp_path, make_environment(["datagen"], environments))


def test_programs_are_those_of_the_environment(tmp_path, binaries):
    page = "```bash\ncommand -v datagen python\n```"

    printed = run_program(first_section(page).blocks[0], tmp_path, binaries)

    assert [Path(line).parent for line in printed.splitlines()] == [binaries, binaries]


IMPORTS = "```python\nimport {}\n```"


def test_what_a_page_does_not_tell_to_install_is_missing(tmp_path, binaries):
    with pytest.raises(AssertionError, match="No module named 'matplotlib'"):
        run_section(first_section(IMPORTS.format("matplotlib")), tmp_path, binaries)


def test_what_a_page_tells_to_install_is_there(tmp_path, environments):
    page = "<!-- installed: {extras: [plots], packages: [mlxtend]} -->\n"
    section = first_section(page + IMPORTS.format("matplotlib, mlxtend, datagen_core"))

    run_section(section, tmp_path, make_environment(section.packages, environments))


def test_commands_for_contributors_exist():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert {"venv", "test", "lint"} <= named
    assert named <= set(phony.split())
