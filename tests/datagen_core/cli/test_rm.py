"""`datagen rm`."""

from __future__ import annotations

import os

import pytest

from datagen_core import Cache, ParamSet, generate, generator
from datagen_core.errors import RemovedSetError
from datagen_core.ranges import IntervalSet
from datagen_core.store.open_folders import Folder
from datagen_core.store.reservations import reserve
from datagen_core.store.sets import remove_set
from demands import more, plan_for
from generators_for_tests import count, sine


def test_a_set_is_removed_for_good(run_cli, made, cache):
    answer = run_cli("rm", "sine", "-y")

    assert (answer.code, answer.out) == (0, "removed sine 0\n")
    assert list(Cache(cache)) == []
    assert list(cache.rglob("*.h5")) == []


@pytest.mark.parametrize("words", [["-p", "0"], ["-p", "left=0"], ["-p", "left=*"]])
def test_where_no_set_is_left_there_is_none_yet(run_cli, made, words):
    run_cli("rm", "sine", "-y")
    answer = run_cli("rm", "sine", "-y", *words)

    assert answer.code == 2
    assert "there is no parameter set yet; `datagen generate` makes one" in answer.err
    assert "sine has no parameter set\n" in run_cli("rm", "sine", "-y", "--all-sets").err


@pytest.mark.parametrize(("typed", "left"), [("y\n", 0), ("n\n", 1)])
def test_a_removal_is_confirmed(run_cli, made, cache, type_in, typed, left):
    type_in(typed)
    answer = run_cli("rm", "sine")

    assert "Remove sine 0 (defaults; raw 30) for good?" in answer.err
    assert answer.err.endswith("datagen: nothing was removed\n") == bool(left)
    assert answer.code == left
    assert len(Cache(cache)) == left


def test_after_the_last_set_its_data_set_has_none(run_cli, made, cache):
    generate(count, 5, executor="inline", cache=cache)
    run_cli("rm", "sine", "-y")

    assert run_cli("list", "sine").out == (
        f"sine has no parameter sets; {cache} has those of count; `datagen generators` lists what "
        "can be made\n"
    )
    run_cli("rm", "count", "-y")
    assert run_cli("list", "sine").out.startswith(f"{cache} is empty; ")


def test_a_removed_set_can_be_begun_again(run_cli, made, cache):
    digest = made.record.digest
    for _ in range(2):
        run_cli("rm", "sine", "-y")
        again = generate(sine, 5, executor="inline", cache=cache)

    assert (again.number, again.record.digest, again.counts) == (0, digest, {"raw": 5})


def test_a_removal_that_is_killed_leaves_no_half_set(run_cli, made, cache, monkeypatch):
    def die(self, name):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "remove", die)
        assert run_cli("rm", "sine", "-y").code == 130
    assert list(Cache(cache)) == []
    (grave,) = made.paths.temporary.iterdir()
    assert (grave / "params.json").exists()

    assert "was removed" not in run_cli("list").err
    generate(sine, 5, executor="inline", cache=cache)
    assert not grave.exists() or grave.name.split("~")[2] == str(os.getpid())  # ours, so alive


def test_a_set_is_removed_once(made):
    remove_set(made.paths)

    with pytest.raises(RemovedSetError, match=r"was removed; see which sets are left: datagen li"):
        remove_set(made.paths)


def test_a_set_that_another_process_removes_at_this_moment_was_removed(run_cli, made, monkeypatch):
    def vanish(paths, look):
        remove_set(paths)
        raise FileNotFoundError(2, "No such file or directory", str(paths.run(0).plan(0)))

    monkeypatch.setattr("datagen_core.upkeep.removal.statuses", vanish)
    answer = run_cli("rm", "sine", "-y")

    assert answer.code == 1
    assert "was removed; see which sets are left" in answer.err


@pytest.mark.parametrize(
    "ask",
    [
        lambda made: made.existing,
        lambda made: made["train"],
        lambda made: made.samples.get(),
        lambda made: ParamSet(made.paths, 0).params,
    ],
)
def test_who_reads_a_removed_set_is_told(made, ask):
    remove_set(made.paths)

    with pytest.raises(RemovedSetError):
        ask(made)


def test_samples_that_were_opened_before_say_so_too(made):
    samples = made.samples
    remove_set(made.paths)

    with pytest.raises(RemovedSetError):
        samples.get()


def test_a_map_outlives_its_set(made):
    samples = made.samples
    x, _ = samples.get(copy=False)
    expected = x.copy()
    remove_set(made.paths)

    assert (x == expected).all()


def test_a_set_is_not_removed_under_a_live_run(run_cli, made, monkeypatch):
    found = {}

    @generator(batch_size=5)
    def removed(params, size, rng):
        found["answer"] = run_cli("rm", "removed", "-y")
        yield from ({"x": float(each)} for each in range(size))

    again = generate(removed, 5, executor="inline", cache=made.paths.root.parent.parent)

    assert found["answer"].code == 1
    assert "removed 0 has runs that are alive; end them first, or wait" in found["answer"].err
    assert len(again.existing) == 5


def test_a_set_that_is_removed_under_a_run_stays_removed(made, cache):
    @generator(batch_size=5)
    def removed(params, size, rng):
        for each in Cache(cache)["removed"].values():
            remove_set(each.paths)
        yield from ({"x": float(each)} for each in range(size))

    with pytest.raises(RemovedSetError, match=r"removed/.* was removed"):
        generate(removed, 5, executor="inline", cache=cache)
    assert {each.name for each in (cache / "removed").iterdir()} <= {"code", "numbers", "tmp"}


def test_a_run_of_an_executor_that_is_gone_keeps_no_set(run_cli, made):
    run = made.paths.run(0)
    record = reserve(made.paths, more(10), "sine", {"executor": "gone"})
    plan_for(made.paths.run(record.number), record.id, "gone", (IntervalSet([(30, 40)]),), 30)
    assert not run.journal(1, 0).exists()

    assert run_cli("rm", "sine", "-y").out == "removed sine 0\n"


def test_a_removal_that_was_interrupted_stands_in_nobodys_way(run_cli, made):
    grave = made.paths.root.with_name(f".removed-0123abcd-{made.paths.root.name}")
    (grave / "shards").mkdir(parents=True)

    assert run_cli("rm", "sine", "-y").code == 0
    assert not grave.exists()


@pytest.fixture
def swept(cache):
    for left in (-3, -2, 0, 1):
        generate(sine, 5, {"left": left}, executor="inline", cache=cache)
    found = Cache(cache)["sine"]
    assert list(found) == [0, 1, 2, 3]
    return found


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["-p", 0, "-p", 3], [1, 2]),
        (["-p", "0,3"], [1, 2]),
        (["-p", "left=-*"], [2, 3]),
        (["-p", "left=-?", "-p", "seed=0"], [2, 3]),
        (["-p", "right=1.0", "--all-sets"], []),
        (["--all-sets"], []),
    ],
)
def test_several_sets_are_removed(run_cli, swept, cache, words, left):
    answer = run_cli("rm", "sine", *words, "-y", "--json")

    assert [row["number"] for row in answer.json] == [n for n in swept if n not in left]
    assert [*Cache(cache).get("sine", [])] == left


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-p", "right=1.0"], "4 parameter sets with right=1.0"),
        (["-p", "lft=*"], "no parameter set has a parameter 'lft'; they have"),
        (["-p", "left=7*"], "sine has no parameter set that fits left=7*"),
        (["-p", 0, "-p", 17], "no parameter set number 17"),
        ([], "4 parameter sets: 0"),
    ],
)
def test_what_fits_several_sets_or_none_removes_nothing(run_cli, swept, cache, words, message):
    answer = run_cli("rm", "sine", *words, "-y")

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert message in answer.err
    assert len(Cache(cache)["sine"]) == 4


def test_several_sets_are_confirmed_at_once(run_cli, swept, type_in):
    type_in("y\n")
    answer = run_cli("rm", "sine", "-p", 1, "-p", 2)

    first, second, question = answer.err.splitlines()
    assert "sine 1 (left=-2; raw 5)" in first
    assert "sine 2 (left=0; raw 5)" in second
    assert "Remove these 2 parameter sets for good?" in question
    assert answer.out == "removed sine 1\nremoved sine 2\n"


def test_a_damaged_set_keeps_no_other_from_being_removed(run_cli, swept, cache, monkeypatch):
    monkeypatch.setattr("datagen_core.store.documents._RETRIES", 1)
    os.truncate(swept[1].paths.params, 10)
    answer = run_cli("rm", "sine", "--all-sets", "-y")

    assert (answer.code, list(Cache(cache)["sine"])) == (1, [1])
    assert f"{swept[1].paths.params} is damaged" in answer.err


def test_a_set_whose_value_has_a_star_is_meant_alone(run_cli, cache):
    for params in ({"label": "a*"}, {"label": "ab"}, {"label": "a*", "left": -3}):
        generate(sine, 5, params, executor="inline", cache=cache)

    assert run_cli("rm", "sine", "-p", "label=a*", "-y").out == "removed sine 0\n"
