"""What datagen expects of each generator, and what only my_sim has."""

from pathlib import Path

import numpy as np
import pytest

from datagen_core import generate, testing


@pytest.mark.parametrize("check", testing.checks)
def test_my_sim_keeps_the_rules(check: testing.Check, tmp_path: Path) -> None:
    """Run the conformance kit; parameters that change no sample go into `ignored={...}`."""
    check("my_sim", tmp_path)


def test_noise_is_as_asked(tmp_path: Path) -> None:
    """Compare measurements with what was measured."""
    made = generate("my_sim", 2000, {"noise": 0.5}, executor="inline", cache=tmp_path)
    samples = made["raw"].get()

    assert np.std(samples["measured"] - samples["time"]) == pytest.approx(0.5, rel=0.1)
