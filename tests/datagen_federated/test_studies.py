"""Random studies: a seed means one study, all of whose points can be run."""

import hashlib
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from datagen_core import Cache, DatagenError, StudyError, generate
from datagen_core.errors import NewerFormatError
from datagen_core.scheduling.spaces import check_space, draw_point
from datagen_federated.federated_metrics import federated_metrics
from datagen_federated.runs.params import FederatedMetricsParams
from datagen_federated.studies import (
    DEFAULT_SPACE,
    format_manifest,
    plan_study,
    planning,
    publish_manifest,
)

KNOWN = set(FederatedMetricsParams.model_fields)
SMALL = {"dataset": "iris", "model_type": "LogReg", "clients": [2, 3], "rounds": [1, 2, 3]}


def draw(space, times=300):
    check_space(space, KNOWN)
    rng = np.random.default_rng(0)
    return [draw_point(space, rng) for _ in range(times)]


@pytest.fixture
def refusing(monkeypatch):
    """Let the generator refuse three clients."""

    def refuse(params):
        if params.clients == 3:
            raise DatagenError("three are too many")
        return []

    generator = replace(federated_metrics, preflight=refuse)
    monkeypatch.setattr(planning, "federated_metrics", generator)


def test_every_point_of_the_default_space_can_be_run():
    study = plan_study(60, DEFAULT_SPACE, seed=1)

    assert not study.redrawn
    assert len({point["digest"] for point in study.points}) == 60


def test_the_default_space_has_all_that_the_original_has():
    drawn = [draw(DEFAULT_SPACE[task]) for task in ("classification", "regression")]
    seen = {name: {point[name] for points in drawn for point in points} for name in (
        "clients", "rounds", "epochs_per_round", "strategy", "optimizer", "dataset", "model_type",
    )}  # fmt: skip

    assert seen["clients"] == {5, 10, 20, 50}
    assert seen["rounds"] == {5, 10, 20}
    assert seen["epochs_per_round"] == {1, 2, 3, 5}
    assert len(seen["strategy"]) == len(seen["optimizer"]) == len(seen["dataset"]) == 5
    assert seen["model_type"] == {"CNN", "ResNet", "MLP", "LogReg"}


def test_draws_are_those_of_the_first_version():
    space = {
        "dataset": "iris", "model_type": "LogReg", "clients": [2, 3],
        "rounds": {"integers": [1, 3]}, "learning_rate": {"log_uniform": [1e-4, 1e-2]},
        "cases": [
            {"weight": 2, "space": {"strategy": "iid"}},
            {"space": {"strategy": "dirichlet", "alpha": {"uniform": [0.1, 1]}}},
        ],
    }  # fmt: skip
    few, many = plan_study(6, space, 7).points, plan_study(12, DEFAULT_SPACE, 123).points
    digests = [hashlib.sha256(json.dumps(points).encode()).hexdigest() for points in (few, many)]

    assert [point["params"]["learning_rate"] for point in few] == [
        0.000127699, 0.000131548, 0.000940928, 0.000132404, 0.00139485, 0.00313159,
    ]  # fmt: skip
    assert [digest[:12] for digest in digests] == ["24e70445d95f", "b70965fd6a79"]


def test_the_same_seed_is_the_same_manifest():
    first, again, other = (format_manifest(plan_study(5, DEFAULT_SPACE, s)) for s in (3, 3, 4))

    assert first == again
    assert json.loads(first)["points"] != json.loads(other)["points"]


def test_more_runs_begin_with_the_points_of_fewer(refusing):
    few, many = (plan_study(runs, SMALL, 2) for runs in (2, 3))
    few_tasks, many_tasks = (plan_study(runs, DEFAULT_SPACE, 2) for runs in (5, 8))

    assert many.points[:2] == few.points
    assert many_tasks.points[:5] == few_tasks.points


def test_the_digest_is_that_of_the_cache(tmp_path):
    (point,) = plan_study(1, SMALL, seed=5).points
    made = generate(
        "federated_metrics", 1, point["params"], seed=5, executor="inline", cache=tmp_path
    )

    assert made.record.digest == point["digest"]
    assert Cache(tmp_path)["federated_metrics"][point["digest"][:9]].number == made.number


@pytest.mark.parametrize(
    ("split", "runs", "counts"),
    [(None, 8, (5, 3)), ((50, 30), 50, (31, 19)), ((1, 1), 7, (4, 3)), ((0, 2), 3, (0, 3))],
)
def test_tasks_have_their_shares(split, runs, counts):
    small = SMALL | {"learning_rate": {"uniform": [0.1, 0.2]}}
    space = {"classification": small, "regression": small | {"dataset": "diabetes"}}
    study = plan_study(runs, space, 0, split)
    found = Counter(point["task"] for point in study.points)

    assert (found["classification"], found["regression"]) == counts


def test_one_task_may_be_all():
    study = plan_study(2, {"regression": {**SMALL, "dataset": "diabetes"}}, 0)

    assert study.split == {"regression": 30.0}


@pytest.mark.parametrize(
    ("space", "split", "message"),
    [
        (SMALL, (50, 30), "--task-split goes with a space that has the keys classification and"),
        ({"regression": SMALL}, (50, 30), "has no classification; add that key, or set its share"),
        ({"regression": SMALL}, (0, 0), "a share above 0, such as 50,30"),
        ({"regression": SMALL, "clients": 2}, None, "clients: beside .* there is no other key"),
        ({"regression": {"cleints": 2}}, None, "regression.cleints: .* did you mean 'clients'"),
    ],
)
def test_spaces_by_task_are_checked(space, split, message):
    with pytest.raises(StudyError, match=message):
        plan_study(1, space, 0, split)


def test_points_that_cannot_be_run_are_drawn_again_and_counted(refusing):
    study = plan_study(3, SMALL, 0)

    assert {point["params"]["clients"] for point in study.points} == {2}
    redrawn = json.loads(format_manifest(study))["redrawn"]
    assert {item["reason"] for item in redrawn} == {"three are too many", "it was drawn before"}
    assert {item["point"] for item in redrawn} <= {0, 1, 2}


def test_a_space_that_has_too_few_points_is_said(refusing):
    message = "point 3 was drawn 21 times and refused each time, the last time because .*; widen"
    with pytest.raises(StudyError, match=message):
        plan_study(4, SMALL, 0)
    with pytest.raises(StudyError, match=r"point 0 was .* three are too many"):
        plan_study(1, SMALL | {"clients": 3}, 0)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"clients": 0}, "parameter clients: .* than 0, not 0; mend the space"),
        ({"rounds": "many"}, "parameter rounds: .*, not 'many'; mend the space"),
        ({"strategy": "iid", "alpha": 1}, "does not use alpha.*; mend .* together into one case"),
    ],
)
def test_points_that_do_not_bind_are_said(space, message):
    with pytest.raises(StudyError, match=message) as caught:
        plan_study(1, space, 0)
    assert "\n" not in str(caught.value)


def test_a_manifest_is_written_once(tmp_path):
    path = tmp_path / "study.json"
    study, other = (plan_study(2, SMALL, seed) for seed in (0, 1))

    assert publish_manifest(path, study)
    assert path.read_text() == format_manifest(study)
    assert not publish_manifest(path, study)
    with pytest.raises(StudyError, match="exists and belongs to another study"):
        publish_manifest(path, other)
    assert path.read_text() == format_manifest(study)
    assert list(tmp_path.iterdir()) == [path]


def test_a_study_goes_on_with_another_version(tmp_path):
    path = tmp_path / "study.json"
    study = plan_study(1, SMALL, 0)
    path.write_text(json.dumps({**study.to_json(), "datagen": "0.0.1"}))

    assert not publish_manifest(path, study)


def test_a_study_of_a_newer_version_is_left_to_it(tmp_path):
    path = tmp_path / "study.json"
    study = plan_study(1, SMALL, 0)
    path.write_text(json.dumps({**study.to_json(), "version": 2}))

    with pytest.raises(NewerFormatError, match=r"study\.json was made by a newer datagen"):
        publish_manifest(path, study)


def test_a_manifest_without_version_is_of_the_first_one(tmp_path):
    path = tmp_path / "study.json"
    study = plan_study(1, SMALL, 0)
    content = study.to_json()
    path.write_text(json.dumps({key: content[key] for key in content if key != "version"}))

    assert not publish_manifest(path, study)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff"])
def test_any_other_file_stays(tmp_path, content):
    path = tmp_path / "study.json"
    path.write_bytes(content)
    with pytest.raises(StudyError, match="choose another name with -o"):
        publish_manifest(path, plan_study(1, SMALL, 0))
    assert path.read_bytes() == content


def test_a_manifest_without_folder_is_said(tmp_path):
    with pytest.raises(StudyError, match="is not a folder; make it first"):
        publish_manifest(tmp_path / "no" / "study.json", plan_study(1, SMALL, 0))
