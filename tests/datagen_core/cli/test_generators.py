"""`datagen generators`."""

from __future__ import annotations

from pathlib import Path

import pytest

import generators_for_tests
from distributions import install_menagerie

FILE = Path(generators_for_tests.__file__)
EXAMPLES = FILE.parents[1] / "example_datasets"
BROKEN = {
    "needy": "install no_such_module_anywhere", "absent": "name its module in the entry point",
    "torn": "SyntaxError", "misspelt": "unknown hook 'datagen_generatr'",
    "raising": "ZeroDivisionError", "renamed": "provides a generator named 'another'",
    "wrong": "returns 42 of type int", "empty": "returns None", "hookless": "has no hook",
    "unmarked": "write `@datagen_core.hookimpl`", "twice": "uninstall one of them",
}  # fmt: skip


def write_file(folder, body, arguments="size", declared=""):
    text = f"import datagen_core\n@datagen_core.generator({declared})\ndef walk({arguments}):\n"
    (folder / "generators.py").write_text(f"{text}    {body}\n    yield 1.0, 2\n")
    return folder


@pytest.fixture
def menagerie(tmp_path, monkeypatch):
    site = install_menagerie(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))


def test_generators_are_plugins_and_those_of_a_folder(run_cli):
    found = {
        row["name"]: row["origin"]
        for row in run_cli("generators", "--generators", EXAMPLES, "--json").json
    }

    assert found["image_partition"].startswith("datagen (")
    assert found["noisy_sine"] == str(EXAMPLES / "generators.py")


def test_a_broken_file_hides_no_plugin(run_cli, tmp_path):
    (tmp_path / "generators.py").write_text("1 / 0")
    answer = run_cli("generators", "--generators", tmp_path)

    assert answer.code == 0
    assert "warning" in answer.err
    assert "ZeroDivisionError" in answer.err
    assert "image_partition" in answer.out


def test_a_broken_file_is_a_failed_check(run_cli, tmp_path):
    (tmp_path / "generators.py").write_text("1 / 0")
    answer = run_cli("generators", "leaf_synthetic", "--check", "--generators", tmp_path)

    assert (answer.code, "leaf_synthetic" in answer.out) == (1, True)
    assert "ZeroDivisionError" in answer.err.splitlines()[0]
    assert answer.err.splitlines()[-1].endswith("not all generators are checked: see the warning")


def test_broken_plugins_are_a_line_each(run_cli, menagerie):
    answer = run_cli("generators", *BROKEN, "good", "leaf_synthetic", "--check", "--json")
    checks = {row["name"]: row for row in answer.json}

    assert answer.code == 1
    assert {n for n, row in checks.items() if row["state"] == "broken"} == set(BROKEN)
    assert {n for n, row in checks.items() if row["check"] == "yes"} == {"good", "leaf_synthetic"}
    for name, remedy in BROKEN.items():
        assert remedy in checks[name]["message"]
        assert "datagen-zoo" in checks[name]["message"]
        assert "\n" not in checks[name]["message"]
    assert (checks["good"]["distribution"], checks["good"]["version"]) == ("datagen-zoo", "1")


def test_what_needs_parameters_is_not_broken(run_cli):
    answer = run_cli("generators", "pate_votes", "--check")

    assert (answer.code, answer.out.split()[-1]) == (0, "needs")
    assert "pate_votes -n 1 -p decoder=VALUE" in answer.err


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("1 / 0", "its first batch: ZeroDivisionError: division by zero (generators.py, line 4)"),
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("yield 1.0, 'text'; yield 1.0, 2", "more than 1 samples"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_a_batch_that_cannot_be_made_is_one_line(run_cli, tmp_path, body, words):
    folder = write_file(tmp_path, body)
    answer = run_cli("generators", "walk", "--generators", folder, "--check")

    assert answer.code == 1
    assert "broken: walk: " in answer.err
    assert words in answer.err


def test_what_takes_too_long_is_not_broken(run_cli, tmp_path):
    folder = write_file(tmp_path, "import time; time.sleep(600)")
    answer = run_cli("generators", "walk", "--generators", folder, "--check", "--timeout", 3)

    assert answer.code == 0
    assert "slow: walk: no batch in 3 s with its defaults" in answer.err


def test_a_module_that_never_loads_is_broken(run_cli, tmp_path, monkeypatch):
    site = install_menagerie(tmp_path / "site")
    (site / "good_plugin.py").write_text("import time; time.sleep(600)")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    answer = run_cli("generators", "good", "--check", "--timeout", 3)

    assert answer.code == 1
    assert "while it is loaded, it takes more than 3 s" in answer.err


def test_a_draw_that_is_refused_is_not_a_defect(run_cli, tmp_path):
    folder = write_file(tmp_path, "raise datagen_core.RefusedSampleError('too hot')")

    assert run_cli("generators", "walk", "--generators", folder, "--check").code == 0


def test_an_unknown_name_is_guessed(run_cli):
    answer = run_cli("generators", "leaf_syntetic", "--check")

    assert answer.code == 2
    assert "did you mean 'leaf_synthetic'?" in answer.err
