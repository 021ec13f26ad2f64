"""Views on disk: found by name and digest, side by side, published whole."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_core import Ragged
from datagen_core.errors import CacheError, ConfigurationError, SchemaError, SelectionError
from view_parts import COUNT, MIXED, WHOLE, make, part, published, ragged, teams


@pytest.fixture
def team_set(cache):
    """Return 12 samples of 0, 1, 2, 3, 0, … rows in two shards."""
    return make(cache, teams)


def test_views_lie_side_by_side_and_leave_the_ledger_alone(team_set):
    published(team_set, train=WHOLE)
    published(team_set, recipe={"made": "again"}, train=MIXED, test=WHOLE)

    assert len(team_set.views) == 2
    assert list(team_set.paths.splits.glob("*")) == []
    assert team_set.counts == {"raw": COUNT}


def test_the_same_recipe_is_the_same_view(team_set):
    first = published(team_set, recipe={"a": 1, "b": 2.0}, train=WHOLE)
    files = {path: path.read_bytes() for path in team_set.paths.views.rglob("*.*")}
    second = published(team_set, recipe={"b": 2.0, "a": 1}, train=WHOLE)

    assert first.digest == second.digest
    assert {path: path.read_bytes() for path in team_set.paths.views.rglob("*.*")} == files


def test_a_view_is_found_by_name_by_digest_and_by_the_beginning_of_it(team_set):
    view = published(team_set, name="niid_0", train=WHOLE)
    published(team_set, name="niid_0_keep_5", train=WHOLE)

    for wanted in ("niid_0", view.full_name, view.full_name[:-5], f"niid_0-{view.digest[:3]}"):
        assert team_set.view(wanted).full_name == view.full_name
    with pytest.raises(SelectionError, match="several"):  # both have one recipe
        team_set.view(view.digest)


def test_an_ambiguous_name_lists_what_it_could_mean(team_set):
    views = [published(team_set, recipe={"seed": seed}, train=WHOLE) for seed in (1, 2)]

    with pytest.raises(SelectionError, match="several views match 'mine'") as caught:
        team_set.view("mine")
    assert all(view.full_name in str(caught.value) for view in views)
    assert team_set.view(views[1].digest).recipe == {"seed": 2}


@pytest.mark.parametrize("wanted", ["other", "", "mine-", "min", "abc"])
def test_an_unknown_name_lists_what_there_is(team_set, wanted):
    published(team_set, train=WHOLE)
    if wanted == "mine-":  # the beginning of its full name
        assert team_set.view(wanted).name == "mine"
        return
    with pytest.raises(SelectionError, match=f"no view matches '{wanted}' .* there is mine-"):
        team_set.view(wanted)


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (part(), SelectionError, "'train' of mine has no users"),
        ({"users": ["a"], "sample": ragged([[1]])}, SchemaError, "fields"),
        ({**WHOLE, "users": ["a"]}, SchemaError, "first dimension"),
        ({**WHOLE, "row": Ragged(np.array([0.5, 1, 2]), np.array([0, 2, 3]))}, SchemaError, "row"),
        ({**WHOLE, "row": ragged([[1], [2, 0]])}, SchemaError, "as many rows as samples"),
    ],
)
def test_a_part_that_is_none_is_refused(team_set, columns, error, message):
    with pytest.raises(error, match=message):
        published(team_set, train=columns)
    assert team_set.views == []


def test_names_are_file_names(team_set):
    with pytest.raises(ConfigurationError, match="not a view name"):
        published(team_set, name="../x", train=WHOLE)


def test_a_view_without_its_document_does_not_exist(team_set):
    view = published(team_set, train=WHOLE)
    (team_set.paths.views / view.full_name / "view.json").unlink()

    assert team_set.views == []
    assert published(team_set, train=WHOLE).full_name in team_set.views


def test_a_folder_of_another_recipe_is_not_taken_over(team_set):
    view = published(team_set, train=WHOLE)
    document = team_set.paths.views / view.full_name / "view.json"
    other = published(team_set, name="other", recipe={"n": 2}, train=WHOLE)
    document.write_bytes((document.parents[1] / other.full_name / "view.json").read_bytes())

    with pytest.raises(CacheError, match="belongs to another recipe"):
        published(team_set, train=WHOLE)


def test_verify_reads_every_part(team_set, run_cli):
    view = published(team_set, train=WHOLE, test=MIXED)
    assert run_cli("verify", "teams").out == "teams 0: 3 files, 0 samples made anew: good\n"
    (file,) = (team_set.paths.views / view.full_name / "test").iterdir()
    file.write_bytes(file.read_bytes().replace((11).to_bytes(8, "little"), bytes(8)))

    assert "checksum does not match" in run_cli("verify", "teams").err
