"""What cards say of a partition: the labels of its clients."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from datagen_core import generate
from datagen_core.cards.card import make_card
from planted_html import parse


@pytest.fixture
def divide(tmp_path):
    def run(labels):
        np.save(tmp_path / "x.npy", np.arange(40.0).reshape(20, 2))
        np.save(tmp_path / "y.npy", labels)
        files = {"data_file": str(tmp_path / "x.npy"), "label_file": str(tmp_path / "y.npy")}
        params = {**files, "clients": 2, "scheme": "labels"}
        made = generate("image_partition", 2, params, executor="inline", cache=tmp_path / "cache")
        page = make_card(made).page
        return page, " ".join(parse(page, {"svg"}).words)

    return run


def test_a_card_has_the_labels_of_clients(divide):
    pytest.importorskip("matplotlib")

    page, words = divide(np.repeat([0, 1], 10))

    assert "client samples classes most common its share 0 10 1" in words
    assert 'alt="Number of samples by client and label"' in page


def test_without_a_package_that_draws_the_rest_is_there(divide, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    page, words = divide(np.repeat([0, 1], 10))

    assert "most common its share 0 10 1" in words
    assert "pip install 'datagen[plots]'" in words
    assert "data:image/png" not in page
