"""Random studies: a seed means one study, all of whose points can be run."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from datagen_core import Cache, DatagenError, generate
from datagen_core.errors import NewerFormatError
from datagen_federated.federated_metrics import federated_metrics
from datagen_federated.runs.params import FederatedMetricsParams
from datagen_federated.studies import (
    DEFAULT_SPACE,
    StudyError,
    check_space,
    draw_point,
    format_manifest,
    plan_study,
    planning,
    publish_manifest,
    read_space,
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
    message = "point 3 was drawn 21 times, and each time refused, at last since .*; widen the space"
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


def test_values_are_values_and_lists_are_choices():
    points = draw({"hidden_layers": [[64], [64, 32]], "rounds": 3, "variant": {"choice": [None]}})

    assert {(*point["hidden_layers"],) for point in points} == {(64,), (64, 32)}
    assert {point["rounds"] for point in points} == {3}
    assert {point["variant"] for point in points} == {None}


def test_numbers_are_drawn_within_their_bounds():
    rules = {"uniform": [0.2, 0.4], "log_uniform": [1e-4, 1e-2], "integers": [2, 5]}
    names = ("dropout", "learning_rate", "clients")
    points = draw({name: {kind: rules[kind]} for name, kind in zip(names, rules, strict=True)})
    drawn = {name: np.array([point[name] for point in points]) for name in names}

    assert 0.2 <= drawn["dropout"].min() < 0.21 < 0.39 < drawn["dropout"].max() <= 0.4
    assert abs(np.mean(drawn["learning_rate"] < 1e-3) - 0.5) < 0.1
    assert set(drawn["clients"].tolist()) == {2, 3, 4, 5}


def test_cases_are_drawn_by_weight_and_may_be_nested():
    inner = [{"space": {"rounds": 1}}, {"space": {"rounds": 2}}]
    one = [{"weight": 3, "space": {"clients": 1, "cases": inner}}, {"space": {"clients": 2}}]
    points = draw({"cases": [one, [{"space": {"threads": [1, 2]}}]]})
    kinds = Counter((point["clients"], point.get("rounds")) for point in points)

    assert set(kinds) == {(1, 1), (1, 2), (2, None)}
    assert abs(kinds[2, None] - 75) < 30
    assert Counter(point["threads"] for point in points).keys() == {1, 2}


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ([], "the space is an object of parameters, not []"),
        ({"alpah": 1}, "alpah: there is no such parameter; did you mean 'alpha'?"),
        ({"alpha": []}, "alpha: choices are a list of values, not []"),
        ({"alpha": {"normal": [0, 1]}}, "alpha: a rule has one of the keys choice, uniform, "),
        ({"alpha": {"choice": 1}}, "alpha: choices are a list of values, not 1"),
        ({"alpha": {"uniform": [2, 1]}}, "alpha: bounds are [low, high], not [2, 1]"),
        ({"alpha": {"uniform": [0, float("nan")]}}, "alpha: bounds are [low, high]"),
        ({"alpha": {"log_uniform": [0, 1]}}, "alpha: bounds of log_uniform are above 0, not [0, 1"),
        ({"clients": {"integers": [1, 2.5]}}, "clients: integers are [low, high], whole numbers"),
        ({"clients": {"integers": [True, 2]}}, "clients: integers are [low, high], whole numbers"),
        ({"cases": []}, "cases: cases should be a list, each with weight and space"),
        ({"cases": [[]]}, "cases: cases should be a list, not []"),
        ({"cases": [{"weight": 1}]}, "cases[0]: a case has weight and space, not {'weight': 1}"),
        ({"cases": [{"space": {}, "weight": 0}]}, "cases[0]: a weight is a number above 0, not 0"),
        ({"cases": [{"space": {"alpah": 1}}]}, "cases[0].alpah: there is no such parameter"),
        ({"alpha": 1, "cases": [{"space": {"alpha": 2}}]}, "cases: alpha is given in a case and"),
    ],
)
def test_what_is_wrong_in_a_space_is_said_with_its_key(space, message):
    with pytest.raises(StudyError) as caught:
        check_space(space, KNOWN)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"a": 1, "a": 2}', "a: it is given twice"), ("{", "is not JSON"), (None, "cannot be read")],
)
def test_files_of_spaces_are_checked(tmp_path, text, message):
    path = tmp_path / "space.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StudyError, match=message):
        read_space(path)


def test_a_manifest_is_written_once(tmp_path):
    path = tmp_path / "study.json"
    study, other = (plan_study(2, SMALL, seed) for seed in (0, 1))

    assert publish_manifest(path, study)
    assert path.read_text() == format_manifest(study)
    assert not publish_manifest(path, study)
    with pytest.raises(StudyError, match="exists and is not of this study"):
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
