"""Teachers depend on plan and number alone, and what is there is not trained again."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from datagen_pate.errors import PateError
from datagen_pate.teachers import (
    Plan,
    assess_teachers,
    count_teachers,
    read_report,
    read_shard,
    read_teacher,
    train_teachers,
    training,
)
from datagen_pate.teachers.parts import Parts
from datagen_pate.teachers.processes import run_workers
from pate_digits import QUICK, label_digits

PLAN = Plan(label_digits(61), 3, QUICK, seed=5)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers") / "new"
    train_teachers(PLAN, folder)
    return folder


@pytest.fixture
def no_training(monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(training, "train_part", refuse)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_finished_folder_holds_three_files(finished):
    report = read_report(finished)

    names = sorted(path.name for path in finished.iterdir())
    assert names == ["shards.npz", "teachers.json", "weights.npy"]
    assert report["weights_sha256"] == sha256(finished / "weights.npy")
    assert report["shards_sha256"] == sha256(finished / "shards.npz")
    assert report["data"]["sha256"] == PLAN.data.sha256
    assert [teacher["shard_size"] for teacher in report["teachers"]] == [20, 20, 21]


def test_shards_are_images_of_the_private_set(finished):
    for k in range(3):
        shard = read_shard(finished / "shards.npz", k)
        assert (shard.indices == PLAN.divide()[k]).all()
        assert (shard.images == PLAN.data.images[shard.indices]).all()
        assert (shard.labels == PLAN.data.labels[shard.indices]).all()
        assert (shard.class_counts == np.bincount(shard.labels, minlength=10)).all()
        assert shard.is_known


def test_weights_are_mapped_rows(finished):
    rows = np.load(finished / "weights.npy", mmap_mode="r")

    assert (rows.dtype, rows.shape) == (np.float32, (3, 1_199_882))
    assert count_teachers(finished / "weights.npy") == 3
    teacher = read_teacher(finished / "weights.npy", 1)
    assert (teacher.conv1.weight.detach().numpy().ravel() == rows[1, :288]).all()
    told = [teacher["weights_sha256"] for teacher in read_report(finished)["teachers"]]
    assert told == [hashlib.sha256(row.tobytes()).hexdigest() for row in rows]


def test_what_is_finished_is_not_trained_again(finished, no_training):
    assert train_teachers(PLAN, finished) == read_report(finished)


def test_jobs_share_a_folder(finished, tmp_path, monkeypatch):
    """Each trains its own teachers, the last one packs; the others' are not trained again."""
    assert train_teachers(PLAN, tmp_path, ids=range(1, 3)) is None
    seen = []
    report = train_teachers(PLAN, tmp_path, progress=seen.append)

    assert [(progress.teacher, progress.total) for progress in seen] == [(0, 1)]
    assert report["weights_sha256"] == read_report(finished)["weights_sha256"]
    assert not (tmp_path / "parts").exists()


def test_processes_train_the_same_teachers(finished, tmp_path):
    report = train_teachers(PLAN, tmp_path, njobs=2)

    assert report["weights_sha256"] == read_report(finished)["weights_sha256"]


def test_damaged_teacher_is_trained_again(finished, tmp_path):
    train_teachers(PLAN, tmp_path, ids=range(2))
    damaged = tmp_path / "parts" / "1.npz"
    damaged.write_bytes(damaged.read_bytes()[:-400_000])

    seen = []
    report = train_teachers(PLAN, tmp_path, progress=seen.append)

    assert [progress.teacher for progress in seen] == [1, 2]
    assert report["weights_sha256"] == read_report(finished)["weights_sha256"]


def test_two_processes_may_pack_at_the_same_time(finished, tmp_path, monkeypatch):
    """The slower one finds its parts gone, and the folder finished."""
    parts = Parts(tmp_path)
    train_teachers(PLAN, tmp_path, ids=range(2))
    training.train_part(tmp_path, 2)
    write = Parts._write_finished

    def write_while_another_does(self):
        monkeypatch.setattr(Parts, "_write_finished", write)
        Parts(tmp_path).pack()
        write(self)

    monkeypatch.setattr(Parts, "_write_finished", write_while_another_does)

    assert parts.pack()["weights_sha256"] == read_report(finished)["weights_sha256"]


@pytest.mark.parametrize(
    ("change", "name"),
    [({"seed": 6}, "seed"), ({"recipe": replace(QUICK, lr=1e-4)}, "recipe"),
     ({"data": label_digits(62)}, "data_sha256"), ({"teachers": 2}, "num_models")],
)  # fmt: skip
def test_another_plan_is_refused(finished, change, name):
    with pytest.raises(PateError, match=f"another {name}"):
        train_teachers(replace(PLAN, **change), finished)


def test_another_plan_is_refused_before_anything_is_trained(tmp_path, no_training):
    Parts(tmp_path).begin(PLAN)

    with pytest.raises(PateError, match="another seed"):
        train_teachers(replace(PLAN, seed=6), tmp_path)


def test_floats_are_kept_as_bytes(tmp_path):
    data = PLAN.data
    floats = replace(data, images=(data.images / np.float32(255)).astype(np.float32))

    Parts(tmp_path).begin(replace(PLAN, data=floats))

    shard = read_shard(tmp_path / "shards.npz", 0)
    assert (shard.images == data.images[shard.indices]).all()


@pytest.mark.parametrize("ids", [range(2, 4), range(1, 1)])
def test_teachers_that_there_are_not_are_refused(tmp_path, ids):
    with pytest.raises(PateError, match="--start-id"):
        train_teachers(PLAN, tmp_path, ids=ids)


def test_failure_of_a_process_is_told(tmp_path):
    with pytest.raises(PateError, match=r"failed \(FileNotFoundError"):
        run_workers(tmp_path, [0, 1], 2, "cpu", print)


@pytest.mark.parametrize("k", [-1, 3])
def test_teacher_that_there_is_not_is_told(finished, k):
    with pytest.raises(PateError, match=f"no teacher {k}"):
        read_teacher(finished / "weights.npy", k)
    with pytest.raises(PateError, match=f"no teacher {k}"):
        read_shard(finished / "shards.npz", k)


def test_files_of_something_else_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    (tmp_path / "y").write_text("text")

    for name in ("x.npy", "y", "missing"):
        with pytest.raises(PateError, match=name):
            count_teachers(tmp_path / name)
        with pytest.raises(PateError, match=name):
            read_shard(tmp_path / name, 0)
    with pytest.raises(PateError, match="train-teachers"):
        read_report(tmp_path)


def test_plurality_is_counted(finished):
    data = label_digits(40, start=100)

    found = assess_teachers(finished / "weights.npy", data)

    accuracies = found["teacher_accuracy"]
    assert found["mean_accuracy"] == pytest.approx(sum(accuracies) / 3)
    assert found["min_accuracy"] == min(accuracies)
    assert found["plurality_accuracy"] == pytest.approx(plurality(finished, data))
    json.dumps(found)


def plurality(folder, data):
    from datagen_pate.classifier.prediction import predict

    models = [read_teacher(folder / "weights.npy", k) for k in range(3)]
    votes = np.array([predict(model, data.images).argmax(axis=1) for model in models]).T
    winners = [np.bincount(row, minlength=10).argmax() for row in votes]
    return 100 * np.mean(winners == data.labels)
