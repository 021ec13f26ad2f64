"""`datagen preprocess`."""

from __future__ import annotations

from pathlib import Path

import generators_for_tests
from datagen_core import Cache

FILE = Path(generators_for_tests.__file__)


def test_a_split_is_preprocessed_and_extended(run_cli, made, cache):
    run_cli("move", "sine", 20, "train", "-y")
    first = run_cli("preprocess", "sine", "square_both", "train", 12, "-p", 0)
    second = run_cli("preprocess", f"{FILE}:sine", "square_both", "train", 20)
    X, _y = Cache(cache)["sine"][0]["train"]["square_both"].get(20)

    assert first.out == "square_both: 12 samples of train, 12 of them new\n"
    assert second.out == "square_both: 20 samples of train, 8 of them new\n"
    assert X.tolist() == (made["train"].get(20)[0] ** 2).tolist()
