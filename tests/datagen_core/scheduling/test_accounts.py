"""What samples cost: kept with every run, listed, refused before anything is written."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import datagen_core
from datagen_core import Cache
from datagen_core.store.runs import list_runs
from generators_for_tests import sine


class WideParams(datagen_core.Params):
    width: int = 2


def cost(params, samples):
    if samples > 10 * params.width:
        raise datagen_core.DatagenError(f"{samples} samples are above the budget; ask for fewer")
    return {"epsilon": 0.5 * samples, "kind": "test"}


@datagen_core.generator(2, WideParams, account=cost)
def dear(size):
    """Make samples that cost something."""
    return [(0.0, 0.0)] * size


def test_what_samples_cost_is_kept_and_listed(cache, run_cli):
    for _ in range(2):
        datagen_core.generate(dear, 3, executor="inline", cache=cache)

    assert "epsilon=3 kind=test" in run_cli("list").out
    assert run_cli("list", "--json").json[0]["account"] == {"epsilon": 3.0, "kind": "test"}


@dataclass
class Price:
    """A callable without a hash, as every dataclass that can be changed."""

    each: float

    def __call__(self, params, samples):
        return {"cost": self.each * samples}


def test_an_account_may_be_any_callable(cache):
    recipe = datagen_core.generator(2, name="priced", account=Price(0.5))(dear.function)
    made = datagen_core.generate(recipe, 4, executor="inline", cache=cache)

    assert list_runs(made.paths)[0].account == {"cost": 2.0}


def test_a_seed_that_is_a_secret_is_not_published_and_told_where_it_is_packed(
    cache, tmp_path, run_cli
):
    datagen_core.generate(dear, 3, executor="inline", cache=cache)
    refused = run_cli("publish", "dear", tmp_path / "public")
    packed = run_cli("pack", "dear", tmp_path / "dear.tar")

    assert (refused.code, list(tmp_path.glob("*public*"))) == (1, [])
    assert "dear 0 is not published: with its seed" in refused.err
    assert packed.code == 0
    assert "dear.tar has the seed of dear 0, with which noise can be removed" in packed.err


def test_a_document_of_the_files_of_a_secret_seed_is_refused(cache, tmp_path, run_cli):
    """Nor is it in what may be shared, nor the digest, with which one could try seeds."""
    pytest.importorskip("datasets.table")  # no datasets.py of somebody
    datagen_core.generate(dear, 3, seed=8114253861, executor="inline", cache=cache)
    (tmp_path / "public").mkdir()
    answer = run_cli("card", "dear", "-o", tmp_path / "c.html", "--croissant", tmp_path / "c.json")
    assert run_cli("export", "dear", "--format", "hf", tmp_path / "public" / "hf").code == 0
    assert run_cli("card", "dear", "-o", tmp_path / "public" / "card.html").code == 0
    assert run_cli("catalogue", "-o", tmp_path / "public" / "all").code == 0
    written = [path for path in (tmp_path / "public").rglob("*") if path.is_file()]

    assert (answer.code, "its seed, a secret" in answer.err) == (2, True)
    assert not list(tmp_path.glob("c.*"))
    digest = Cache(cache)["dear"][0].record.digest[:8]
    for told in ("8114253861", digest):
        assert not [path for path in written if told in str(path)]
        assert not [path for path in written if told.encode() in path.read_bytes()]


def test_more_than_the_budget_is_refused_before_anything_is_written(cache):
    datagen_core.generate(dear, 15, executor="inline", cache=cache)
    with pytest.raises(datagen_core.DatagenError, match="21 samples are above the budget"):
        datagen_core.generate(dear, 6, executor="inline", cache=cache)

    assert len(list_runs(Cache(cache)["dear"][0].paths)) == 1


def add_up(params, samples, others):
    total = samples + sum(number for _, number in others)
    if total > 10:
        raise datagen_core.DatagenError(f"{total} samples of all sets are above the budget")
    return {"widths": ",".join(str(other.width) for other, _ in others)}


@datagen_core.generator(2, WideParams, account=add_up)
def shared(size):
    """Make samples whose cost adds up over parameter sets."""
    return [(0.0, 0.0)] * size


def test_an_account_may_count_the_other_sets_of_a_cache(cache):
    datagen_core.generate(shared, 6, {"width": 3}, executor="inline", cache=cache)
    datagen_core.generate(shared, 3, {"width": 4}, executor="inline", cache=cache)
    with pytest.raises(datagen_core.DatagenError, match="11 samples of all sets"):
        datagen_core.generate(shared, 2, {"width": 5}, executor="inline", cache=cache)

    assert len(Cache(cache)["shared"]) == 2
    assert list_runs(Cache(cache)["shared"][1].paths)[-1].account == {"widths": "3"}


def test_a_sweep_is_counted_as_a_whole_before_anything_is_written(cache, run_cli):
    answer = run_cli("generate", f"{__file__}:shared", "-n", 6, "--sweep", "width=3,4",
                     "--executor", "inline")  # fmt: skip

    assert "12 samples of all sets" in answer.err
    assert not (cache / "shared").exists()


def test_sets_that_cost_nothing_have_no_account(cache, run_cli):
    datagen_core.generate(sine, 3, executor="inline", cache=cache)

    assert "account" not in run_cli("list").out
