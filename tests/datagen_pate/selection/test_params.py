from __future__ import annotations

import json

import pytest

from datagen_core import DatagenError
from datagen_pate.compat.config import read_config
from datagen_pate.selection.params import SelectionParams, read_selection

ORIGINAL = {
    "filtering": {
        "min_per_class": 20,
        "max_per_class": 50,
        "default_confidence_threshold": 0.8,
        "rare_class_threshold": 0.6,
        "rare_classes": [2],
        "diversity_threshold": 1.0,
        "min_memorization_distance": 1.5,
        "quota_flexibility_percent": 5,
    },
    "latent_steering": {
        "enabled": False,
        "steps": 7,
        "learning_rate": 0.1,
        "noise_scale": 0.2,
        "use_for_classes_below_quota": True,
    },
}


def test_all_of_the_originals_configuration_is_taken(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(ORIGINAL))

    params = SelectionParams(**read_selection(read_config(tmp_path / "config.json")))

    assert params.model_dump(
        exclude={"compat", "quota", "target_samples", "steering_rounds", "steering_starts"}
    ) == {
        **{name: ORIGINAL["filtering"][name] for name in list(ORIGINAL["filtering"])[:2]},
        "confidence_threshold": 0.8,
        "rare_class_threshold": 0.6,
        "rare_classes": (2,),
        "diversity_threshold": 1.0,
        "min_memorization_distance": 1.5,
        "quota_flexibility_percent": 5,
        "steering_enabled": False,
        "steering_steps": 7,
        "steering_learning_rate": 0.1,
        "steering_noise_scale": 0.2,
    }


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (
            {"confidence_threshold": 1.2},
            "confidence_threshold: input should be less than or equal to 1, not 1.2",
        ),
        ({"rare_classes": [10]}, "rare_classes.0: input should be less than 10, not 10"),
        ({"max_per_class": 10}, "max_per_class is at least min_per_class"),
        (
            {"target_samples": 0},
            "target_samples: input should be greater than or equal to 1, not 0",
        ),
        (
            {"steering_steps": -1},
            "steering_steps: input should be greater than or equal to 0, not -1",
        ),
        ({"quota_flexibility_percent": 101}, "should be less than or equal to 100, not 101"),
        ({"diversity_treshold": 1}, "diversity_treshold"),
    ],
)
def test_wrong_values_are_refused(values, complaint):
    with pytest.raises(DatagenError, match=complaint) as caught:
        SelectionParams.bind(values, "pate_images")

    assert caught.value.exit_code == 2


def test_a_limit_may_be_left_out():
    assert SelectionParams(max_per_class=None).max_per_class is None


@pytest.mark.parametrize(("filtering", "limit"), [({"max_per_class": None}, None), ({}, 500)])
def test_null_in_the_configuration_is_no_limit(tmp_path, filtering, limit):
    (tmp_path / "config.json").write_text(json.dumps({"filtering": filtering}))

    params = SelectionParams(**read_selection(read_config(tmp_path / "config.json")))

    assert params.max_per_class == limit
