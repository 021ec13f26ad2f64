"""The original's JSON configuration."""

import json

import pytest

from datagen_core import DatagenError
from datagen_pate.compat.config import read_config
from datagen_pate.errors import PateError

FULL = {
    "filtering": {"min_per_class": 150, "default_confidence_threshold": 0.9, "rare_classes": [1, 8],
                  "min_memorization_distance": 2.0, "quota_flexibility_percent": 10},
    "generation": {"pool_size": 20000, "latent_dim": 32, "latent_mixing_ratio": 0.3,
                   "latent_noise_scale": 0.1, "generate_until_target_per_class": False},
    "latent_steering": {"enabled": True, "steps": 20, "learning_rate": 0.05, "noise_scale": 0.1,
                        "use_for_classes_below_quota": True},
    "preprocessing": {"normalize_mean": [0.1307], "normalize_std": [0.3081]},
}  # fmt: skip
EXAMPLE = {
    "decoder": {"latent_dim": 32, "pretrain_epochs": 50, "learning_rate": 1e-3},
    "generation": {"pool_size": 5000, "latent_mixing_ratio": 0.0},
    "filtering": {"confidence_threshold": 0.9, "min_nn_distance": 1.0, "max_per_class": None,
                  "min_diversity_distance": 0.0},
    "evaluation": {"diversity_ratio_target": 0.75, "histogram_l1_target": 0.2},
}  # fmt: skip


def read(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_config(path)


def test_configuration_of_the_original_is_read(tmp_path):
    assert read(tmp_path, FULL).given() == FULL


def test_example_names_settings_otherwise(tmp_path):
    assert read(tmp_path, EXAMPLE).filtering.resolve() == {
        "default_confidence_threshold": 0.9,
        "diversity_threshold": 0.0,
        "max_per_class": None,
        "min_memorization_distance": 1.0,
    }


def test_null_is_told_as_it_is_written(tmp_path):
    assert read(tmp_path, EXAMPLE).given() == EXAMPLE


def test_what_is_left_out_is_none(tmp_path):
    config = read(tmp_path, EXAMPLE)

    assert config.generation.latent_noise_scale is None
    assert config.latent_steering.enabled is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"filterin": {}}, "no parameter 'filterin'; did you mean 'filtering'"),
        ({"filtering": {"min_per_clas": 1}},
         "section 'filtering' has no parameter 'min_per_clas'; did you mean 'min_per_class'"),
        ({"filtering": {"min_per_class": "x"}}, "min_per_class: .*, not 'x'"),
        ({"filtering": 3}, "'filtering' is not an object"),
        ({"filtering": {"confidence_threshold": 0.9, "default_confidence_threshold": 0.8}},
         "the same setting; give one value"),
        ("[1]", "is not a JSON object"),
        ("{", "is not JSON: "),
    ],
)  # fmt: skip
def test_mistake_is_one_line(tmp_path, content, message):
    with pytest.raises(DatagenError, match=message) as caught:
        read(tmp_path, content)

    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_missing_file_is_told(tmp_path):
    with pytest.raises(PateError, match="cannot be read"):
        read_config(tmp_path / "none.json")
