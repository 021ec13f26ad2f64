"""Blocks of candidates labelled by all teachers: what is told, what it costs, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache
from datagen_pate import pate_votes as module
from datagen_pate.pate_votes import VotesParams, account, count_blocks
from datagen_pate.privacy.accounting import spend_gnmax, spend_threshold


@pytest.fixture
def make(artefacts, cache):
    def run(n=1, seed=0, **values):
        params = {
            "decoder": str(artefacts), "teachers": str(artefacts / "teachers"), "pool_size": 600,
            "block_size": 256, "aggregation": "plurality", "max_per_class": None, **values,
        }  # fmt: skip
        made = datagen_core.generate(
            "pate_votes", n, params, seed=seed, executor="inline", cache=cache
        )
        return [made.samples[place] for place in range(len(made.samples))]

    return run


OTHER = "sha256:" + 64 * "1"


def params(**values):
    reference = "sha256:" + 64 * "0"
    return VotesParams(**{"decoder": reference, "teachers": reference, **values})


def test_a_block_has_its_candidates_and_their_votes(make):
    (block,) = make()

    assert (block["images"].shape, block["images"].dtype) == ((256, 28, 28), np.uint8)
    assert block["candidates"].tolist() == list(range(256))
    assert set(block["votes"].tolist()) <= {1, 2, 3}
    assert ((block["confidence"] > 0) & (block["confidence"] <= 1)).all()


def test_the_last_block_is_what_is_left_of_the_pool(make):
    *_, last = make(3)

    assert last["candidates"].tolist() == list(range(512, 600))


def test_a_block_is_the_same_whoever_makes_it(make, cache, tmp_path, artefacts):
    blocks = make(3)
    made = Cache(cache)["pate_votes"][0]
    alone = datagen_core.generate("pate_votes", 3, made.params, executor="local", njobs=2,
                                  cache=tmp_path / "other")  # fmt: skip

    for one, other in zip(blocks, (alone.samples[k] for k in range(3)), strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_other_seeds_draw_other_candidates(make):
    (one,) = make(seed=1)
    (other,) = make(seed=2)

    assert not np.array_equal(one["images"], other["images"])


def test_a_threshold_keeps_what_teachers_agree_on(make):
    (every,) = make()
    (agreed,) = make(aggregation="threshold", threshold=1.0)

    assert agreed["candidates"].tolist() == np.flatnonzero(every["votes"] == 3).tolist()


def test_private_blocks_tell_labels_alone(make):
    (block,) = make(aggregation="gnmax", sigma=40, queries=20)

    assert list(block) == ["images", "labels", "candidates", "report"]
    assert block["candidates"].tolist() == list(range(20))
    assert json.loads(block["report"])["privacy"]["delta"] == "1e-05"


def test_classes_may_be_limited(make):
    (block,) = make(max_per_class=2)

    assert np.bincount(block["labels"]).max() <= 2


def test_the_budget_composes_over_calls_and_is_listed(make, run_cli):
    private = {"aggregation": "gnmax", "sigma": 40, "queries": 20}
    for _ in range(3):
        make(**private)
    expected = (spend_gnmax(40) * 60).epsilon(1e-5)
    (row,) = run_cli("list", "--json").json

    assert row["account"]["epsilon"] == pytest.approx(expected, rel=1e-3)
    assert f"epsilon={expected:.4g}" in run_cli("list").out


def test_past_the_budget_nothing_is_made(make, cache):
    private = {"aggregation": "gnmax", "sigma": 40, "queries": 20, "max_epsilon": 1.0}
    make(2, **private)
    with pytest.raises(
        datagen_core.DatagenError, match="max_epsilon 1; it allows 2 samples in total"
    ):
        make(1, **private)

    assert Cache(cache)["pate_votes"][0].counts == {"raw": 2}


def test_other_sets_of_the_same_teachers_are_counted(make, cache):
    private = {"aggregation": "gnmax", "sigma": 40, "queries": 20, "max_epsilon": 1.0}
    make(2, seed=1, **private)
    make(1, seed=1)
    with pytest.raises(datagen_core.DatagenError, match=r"with other sets .*; it allows 0 samples"):
        make(1, seed=2, **private)
    make(1, seed=2, **{**private, "max_epsilon": 2.0})

    assert len(Cache(cache)["pate_votes"]) == 3


def test_an_account_tells_what_all_sets_cost():
    noisy = params(aggregation="gnmax", queries=20)
    elsewhere = [(noisy, 1), (params(), 1), (params(aggregation="gnmax", teachers=OTHER), 1)]
    told = account(noisy, 2, elsewhere)

    assert told["epsilon"] == account(noisy, 2)["epsilon"]
    assert told["epsilon_with_other_sets"] == account(noisy, 3)["epsilon"]


def test_confident_answers_pay_for_every_look():
    bound = params(aggregation="confident-gnmax", block_size=512, queries=30, sigma1=150.0)
    spent = spend_threshold(150) * 1024 + spend_gnmax(40) * 60

    assert account(bound, 2)["epsilon"] == pytest.approx(spent.epsilon(1e-5), rel=1e-3)


@pytest.mark.parametrize("aggregation", ["plurality", "threshold"])
def test_votes_without_noise_have_no_budget(aggregation):
    assert account(params(aggregation=aggregation), 10**6) == {"epsilon": "inf"}


def test_there_are_as_many_samples_as_blocks():
    assert count_blocks(params(pool_size=1025, block_size=256)) == 5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"aggregation": "mean"}, "aggregation"),
        ({"threshold": 0}, "threshold"),
        ({"sigma": 0}, "sigma"),
        ({"delta": 1}, "delta"),
        ({"queries": 0}, "queries"),
        ({"block_size": 100}, "multiple of 256"),
        ({"pool_size": 0}, "pool_size"),
        ({"latent_mixing": 2}, "latent_mixing"),
        ({"teachers": "nowhere.npy"}, "nowhere.npy cannot be read"),
        ({"sigmas": 3}, "did you mean 'sigma'"),
    ],
)
def test_bad_input_is_refused_in_one_line(make, cache, values, message):
    with pytest.raises(datagen_core.DatagenError, match=message) as error:
        make(**values)

    assert "\n" not in str(error.value)
    assert not (cache / "pate_votes").exists()


def test_a_decoder_of_another_architecture_is_refused(make, artefacts, cache):
    with pytest.raises(datagen_core.DatagenError, match=r"decoder|state_dict"):
        make(decoder=str(artefacts / "teachers" / "weights.npy"))

    assert not (cache / "pate_votes").exists()


@pytest.mark.parametrize("weights", [np.zeros((3, 100)), np.full((3, 1199882), np.nan)])
def test_teachers_that_cannot_vote_are_refused_before_any_work(make, tmp_path, cache, weights):
    np.save(tmp_path / "weights.npy", weights.astype(np.float32))
    with pytest.raises(datagen_core.DatagenError, match=r"not those of a classifier|not finite"):
        make(teachers=str(tmp_path / "weights.npy"))

    assert not (cache / "pate_votes").exists()


def test_the_user_is_told_that_the_seed_is_a_secret(make, run_cli, artefacts):
    words = ["-p", f"decoder={artefacts}", "-p", f"teachers={artefacts / 'teachers'}"]
    answer = run_cli("generate", "pate_votes", "-n", 1, *words, "-p", "aggregation=gnmax",
                     "-p", "queries=5", "-p", "pool_size=256", "-p", "block_size=256",
                     "--executor", "inline")  # fmt: skip

    assert answer.code == 0
    assert module.WARNING in answer.err
