"""Parameter sets that are listed never, or twice, are found and said how to list once."""

from __future__ import annotations

import shlex
import shutil

import pytest

from datagen_core import Cache, generate, sweep
from datagen_core.store.documents import publish_document
from datagen_core.upkeep.inventory import check_inventory
from generators_for_tests import count, sine, walks


@pytest.fixture
def made(cache):
    """Return a set with number 1 of two, in a cache that has another data set."""
    for seed in (0, 7):
        made = generate(sine, 12, seed=seed, executor="inline", cache=cache)
    generate(count, 5, executor="inline", cache=cache)
    made.move(5, "train")
    return made


def number(made, k, *names):
    folder = made.paths.root.parent / "numbers"
    content = {"format": "2.0", "sets": list(names)}
    publish_document(folder / f"{k}.json", content, made.paths.temporary)
    return folder / f"{k}.json"


def only_problem(cache, name=None):
    (found,) = check_inventory(cache, name)
    assert "\n" not in found.problem
    return found


def follow(run_cli, problem):
    """Call the command that a problem ends with."""
    words = shlex.split(problem[problem.index("datagen ") :])
    extra = ("-y",) if words[1] == "rm" else ()
    return run_cli(*words[1:], *extra)


def test_a_good_cache_has_no_problems(made, cache, run_cli):
    sweep(sine, 3, [{"left": -3}, {"left": -2}], executor="inline", cache=cache)
    run_cli("compact", "sine")
    run_cli("rm", "sine", "-p", 0, "-y")
    (cache / "lost+found").mkdir(mode=0)
    (cache / "sine" / "notes").mkdir()
    (cache / "sine" / ".snapshot").mkdir()

    assert list(check_inventory(cache)) == []


@pytest.mark.parametrize("name", [None, "sine"])
def test_a_copied_set_without_a_number_is_numbered(made, tmp_path, run_cli, name):
    other = tmp_path / "other"
    copied = other / "sine" / made.paths.root.name
    shutil.copytree(made.paths.root, copied)
    found = only_problem(other, name)

    assert (str(found), found.folder) == (f"sine/{copied.name}", copied)
    assert "has no number, so that nothing lists it" in found.problem
    assert follow(run_cli, found.problem).code == 0
    assert list(check_inventory(other)) == []
    assert Cache(other)["sine"][0].counts == {"raw": 7, "train": 5}
    assert len(Cache(other)["sine"][0].existing) == 12


def test_a_renamed_set_is_numbered_under_its_new_name(made, cache, run_cli):
    renamed = made.paths.root.rename(cache / "sine" / f"mine-{made.paths.root.name[-8:]}")
    found = only_problem(cache)

    assert (found.folder, follow(run_cli, found.problem).code) == (renamed, 0)
    assert list(check_inventory(cache)) == []
    assert Cache(cache)["sine"]["seed=7"].paths.root == renamed


def test_a_set_is_renamed_back_where_its_digest_is_missing(made, cache):
    made.paths.root.rename(cache / "sine" / "mine")
    problem = only_problem(cache).problem

    assert problem.endswith(f"rename it to {made.paths.root}, and verify again")


def test_a_set_whose_number_another_one_got_has_none(made, cache):
    names = [each.paths.root.name for each in Cache(cache)["sine"].values()]
    for path in (cache / "sine" / "numbers").iterdir():
        path.unlink()
    number(made, 0, names[0], "default-12345678")
    number(made, 1, made.paths.root.name)

    assert only_problem(cache).folder == made.paths.root


def test_a_set_without_samples_is_numbered_too(made, cache, run_cli):
    shutil.rmtree(cache / "sine" / "numbers")
    for name in ("runs", "shards", "splits"):
        shutil.rmtree(made.paths.root / name)
    problems = {each.folder: each.problem for each in check_inventory(cache)}

    assert follow(run_cli, problems[made.paths.root]).code == 0


def test_a_damaged_set_without_a_number_is_found(made, cache):
    (cache / "sine" / "numbers" / "1.json").unlink()
    made.paths.params.write_text("{")

    assert f"restore {made.paths.params}, which is damaged, first" in only_problem(cache).problem


def test_damaged_numbers_make_no_set_unnumbered(made, cache):
    (cache / "sine" / "numbers" / "1.json").write_text("{")

    assert list(check_inventory(cache)) == []


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("folder", ["shards", "packs"])
def test_samples_without_parameters_are_found(made, cache, run_cli, numbered, folder):
    made.paths.params.unlink()
    made.paths.shards.rename(made.paths.root / folder)
    if not numbered:
        (cache / "sine" / "numbers" / "1.json").unlink()
    found = only_problem(cache)

    assert "has samples but no params.json" in found.problem
    generate(sine, 5, seed=7, executor="inline", cache=cache)
    assert list(check_inventory(cache)) == []
    assert Cache(cache)["sine"]["seed=7"].counts == {"raw": 12, "train": 5}


def test_a_second_number_is_found(made, cache, run_cli):
    number(made, 2, made.paths.root.name)
    found = only_problem(cache)

    assert "is listed as 1 and as 2; use the number 1, and give up the other: " in found.problem
    assert follow(run_cli, found.problem).code == 0
    assert list(check_inventory(cache)) == []
    assert list(Cache(cache)["sine"]) == [0, 1]


def test_a_second_number_among_others_is_given_up(made, cache, run_cli):
    generate(sine, 5, {"left": 0}, executor="inline", cache=cache)
    third = Cache(cache)["sine"][2].paths.root.name
    (cache / "sine" / "numbers" / "2.json").unlink()
    number(made, 2, third, made.paths.root.name)

    assert "1 and as 3" in only_problem(cache).problem
    assert follow(run_cli, only_problem(cache).problem).code == 0
    assert list(check_inventory(cache)) == []
    assert Cache(cache)["sine"][2].paths.root.name == third
    assert generate(sine, 1, {"left": -9}, executor="inline", cache=cache).number == 4


@pytest.mark.parametrize("numbered", [True, False])
def test_two_folders_of_one_set_are_found(made, cache, run_cli, numbered):
    twin = made.paths.root.with_name(f"again-{made.paths.root.name[-8:]}")
    shutil.copytree(made.paths.root, twin)
    if numbered:
        number(made, 2, twin.name)
    found = only_problem(cache)

    assert f"{twin} and {made.paths.root} are the same parameter set" in found.problem
    if numbered:
        assert follow(run_cli, found.problem).code == 0
    else:
        assert found.problem.endswith(f"remove the folder {twin}")
        shutil.rmtree(twin)
    assert list(check_inventory(cache)) == []
    assert made.paths.root.exists()


def test_the_set_with_the_first_number_is_kept(made, cache):
    twin = made.paths.root.with_name(f"again-{made.paths.root.name[-8:]}")
    shutil.copytree(made.paths.root, twin)
    number(made, 2, twin.name, made.paths.root.name)
    renumbered, same = check_inventory(cache)

    assert "is listed as 1 and as 3" in renumbered.problem
    assert f"{twin} and {made.paths.root} are the same" in same.problem
    assert "datagen rm sine -p 2 " in same.problem


def test_a_set_of_another_generator_is_found(made, cache):
    (cache / "count").rename(cache / "counters")
    found = only_problem(cache)

    assert f"is a parameter set of count; move it to {cache / 'count'}, then" in found.problem


def test_only_the_data_set_asked_for_is_looked_at(made, cache):
    number(made, 2, made.paths.root.name)

    assert list(check_inventory(cache, "count")) == []
    assert list(check_inventory(cache, "..")) == []
    assert only_problem(cache, "sine")


def test_verify_says_what_is_wrong(made, run_cli, cache):
    number(made, 2, made.paths.root.name)
    answer = run_cli("verify", "--json")

    assert (answer.code, answer.err.count("\n")) == (5, 1)
    assert answer.json[0]["name"] == f"sine/{made.paths.root.name}"
    assert "is listed as 1 and as 2" in answer.json[0]["problems"][0]
    assert len({tuple(each) for each in answer.json}) == 1
    assert len(answer.json) == 4  # it is read once, by its lowest number
    assert run_cli("verify", "sine", "-p", 1).code == 0


def test_verify_finds_a_data_set_without_any_number(run_cli, tmp_path, cache):
    made = generate(walks, 5, executor="inline", cache=tmp_path / "other")
    shutil.copytree(made.paths.root, cache / "walks" / made.paths.root.name)

    for words in ((), ("walks",)):
        answer = run_cli("verify", *words)
        assert (answer.code, answer.err.count("\n")) == (5, 1)
        assert "1 problem found: " in answer.err
        assert "has no number" in answer.err
    assert run_cli("verify", "wolks").code == 2
