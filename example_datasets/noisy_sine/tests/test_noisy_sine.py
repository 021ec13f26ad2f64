"""What datagen expects of each generator, and what only noisy_sine has."""

import numpy as np
import pytest

from datagen_core import generate, testing


@pytest.mark.parametrize("check", testing.checks)
def test_noisy_sine_keeps_the_rules(check, tmp_path):
    check("noisy_sine", tmp_path)


def test_noise_is_as_asked(tmp_path):
    made = generate("noisy_sine", 2000, {"std_dev": 0.5}, executor="inline", cache=tmp_path)
    x, y = made["raw"].get()

    assert np.std(y - np.sin(x)) == pytest.approx(0.5, rel=0.1)
