"""What counts as code before anything of it has run: the static closure of a file."""

import os
import sys
import zipfile
from pathlib import Path

import pytest

from datagen_core.errors import GeneratorError
from datagen_core.files import MOST_BYTES
from datagen_core.generators.closure import fingerprint_file, fingerprint_shadows

MAIN = """
import json
import numpy
import helper
from pkg.deep import mod

def walk():
    import lazy
    from pkg.ns.m import x
    from importlib import import_module
    import_module("looked_up")
    if False:
        from starred import *
"""
FILES = {
    "main.py": MAIN,
    "helper.py": "import second\n",
    "second.py": "x = 1\n",
    "lazy.py": "",
    "looked_up.py": "",
    "pkg/__init__.py": "",
    "pkg/deep/__init__.py": "from . import sister\nfrom ..cousin import y\n",
    "pkg/deep/mod.py": "",
    "pkg/deep/sister.py": "",
    "pkg/cousin.py": "y = 1\n",
    "pkg/ns/m.py": "x = 1\n",
    "starred/__init__.py": "__all__ = ['part']\n",
    "starred/part.py": "",
}


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    for name, text in {**FILES, "unrelated.py": "", "notes.txt": ""}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def read(folder, *folders):
    return fingerprint_file(folder / "main.py", map(str, folders))


@pytest.mark.parametrize("name", FILES)
def test_what_is_imported_anywhere_counts(project, name):
    before = read(project)
    (project / name).write_text(f"{FILES[name]}\n# edited\n")

    assert read(project) != before


@pytest.mark.parametrize("name", ["unrelated.py", "notes.txt"])
def test_what_is_not_imported_does_not(project, name):
    before = read(project)
    (project / name).write_text("edited = 1\n")

    assert read(project) == before


@pytest.mark.parametrize("name", ["helper/__init__.py", "helper.abi3.so", "pkg/ns.py", "numpy.py"])
def test_a_file_that_stands_in_for_a_module_counts(project, name):
    before = read(project)
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("")

    assert read(project) != before


def test_nothing_is_executed(project):
    for name, text in FILES.items():
        (project / name).write_text(f"{text}\nraise SystemExit\n")
    before = set(sys.modules)

    assert len(read(project)) == 64
    assert set(sys.modules) == before


def test_a_module_counts_in_every_folder_that_is_searched(project, tmp_path):
    (tmp_path / "lib").mkdir()
    before = read(project, tmp_path / "lib")
    (tmp_path / "lib" / "second.py").write_text("x = 2\n")

    assert before == read(project)
    assert read(project, tmp_path / "lib") != before


def test_an_archive_of_modules_counts(project, tmp_path):
    archive = tmp_path / "lib.zip"
    found = set()
    for text in "12":
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("second.py", text)
        found.add(read(project, archive))

    assert len(found) == 2


def test_a_folder_is_not_installed_by_its_name(project, tmp_path):
    site = tmp_path / "site-packages"
    (site / "datagen_core").mkdir(parents=True)
    before = read(project, site)
    (site / "helper.py").write_text("")

    assert read(project, site) != before


def test_byte_code_of_another_user_counts_where_it_would_run(project):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    before = read(project)
    state = (project / "helper.py").stat()
    times = [int(state.st_mtime), state.st_size]
    told = b"".join(each.to_bytes(4, "little") for each in times)
    kept = project / "__pycache__" / f"helper.{sys.implementation.cache_tag}.pyc"
    kept.parent.mkdir()
    kept.write_bytes(bytes(8) + told + b"other code")

    assert read(project) == before  # this user's own
    os.chown(kept, 2001, 2001)
    assert read(project) != before


@pytest.mark.parametrize("text", ["def", "\0", "(" * 5000, "# -*- coding: nonsense -*-\n", "'\\d'"])
def test_a_file_that_is_no_python_counts_as_it_is(project, text):
    (project / "helper.py").write_text(text)

    assert len(read(project)) == 64


def test_modules_in_front_of_installed_ones_are_seen(project):
    assert fingerprint_shadows([str(project)]) == ""

    (project / "json.py").write_text("import second\n")
    first = fingerprint_shadows([str(project)])
    (project / "second.py").write_text("x = 3\n")
    assert len({"", first, fingerprint_shadows([str(project)])}) == 3


@pytest.mark.parametrize(
    "name", ["sitecustomize.py", "numpy/__init__.py", "datagen_core/errors.py"]
)
def test_modules_that_are_always_loaded_are_seen(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    (tmp_path / name).with_name("__init__.py").touch()

    assert fingerprint_shadows([str(tmp_path)])


def test_a_folder_without_modules_is_no_module(tmp_path):
    (tmp_path / "numpy").mkdir()

    assert fingerprint_shadows([str(tmp_path), str(tmp_path / "missing")]) == ""


def foreign_byte_code(project):
    """Return where byte code of a module of the project lies; what lies there is a stranger's."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    kept = project / "__pycache__" / f"helper.{sys.implementation.cache_tag}.pyc"
    kept.parent.mkdir()
    return kept


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, os.mkfifo])
def test_what_is_in_place_of_byte_code_is_passed_over(project, make):
    before, kept = read(project), foreign_byte_code(project)
    make(kept)
    os.chown(kept, 2001, 2001)

    assert read(project) == before


def test_a_link_to_this_users_byte_code_is_somebody_elses_choice(project):
    before, kept = read(project), foreign_byte_code(project)
    (project / "own.pyc").write_bytes(bytes(4) + b"\1" + bytes(11) + b"code of another module")
    kept.symlink_to(project / "own.pyc")

    assert read(project) != before


def test_byte_code_for_an_optimized_job_counts(project):
    before, kept = read(project), foreign_byte_code(project)
    optimized = kept.with_suffix(".opt-1.pyc")
    optimized.write_bytes(bytes(4) + b"\1" + bytes(11) + b"code of another module")
    os.chown(optimized, 2001, 2001)

    assert read(project) != before


def test_a_module_too_large_to_be_looked_at_is_refused(project):
    os.truncate(project / "helper.py", MOST_BYTES + 1)

    with pytest.raises(GeneratorError, match="is larger than any module can be"):
        read(project)


def test_a_way_out_of_an_installed_folder_leads_to_no_installed_one(project):
    installed = Path(pytest.__file__).parents[1]
    way = os.path.relpath(project, installed.resolve())
    inside, outside = read(project.parent / "x"), project.parent / "x" / "main.py"
    outside.parent.mkdir(exist_ok=True)
    outside.write_text("import helper\n")

    assert fingerprint_file(outside, [f"{installed.resolve()}/{way}"]) != inside
