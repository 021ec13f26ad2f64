"""Sets go on when the parameters of their generator grow, and begin anew where values differ."""

from __future__ import annotations

from dataclasses import replace
from shutil import copytree
from typing import Annotated, Any
from warnings import catch_warnings, simplefilter

import pytest

import datagen_core
from datagen_core import (
    Cache,
    CacheError,
    DamagedFileError,
    History,
    Params,
    generate,
)
from datagen_core.errors import ParamsError
from datagen_core.generators.inputs import refer_to
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.demands import load, make_demands
from datagen_core.scheduling.known_sets import bind_record
from datagen_core.store import documents
from datagen_core.store.layout import SetPaths
from datagen_core.store.sets import grow_set, read_set
from datagen_core.upkeep.verify import verify
from generators_for_tests import lengths
from published_documents import change

LATER = History(since="2")


def pend(version="1", **fields):
    """Return a generator with these parameters: a default, or a pair of annotation and default."""
    pairs = {
        name: one if isinstance(one, tuple) else (type(one), one) for name, one in fields.items()
    }
    annotations = {name: kind for name, (kind, _) in pairs.items()}
    defaults = {name: default for name, (_, default) in pairs.items()}
    params_type: Any = type("P", (Params,), {"__annotations__": annotations, **defaults})

    def make(size, rng):
        for _ in range(size):
            yield {"t": rng.normal(size=3)}

    return datagen_core.generator(10, params_type, name="pend", version=version)(make)


FIRST = pend(length=1.0, steps=20)
GROWN = pend(length=1.0, steps=20, damping=0.0)
DECLARED = pend(length=1.0, steps=20, damping=(Annotated[float, LATER], 0.0))
RENAMED = pend(length=1.0, n=(Annotated[int, History(renamed_from="steps")], 20))


@pytest.fixture
def make(tmp_path):
    """Make 10 samples, and return the number of their set and how many it has."""

    def make(generator, params=None, *, seed=0):
        made = generate(generator, 10, params, seed=seed, executor="inline", cache=tmp_path)
        assert verify(made, lambda: generator, 5).problems == ()
        return made.number, len(made.existing)

    return make


@pytest.mark.parametrize("later", [GROWN, DECLARED], ids=["undeclared", "declared"])
def test_a_set_goes_on_when_a_parameter_is_added(make, later, tmp_path):
    make(FIRST, {"steps": 5}), make(FIRST, seed=1), make(FIRST)

    assert make(later) == (2, 20)
    assert make(later, {"damping": 0.0, "steps": 5}) == (0, 20)
    assert make(later, seed=1) == (1, 20)
    assert make(later, {"damping": 0.5}) == (3, 10)
    assert make(later) == (2, 30)


def test_its_samples_are_those_of_the_first_version(make, tmp_path):
    make(FIRST), make(GROWN)
    at_once = generate(FIRST, 20, executor="inline", cache=tmp_path / "other")

    grown = Cache(tmp_path)["pend"][0]
    assert grown.record.digest == at_once.record.digest
    assert grown["raw"].get()["t"].tobytes() == at_once["raw"].get()["t"].tobytes()
    assert grown.params == {"length": 1.0, "steps": 20, "damping": 0.0}


def test_a_set_goes_on_when_a_nested_parameter_is_added(make, tmp_path):
    class Inner(Params):
        width: int = 3

    class GrownInner(Inner):
        depth: int = 1

    make(pend(inner=Inner(width=4))), make(pend(inner=GrownInner(width=4)))
    changed = type("Changed", (GrownInner,), {"__annotations__": {"depth": int}, "depth": 2})

    assert Cache(tmp_path)["pend"][0].params == {"inner": {"width": 4, "depth": 1}}
    with pytest.warns(UserWarning, match="inner"):
        assert make(pend(inner=changed(width=4))) == (1, 10)
    assert make(pend(inner=changed(width=4)), {"inner": {"depth": 1, "width": 4}}) == (0, 30)


def test_the_first_code_goes_on_with_what_declared_code_began(make):
    make(DECLARED)

    assert make(FIRST) == (0, 20)
    assert make(GROWN) == (0, 30)


def test_a_default_that_changed_begins_a_new_set(make):
    make(FIRST), make(GROWN)
    changed = pend(length=1.0, steps=30, damping=0.0)
    with pytest.warns(UserWarning, match=r"steps \(from 20 to 30\).* -p steps=20$") as told:
        assert make(changed) == (1, 10)
    assert [warning.filename for warning in told] == [__file__]

    with catch_warnings():
        simplefilter("error")
        assert make(changed) == (1, 20)  # it is said once
        assert make(changed, {"steps": 20}) == (0, 30)
        assert make(changed, {"length": 2}) == (2, 10)  # there was no such set before


def test_a_default_that_is_given_needs_no_words(make):
    make(FIRST)
    with catch_warnings():
        simplefilter("error")
        assert make(pend(length=1.0, steps=30), {"steps": 30}) == (1, 10)


@pytest.mark.parametrize("kind", [float, Annotated[float, LATER]], ids=["undeclared", "declared"])
def test_a_later_default_that_changed_is_not_mixed(make, kind):
    make(FIRST), make(pend(length=1.0, steps=20, damping=(kind, 0.0)))
    changed = pend(length=1.0, steps=20, damping=(kind, 0.1))
    with pytest.warns(UserWarning, match=r"damping \(from 0 to 0.1\)"):
        assert make(changed) == (1, 10)

    assert make(changed, {"damping": 0.0}) == (0, 30)
    assert make(changed) == (1, 20)


def test_a_set_goes_on_when_a_parameter_is_renamed(make, tmp_path):
    make(FIRST, {"steps": 5}), make(FIRST)

    assert make(RENAMED) == (1, 20)
    with pytest.warns(UserWarning, match="pend calls its parameter steps n now"):
        assert make(RENAMED, {"steps": 5}) == (0, 20)
    assert make(RENAMED, {"n": 6}) == (2, 10)
    assert make(FIRST, {"steps": 6}) == (2, 20)
    assert Cache(tmp_path)["pend"][2].params == {"length": 1.0, "n": 6}


def test_another_version_says_that_it_cannot_go_on(make):
    make(FIRST)
    second = pend("2", length=1.0, steps=20)
    with pytest.warns(UserWarning, match="which cannot go on with sets of version 1"):
        assert make(second) == (1, 10)
    assert make(FIRST) == (0, 20)


def test_sets_that_are_all_there_are_found_by_their_digests(make):
    """As caches have them from versions that began a new set for each new parameter."""
    make(FIRST)
    make(GROWN, {"damping": 0.5})
    with catch_warnings():
        simplefilter("error")
        make(pend(length=1.0, steps=20, damping=0.5))

    assert make(FIRST) == (0, 20)


def test_a_check_that_fails_for_another_set_hinders_none(make):
    make(FIRST, {"steps": 7})
    params_type = pend(length=1.0, steps=20, damping=0.0).params_type
    checked = type("Checked", (params_type,), {"check": lambda self: 1 / (self.steps - 7)})

    assert make(replace(GROWN, params_type=checked)) == (1, 10)


def test_a_set_is_found_by_an_instance_of_parameters_that_have_grown(make, tmp_path):
    make(FIRST, {"steps": 5})
    dataset = Cache(tmp_path)["pend"]

    assert dataset[GROWN.params_type(steps=5)].number == 0
    assert dataset[RENAMED.params_type(n=5)].number == 0
    assert GROWN.params_type(steps=5, damping=0.5) not in dataset


def test_points_that_are_one_set_count_once(make, tmp_path):
    make(FIRST)
    loaded, points = load(DECLARED), [None, {"damping": 0}, {"steps": 20}, {"damping": 1}]
    demands = make_demands(loaded, points, 0, tmp_path, 5)

    assert [demand.paths.params.exists() for demand in demands] == [True, False]


def test_many_points_read_each_record_once(make, tmp_path, monkeypatch):
    for steps in range(5):
        make(FIRST, {"steps": steps})
    read = []
    monkeypatch.setattr(
        "datagen_core.scheduling.known_sets.read_set",
        lambda paths: read.append(paths) or read_set(paths),
    )
    make_demands(load(GROWN), [{"steps": steps} for steps in range(20)], 0, tmp_path, 5)

    assert len(read) == 5


def test_a_resumed_run_keeps_the_values_that_its_set_went_on_with(make, tmp_path):
    make(FIRST), make(GROWN)
    paths = Cache(tmp_path)["pend"][0].paths
    record = read_set(paths)
    changed = pend(length=1.0, steps=20, damping=0.1)

    assert BatchMaker.of(changed, record).params.damping == 0.0


def test_two_processes_that_disagree_on_a_later_parameter_do_not_mix(make, tmp_path):
    make(FIRST)
    paths = Cache(tmp_path)["pend"][0].paths
    record, params = read_set(paths), {"length": 1.0, "steps": 20}
    grow_set(paths, record, {**params, "damping": 0.0}, {})

    assert grow_set(paths, record, {**params, "damping": 0.0}, {}).params["damping"] == 0.0
    with pytest.raises(CacheError, match=r"goes on with damping=0\.0, not 0\.1"):
        grow_set(paths, record, {**params, "damping": 0.1}, {})
    assert grow_set(paths, record, {**params, "mass": 1}, {}).params["mass"] == 1


def test_a_damaged_copy_of_a_set_stops_nothing(make, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    make(FIRST)
    root = Cache(tmp_path)["pend"][0].paths.root
    copytree(root, root.with_name(f"a-copy-{root.name[-8:]}"))
    (root.with_name(f"a-copy-{root.name[-8:]}") / "params.json").write_text("{}")

    assert make(FIRST) == (0, 20)


def test_a_damaged_set_that_may_be_the_one_is_named(make, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    make(FIRST)
    (path,) = tmp_path.glob("pend/*/params.json")
    path.write_text("{}")

    with pytest.raises(DamagedFileError, match=str(path)):
        make(FIRST)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("hello")
    return path


@pytest.mark.parametrize("given", ["path", "nested"])
def test_a_record_reads_no_file_by_its_path(text, cache, given):
    made = datagen_core.generate(lengths, 2, {"text": str(text)}, executor="inline", cache=cache)
    secret = text.with_name("secret.txt")
    secret.write_text("of whoever resumes")
    named = {"text": str(secret)} if given == "path" else {"nested": {"a": str(secret)}}
    odd = replace(made.record, params={**made.record.params, **named})

    with pytest.raises(ParamsError, match="names a file as its"):
        bind_record(lengths, odd)
    assert bind_record(lengths, made.record).text == refer_to(str(text))


@pytest.mark.parametrize("name", ["params.json", "folder"])
def test_a_record_under_the_name_of_another_set_makes_nothing(text, cache, name):
    made = datagen_core.generate(lengths, 2, {"text": str(text)}, executor="inline", cache=cache)
    root = made.paths.root
    if name == "folder":
        root = root.rename(root.with_name("text=other-01234567"))
    else:
        change(made.paths.params, params={**made.record.params, "text": None})

    with pytest.raises(DamagedFileError, match="is not what the name of its folder says"):
        read_set(SetPaths(root), strict=True)
