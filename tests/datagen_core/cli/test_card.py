"""The commands `datagen card` and `datagen catalogue`."""

from __future__ import annotations

import json
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "example_datasets"


def test_a_card_is_written(filled, run_cli, tmp_path):
    done = run_cli("card", "count", "-o", tmp_path / "card.html")
    answer = run_cli("card", "sine", "-p", "0", "-o", tmp_path / "card.html", "--json")

    found = json.loads(answer.out)
    assert done.out.startswith(f"{tmp_path / 'card.html'}: count 0, ")
    assert found["bytes"] == (tmp_path / "card.html").stat().st_size < 30_000
    assert found["sections"][:3] == ["Parameters", "Splits", "Fields"]


def test_a_card_describes_parameters_where_the_code_is_trusted(
    generate_inline, run_cli, tmp_path, monkeypatch
):
    generate_inline("noisy_sine", "-n", "20", "--generators", EXAMPLES)
    run_cli("card", "noisy_sine", "-o", tmp_path / "card.html")
    known = (tmp_path / "card.html").read_text()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # of a user who has run nothing
    run_cli("card", "noisy_sine", "-o", tmp_path / "card.html")
    unknown = (tmp_path / "card.html").read_text()

    assert "float: Leftmost value of x." in known
    assert "Leftmost value" not in unknown
    assert "is not known: not trusted" in unknown


def test_a_croissant_document_names_the_files(filled, run_cli, tmp_path):
    run_cli("card", "sine", "-p", "0", "--croissant", tmp_path / "c.json", "--licence", "MIT")

    document = json.loads((tmp_path / "c.json").read_text())
    (file, _) = document["distribution"]
    assert (tmp_path / file["contentUrl"]).read_bytes()[:4] == b"\x89HDF"
    assert document["description"].startswith("Draw pairs from a noisy sine wave.")
    assert document["license"] == "MIT"


def test_damaged_samples_are_told_on_the_page_and_beside_it(filled, run_cli, tmp_path):
    for path in filled.paths.shards.iterdir():
        path.write_bytes(b"")

    done = run_cli("card", "sine", "-p", "0", "-o", tmp_path / "card.html")

    assert done.code == 0
    assert done.err.startswith("datagen: warning: sine 0: DamagedFileError: ")
    assert "Not looked at: DamagedFileError" in (tmp_path / "card.html").read_text()


def test_a_card_and_a_croissant_document_are_two_files(filled, run_cli, tmp_path):
    one = tmp_path / "card.html"
    answer = run_cli(
        "card", "count", "-o", one, "--croissant", tmp_path / ".." / one.parent.name / one.name
    )

    assert (answer.code, one.exists()) == (2, False)
    assert "name two files" in answer.err


def test_a_card_needs_a_place_and_one_set(filled, run_cli, tmp_path):
    nowhere = run_cli("card", "sine", "-p", "0")
    several = run_cli("card", "sine", "-o", tmp_path / "card.html")

    assert (nowhere.code, several.code) == (2, 2)
    assert "-o card.html" in nowhere.err
    assert not (tmp_path / "card.html").exists()


def test_a_licence_without_a_document_is_refused(filled, run_cli, tmp_path):
    page = tmp_path / "card.html"
    answer = run_cli("card", "sine", "-p", "0", "-o", page, "--licence", "MIT")

    assert (answer.code, page.exists()) == (2, False)
    assert "give --croissant, too" in answer.err


def test_a_catalogue_is_written(filled, run_cli, tmp_path):
    done = run_cli("catalogue", "-o", tmp_path / "all", "--json")

    path = str(tmp_path / "all" / "index.html")
    assert json.loads(done.out) == {"path": path, "sets": 3, "left_out": []}
