"""Views: rows regrouped into users, beside the samples and read like them."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datagen_core import Cache
from datagen_core.errors import CacheError, DamagedFileError, SelectionError
from view_parts import COUNT, MIXED, WHOLE, make, pairs, part, published, teams


@pytest.fixture
def team_set(cache):
    """Return 12 samples of 0, 1, 2, 3, 0, … rows in two shards."""
    return make(cache, teams)


def test_users_have_their_rows_in_the_order_of_the_view(team_set):
    users = published(team_set, train=MIXED)["train"]
    read = users.get()

    assert users.users == ["u", "nobody", "v"]
    assert [rows.tolist() for rows in read["y"]] == [[112, 20], [], [61]]
    assert read["x"][0].tolist() == [[112, -112], [20, -20]]


def test_fixed_fields_are_there_where_users_are_samples(team_set):
    view = published(team_set, train=WHOLE, test=MIXED)
    read = view["train"].get()

    assert read["name"].tolist() == ["t11", "t3"]
    assert read["at"].tolist() == [[11, 1], [3, 1]]
    assert list(view["test"].get()) == ["x", "y"]


def test_a_part_reads_like_a_split(team_set):
    users = published(team_set, train=WHOLE)["train"]

    assert len(users) == 2
    assert users[1]["y"].tolist() == [31]
    assert users[-2]["name"] == "t11"
    assert [one.tolist() for one in users[::-1]["y"]] == [[31], [112, 110]]
    assert users.take([1, 0, 1])["name"].tolist() == ["t3", "t11", "t3"]
    assert [user["name"] for user in users] == ["t11", "t3"]
    assert [len(batch["y"]) for batch in users.batches(1)] == [1, 1]
    assert users.get(1)["y"][0].tolist() == [112, 110]
    with pytest.raises(SelectionError, match="has 2 samples, not 3"):
        users.get(3)


def test_rows_are_flat_with_the_place_of_their_user(team_set):
    rows = published(team_set, train=MIXED)["train"].rows("y")

    assert rows["sample"].tolist() == [0, 0, 2]
    assert rows["y"].tolist() == [112, 20, 61]


def test_lengths_and_origins_are_known_without_reading_rows(team_set):
    users = published(team_set, train=MIXED)["train"]
    sample, row = users.origins

    assert users.lengths().tolist() == users.lengths("y").tolist() == [2, 0, 1]
    assert [one.tolist() for one in sample] == [[11, 2], [], [6]]
    assert [one.tolist() for one in row] == [[2, 0], [], [1]]
    with pytest.raises(SelectionError, match="no field 'z'"):
        users.lengths("z")


def test_samples_know_their_lengths_too(team_set):
    assert team_set.samples.lengths().tolist() == [index % 4 for index in range(COUNT)]
    assert team_set["raw"].lengths("y").tolist() == team_set.samples.lengths("x").tolist()
    with pytest.raises(SelectionError, match="no ragged field 'name'"):
        team_set.samples.lengths("name")


def test_pairs_stay_pairs_and_others_do_not_become_some(cache, team_set):
    pair_set = make(cache, pairs, (12,))
    x, y = published(pair_set, train=MIXED)["train"][0]

    assert (x.tolist(), y.tolist()) == ([112.0, 20.0], [11, 2])
    assert list(published(team_set, train=MIXED)["train"][0]) == ["x", "y"]


def test_fields_in_another_order_are_no_pair(cache):
    train = published(make(cache, pairs, (12,)), train=MIXED)["train"]
    chosen = train.only("y", "x")
    x, y = train[0]

    assert list(chosen[0]) == ["y", "x"]
    assert chosen[0]["x"].tolist() == x.tolist()
    assert chosen[0]["y"].tolist() == y.tolist()


def test_views_work_with_torch(cache):
    torch = pytest.importorskip("torch")
    columns = part(a=[(11, 2), (11, 0)], b=[(3, 0)])
    users = published(make(cache, pairs, (12,)), train=columns)["train"].as_torch()
    loader = torch.utils.data.DataLoader(users, batch_size=None, num_workers=0)

    assert [y.tolist() for _, y in loader] == [[11, 11], [3]]


def test_a_pickled_part_reads_the_same(team_set):
    users = published(team_set, train=WHOLE)["train"]
    _ = users.get(), users.users
    copy = pickle.loads(pickle.dumps(users))

    assert len(pickle.dumps(users)) < 4000
    assert copy.users == users.users
    assert copy.get()["y"].values.tolist() == users.get()["y"].values.tolist()


def test_an_unknown_part_is_said(team_set):
    with pytest.raises(SelectionError, match="no part 'dev'; it has train, test"):
        published(team_set, train=WHOLE, test=WHOLE)["dev"]


def test_parents_are_found_by_their_digest(team_set):
    first = published(team_set, name="first", recipe={"n": 1}, data=WHOLE)
    second = published(team_set, name="second", recipe={"parent": first.digest}, train=WHOLE)

    assert second.parent.full_name == first.full_name
    assert first.parent is None


@pytest.mark.parametrize("rows", [[(99, 0)], [(3, 3)], [(0, 0)], [(3, -1)]])
def test_a_row_that_does_not_exist_is_an_error(team_set, rows):
    users = published(team_set, train=part(a=[(5, 0)], b=rows))["train"]

    with pytest.raises(DamagedFileError, match="is in no file"):
        users.get()


def test_compacted_samples_are_read_by_the_same_view(team_set, run_cli):
    users = published(team_set, train=MIXED)["train"]
    before = users.get()["y"].values.tolist()
    run_cli("compact", "teams", "--grace", "0")

    assert users.get()["y"].values.tolist() == before
    assert (
        Cache(team_set.paths.root.parents[1])["teams"][0]
        .view("mine")["train"]
        .get()["y"]
        .values.tolist()
        == before
    )


def test_a_part_with_rows_of_excluded_samples_is_refused(team_set):
    first = published(team_set, name="first", recipe={"keep": 1.0, "seed": 7}, data=MIXED)
    recipe = {"parent": first.digest, "by": "hand"}
    view = published(team_set, recipe=recipe, train=MIXED, test=WHOLE)
    team_set.exclude([2, 6], "bad")

    assert view["test"].users == ["b", "a"]  # has none of them
    with pytest.raises(CacheError) as caught:
        view.get("train")
    assert str(caught.value) == (
        f"view {view.full_name} of teams 0 has rows of samples 2, 6, which are excluded; make it "
        "anew, without them, by its recipe: keep=1 seed=7, then by=hand"
    )


def test_a_view_of_excluded_samples_is_not_published(team_set):
    team_set.exclude([5, 11], "bad")

    with pytest.raises(CacheError, match="'train' of mine has rows of samples 11, which are"):
        published(team_set, train=MIXED)
    assert team_set.views == []


def test_a_part_that_was_read_before_keeps_its_rows(team_set):
    users = published(team_set, train=MIXED)["train"]
    team_set.exclude([2], "bad")
    copy = pickle.loads(pickle.dumps(users))

    assert copy.get()["y"].values.tolist() == users.get()["y"].values.tolist() == [112, 20, 61]


def test_views_show_what_they_are(team_set):
    view = published(team_set, train=WHOLE, test=MIXED)

    assert repr(view) == f"<View {view.full_name} of teams 0: train 2 users, test 3 users>"
    assert "mine" in view._repr_html_()
    assert dict(view).keys() == {"train", "test"}
    assert "train: 2 samples" in repr(view["train"])


def test_show_lists_views(team_set, run_cli):
    view = published(team_set, train=WHOLE)
    shown = json.loads(run_cli("show", "teams", "-p", "0", "--json").out)

    assert shown["views"] == [view.full_name]


places = st.sampled_from([(i, row) for i in range(COUNT) for row in range(i % 4)])


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(places, max_size=5), min_size=1, max_size=6))
def test_any_rows_are_read_as_they_are(team_set, users):
    named = {f"u{place}": rows for place, rows in enumerate(users)}
    read = published(team_set, recipe={"users": users}, data=part(**named))["data"].get()

    assert [one.tolist() for one in read["y"]] == [
        [10 * i + row for i, row in one] for one in users
    ]
