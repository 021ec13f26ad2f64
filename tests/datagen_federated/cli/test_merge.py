"""`datagen federated merge`."""

import json

import pytest
from click.testing import CliRunner

from datagen_core import DatagenError
from datagen_federated.cli import federated


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, score in (("a", 0.5), ("b", 0.75)):
        text = f"run_id,round,client_id,accuracy\nr,1,client_1,{score}\nr,2,client_1,{name}\n"
        (tmp_path / f"{name}.csv").write_text(text)

    def call_merge(*words):
        return CliRunner().invoke(federated, ["merge", *words, "--output", "merged.csv"])

    return call_merge


def test_it_says_what_it_wrote(call, tmp_path):
    assert call("*.csv").output == "merged.csv: 4 rows of 2 files, 5 columns\n"
    assert (tmp_path / "merged.csv").read_text().endswith("r,2,client_1,b,4\n")


def test_conflicts_are_a_warning(call):
    done = call("[ab].csv", "a.csv", "--dedupe")

    assert done.stdout == "merged.csv: 2 rows of 2 files, 5 columns; 2 rows left out\n"
    assert done.stderr.startswith("datagen: warning: 1 of the rows left out differ from those kept")


def test_it_says_so_in_json(call):
    done = call("a.csv", "--id-col", "n", "--start-id", "7", "--json")

    assert json.loads(done.stdout) == {
        "output": "merged.csv", "files": 1, "rows": 2, "columns": 5, "dropped": 0, "conflicts": 0,
    }  # fmt: skip


def test_an_output_among_the_inputs_needs_force(call):
    call("*.csv")
    refused = call("*.csv")

    assert isinstance(refused.exception, DatagenError)
    assert refused.exception.exit_code == 2
    assert call("*.csv", "--dedupe", "--force").stdout.startswith("merged.csv: 2 rows of 3 files")


def test_help_shows_examples_line_by_line(call):
    text = CliRunner().invoke(federated, ["merge", "--help"]).output

    assert "  datagen federated merge clients.csv more.csv --output merged.csv\n" in text
