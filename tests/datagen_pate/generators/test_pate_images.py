"""One teacher's synthetic set as a sample: fields, reports, the original's configuration."""

from __future__ import annotations

import json

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache
from datagen_pate.compat.teachers import export_teachers
from datagen_pate.pate_images import ImagesParams

REFERENCE = "sha256:" + 64 * "0"


@pytest.fixture
def make(artefacts, cache):
    def run(n=1, seed=0, **values):
        params = {
            "decoder": str(artefacts), "teachers": str(artefacts / "teachers"), "pool_size": 300,
            "block_size": 256, "confidence": 0.0, "rare_class_threshold": 0.0, "min_per_class": 1,
            "max_per_class": 5, "diversity_threshold": 0.1, "min_nn_distance": 0.1,
            "steering_enabled": False, **values,
        }  # fmt: skip
        params = {name: value for name, value in params.items() if value is not None}
        made = datagen_core.generate(
            "pate_images", n, params, seed=seed, executor="inline", cache=cache
        )
        return [made.samples[place] for place in range(n)]

    return run


def params(**values):
    return ImagesParams(**{"decoder": REFERENCE, "teachers": REFERENCE, **values})


def write_report(folder):
    (folder / "teachers.json").write_text(json.dumps({"teachers": [{}, {}, {}]}))
    return folder


def test_a_sample_is_what_one_teacher_chose(make):
    sets = make(3)
    reports = [json.loads(each["report"]) for each in sets]

    assert [report["teacher_id"] for report in reports] == [0, 1, 2]
    for made, report in zip(sets, reports, strict=True):
        n = report["num_selected"]
        assert n == len(made["images"]) == len(made["labels"]) > 0
        assert made["images"].shape[1:] == (28, 28)
        assert (made["nn_distance"] >= 0.1).all()
        assert np.bincount(made["labels"]).max() <= 5


def test_a_set_is_the_same_whoever_makes_it(make, cache, tmp_path):
    sets = make(2)
    made = Cache(cache)["pate_images"][0]
    alone = datagen_core.generate("pate_images", 2, made.params, executor="local", njobs=2,
                                  cache=tmp_path / "other")  # fmt: skip

    for k, one in enumerate(sets):
        assert all(np.array_equal(one[name], alone.samples[k][name]) for name in one)


def test_each_teacher_has_a_pool_of_its_own_unless_it_is_shared(make, cache):
    own = make(2)
    shared = make(2, shared_pool=True)
    pools = [
        {image.tobytes() for each in sets[:1] for image in each["images"]} for sets in (own, shared)
    ]

    assert pools[0] != pools[1]


def test_an_empty_selection_is_a_sample_with_a_report(make):
    (made,) = make(confidence=1.0, rare_class_threshold=1.0)
    report = json.loads(made["report"])

    assert made["images"].shape == (0, 28, 28)
    assert report["num_selected"] == 0
    assert report["rejected_low_confidence"] == 300


def test_every_report_says_that_epsilon_is_infinite(make, run_cli):
    (made,) = make()

    assert json.loads(made["report"])["privacy"] == {"epsilon": "inf"}
    assert "epsilon=inf" in run_cli("list").out


def test_inputs_are_known_by_their_content(make, cache):
    (made,) = make()
    inputs = json.loads(made["report"])["inputs"]
    params = Cache(cache)["pate_images"][0].params

    assert inputs == {name: params[name] for name in ("decoder", "teachers", "shards")}


def test_without_shards_what_needs_them_is_not_checked(make, artefacts):
    (made,) = make(teachers=str(artefacts / "teachers" / "weights.npy"))
    report = json.loads(made["report"])

    assert np.isnan(made["nn_distance"]).all()
    assert report["filters_applied"]["memorization_check"] is False
    assert report["diversity_ratio"] is None


def test_teachers_that_come_later_are_looked_at_before_any_work(make, artefacts, tmp_path, cache):
    weights = np.load(artefacts / "teachers" / "weights.npy")
    weights[2, 7] = np.nan
    np.save(tmp_path / "weights.npy", weights)
    with pytest.raises(datagen_core.DatagenError, match="teacher 2 has weights that are not fin"):
        make(teachers=str(tmp_path / "weights.npy"))

    assert not (cache / "pate_images").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offsets": np.array([0, 10])}, "shards of 1 teachers, not of 3"),
        ({"images": np.zeros((30, 32, 32), np.uint8)}, "28 x 28"),
        ({"images": np.full((30, 28, 28), np.nan)}, "float64"),
        ({"images": np.zeros((29, 28, 28), np.uint8)}, "not 30"),
    ],
)
def test_shards_of_others_are_refused_before_any_work(
    make, artefacts, tmp_path, cache, changes, message
):
    with np.load(artefacts / "teachers" / "shards.npz") as arrays:
        np.savez(tmp_path / "shards.npz", **{**arrays, **changes})
    with pytest.raises(datagen_core.DatagenError, match=message):
        make(3, shards=str(tmp_path / "shards.npz"))

    assert not (cache / "pate_images").exists()


def test_there_is_a_sample_for_each_teacher_and_no_more(make):
    with pytest.raises(datagen_core.DatagenError, match="there are 3 samples"):
        make(4)


CONFIG = {
    "filtering": {"min_per_class": 7, "max_per_class": 70, "default_confidence_threshold": 0.8,
                  "rare_class_threshold": 0.6, "rare_classes": [2], "diversity_threshold": 1.5,
                  "min_memorization_distance": 2.5, "quota_flexibility_percent": 20},
    "generation": {"pool_size": 123, "latent_dim": 32, "latent_mixing_ratio": 0.2,
                   "latent_noise_scale": 0.3, "generate_until_target_per_class": False},
    "latent_steering": {"enabled": False, "steps": 3, "learning_rate": 0.5, "noise_scale": 0.2,
                        "use_for_classes_below_quota": True},
    "preprocessing": {"normalize_mean": [0.1307], "normalize_std": [0.3081]},
}  # fmt: skip


def test_the_originals_configuration_is_accepted_as_it_is(tmp_path):
    path = tmp_path / "synthetic_generation.json"
    path.write_text(json.dumps(CONFIG))
    bound = params(config=str(path))

    expected = {
        "min_per_class": 7, "max_per_class": 70, "confidence_threshold": 0.8,
        "rare_class_threshold": 0.6, "rare_classes": (2,), "diversity_threshold": 1.5,
        "min_memorization_distance": 2.5, "quota_flexibility_percent": 20, "pool_size": 123,
        "latent_mixing": 0.2, "latent_noise": 0.3, "steering_enabled": False, "steering_steps": 3,
        "steering_learning_rate": 0.5, "steering_noise_scale": 0.2, "config": None,
    }  # fmt: skip
    assert {name: getattr(bound, name) for name in expected} == expected


def test_options_win_over_the_configuration(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps(CONFIG))

    assert params(config=str(path), confidence=0.5, pool_size=9).confidence_threshold == 0.5
    assert params(config=str(path), confidence=0.5, pool_size=9).pool_size == 9


def test_a_typo_in_the_configuration_is_one_line(tmp_path, make):
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"filtering": {"min_per_clas": 3}}))
    with pytest.raises(datagen_core.DatagenError, match="min_per_class") as error:
        make(config=str(path))

    assert "\n" not in str(error.value)


def test_names_of_the_originals_options_are_accepted():
    bound = params(confidence=0.4, min_nn_distance=1.0, min_diversity_distance=0.5)

    assert bound == params(
        confidence_threshold=0.4, min_memorization_distance=1.0, diversity_threshold=0.5
    )
    assert params(disable_diversity=True).diversity_threshold == 0


def test_a_pool_in_a_file_is_what_all_teachers_look_at(make, artefacts, tmp_path, run_cli):
    where = ["--decoder-path", artefacts / "decoder.pth", "--pool-size", 40]
    for name in ("pool.npz", "pool.pt"):
        run_cli("pate", "candidates", *where, "--out", tmp_path / name)
    ours, original = (make(2, candidates=str(tmp_path / f"pool.{form}")) for form in ("npz", "pt"))
    report = json.loads(ours[1]["report"])

    assert report["num_generated"] == 40
    assert len(report["inputs"]["candidates"]) == 64 + len("sha256:")
    assert np.array_equal(ours[1]["images"], original[1]["images"])


def test_a_single_teacher_of_the_original_is_taken_by_its_files(make, artefacts, tmp_path):
    export_teachers(write_report(artefacts / "teachers"), tmp_path)
    teacher = tmp_path / "teachers" / "teacher_1"
    (made,) = make(
        teachers=None,
        teacher_model=str(tmp_path / "trained_nets_gpu" / "1" / "model.pth"),
        teacher_shard_path=str(teacher / "shard.pt"),
        shard_metadata=str(teacher / "metadata.json"),
    )
    report = json.loads(made["report"])

    assert set(report["checks"].values()) == {"checked"}
    assert np.isfinite(made["nn_distance"]).all()


def test_metadata_of_one_teacher_is_not_taken_for_all(make, tmp_path):
    (tmp_path / "metadata.json").write_text("{}")
    with pytest.raises(datagen_core.DatagenError, match="shard_metadata is of one teacher"):
        make(shard_metadata=str(tmp_path / "metadata.json"))


def test_the_originals_folder_of_teachers_is_to_be_imported(make, artefacts, tmp_path):
    export_teachers(write_report(artefacts / "teachers"), tmp_path)
    with pytest.raises(datagen_core.DatagenError, match="train-teachers --import"):
        make(teachers=None, teachers_dir=str(tmp_path / "trained_nets_gpu"))


def test_the_prior_beside_the_decoder_is_taken_unless_the_original_is_wanted(tmp_path):
    for name in ("decoder.pth", "latent_prior.npz"):
        (tmp_path / name).write_bytes(b"something")
    given = {"decoder_path": str(tmp_path / "decoder.pth"), "teachers": REFERENCE}

    assert ImagesParams(**given).prior == params(decoder=str(tmp_path)).prior is not None
    assert ImagesParams(**given, compat="original").prior is None
    assert ImagesParams(**given, prior=None).prior is None


def test_options_of_the_batch_script_choose_the_pool():
    assert params(generate_candidates_per_teacher=True, batch_size=128) == params()
    assert params(generate_candidates_per_teacher="false") == params(shared_pool=True)


@pytest.mark.parametrize(
    "values",
    [
        {"num_teachers": 3},
        {"start_id": 1},
        {"teacher_shard_base": "teachers"},
        {"output_dir": "teachers"},
        {"generate_candidates_per_teacher": True, "candidates": "pool.pt"},
    ],
)
def test_options_that_are_given_elsewhere_say_where(make, values, cache):
    with pytest.raises(datagen_core.DatagenError) as error:
        make(**values)

    assert "\n" not in str(error.value)
    assert not cache.exists()
