"""`datagen generators`."""

from __future__ import annotations

from pathlib import Path

import generators_for_tests
from distributions import install_menagerie

FILE = Path(generators_for_tests.__file__)
EXAMPLES = FILE.parents[1] / "example_datasets"


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


def test_broken_plugins_are_a_line_each(run_cli, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(install_menagerie(tmp_path / "site"))
    checks = {row["name"]: row["check"] for row in run_cli("generators", "--check", "--json").json}

    assert checks["good"] == "yes"
    assert checks["image_partition"] == "yes"
    broken = {name for name, verdict in checks.items() if verdict != "yes"}
    assert broken == {"needy", "absent", "torn", "misspelt", "raising", "renamed", "wrong",
                      "hookless", "twice"}  # fmt: skip
    assert all("\n" not in verdict for verdict in checks.values())
