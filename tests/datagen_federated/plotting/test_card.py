"""What cards say of federated runs: scores, curves, clients."""

from __future__ import annotations

from datagen_core import generate
from datagen_core.cards.card import make_card
from planted_html import parse

PARAMS = {"dataset": "iris", "model_type": "LogReg", "clients": 3, "rounds": 2}


def test_a_card_has_scores_curves_and_clients(tmp_path):
    made = generate("federated_metrics", 2, PARAMS, executor="inline", cache=tmp_path)

    page = make_card(made).page
    words = " ".join(parse(page, {"svg"}).words)
    score = float(made.samples[1]["rounds"][-1]["global_accuracy"])

    assert "run clients rounds accuracy loss f1 0 3 2" in words
    assert f"1 3 2 {score:.6g}" in words
    assert 'alt="Curves of accuracy by round"' in page
    assert 'alt="Number of samples by client and class of run 0"' in page
    assert "records of 13 members" in words
