"""Students: trained on synthetic images, measured on real ones."""

import hashlib
import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datagen_core.errors import NewerFormatError
from datagen_core.files import hash_file
from datagen_pate.classifier.files import flatten_weights, load_classifier, save_classifier
from datagen_pate.classifier.prediction import predict
from datagen_pate.errors import PateError
from datagen_pate.labelled import check_labelled
from datagen_pate.student import (
    evaluate_student,
    evaluate_students,
    train_student,
    train_students,
)
from pate_digits import QUICK, label_digits, train_once

DATA = label_digits(50)
RECIPE = replace(QUICK, epochs=3)


def test_student_is_decided_by_its_seed():
    first, again, other = (train_student(DATA, QUICK, seed=seed) for seed in (1, 1, 2))

    assert (flatten_weights(first.final) == flatten_weights(again.final)).all()
    assert (flatten_weights(first.final) != flatten_weights(other.final)).any()
    assert first.history == again.history


def test_best_student_is_that_of_its_epoch():
    seen = []
    student = train_student(DATA, RECIPE, progress=seen.append)

    scores = [entry["synthetic_validation_accuracy"] for entry in student.history]
    assert seen == student.history
    assert [entry["epoch"] for entry in seen] == [1, 2, 3]
    assert scores[student.best_epoch - 1] == max(scores)
    assert student.best is not student.final


def test_without_validation_the_best_is_the_last():
    student = train_student(DATA, QUICK, train_split=1)

    assert student.best is student.final
    assert student.history[0]["synthetic_validation_accuracy"] is None


@pytest.mark.parametrize("train_split", [0, 0.001, 0.999, 1.5])
def test_empty_share_is_refused(train_split):
    with pytest.raises(PateError, match="train_split"):
        train_student(DATA, QUICK, train_split=train_split)


def test_students_that_are_there_are_not_trained_again(tmp_path):
    epochs = []
    first = train_students(DATA, QUICK, tmp_path, seeds=[3], progress=epochs.append)
    again = train_students(DATA, QUICK, tmp_path, seeds=[3, 4], progress=epochs.append)
    train_students(DATA, RECIPE, tmp_path, seeds=[3], progress=epochs.append)

    assert len(epochs) == 2 * QUICK.epochs + RECIPE.epochs
    assert again["students"][0] == first["students"][0]


@pytest.mark.parametrize("damaged", ["student_model_best.pth", "student.json"])
def test_a_student_that_is_not_complete_is_trained_again(tmp_path, damaged):
    first = train_students(DATA, QUICK, tmp_path, seeds=[3])
    (tmp_path / damaged).write_bytes(b"{")
    again = train_students(DATA, QUICK, tmp_path, seeds=[3])

    assert again["students"][0]["best_model"] == first["students"][0]["best_model"]
    assert (
        hash_file(tmp_path / "student_model_best.pth")
        == again["students"][0]["best_model"]["sha256"]
    )


@pytest.mark.parametrize(("version", "is_known"), [("1.7", True), ("2.0", False)])
def test_students_of_newer_versions(tmp_path, version, is_known):
    epochs = []
    train_students(DATA, QUICK, tmp_path, seeds=[3], progress=epochs.append)
    record = json.loads((tmp_path / "student.json").read_text())
    record |= {"format": version, "of_later": 1}
    (tmp_path / "student.json").write_text(json.dumps(record))

    with nullcontext() if is_known else pytest.raises(NewerFormatError, match="newer datagen"):
        train_students(DATA, QUICK, tmp_path, seeds=[3], progress=epochs.append)
    assert len(epochs) == QUICK.epochs


def test_students_are_written_with_a_report(tmp_path):
    report = train_students(DATA, QUICK, tmp_path, seeds=[3, 4])

    assert json.loads((tmp_path / "student_report.json").read_text()) == report
    scores = report["synthetic_validation_accuracy"]
    assert scores["spread"] == pytest.approx(np.std(scores["values"], ddof=1))
    folders = [tmp_path, tmp_path / "repeat_1"]
    for folder, student in zip(folders, report["students"], strict=True):
        path = folder / "student_model_final.pth"
        assert student["final_model"]["path"] == str(path)
        assert student["final_model"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        load_classifier(folder / "student_model_best.pth")
    assert report["data"]["sha256"] == DATA.sha256


@pytest.fixture
def model(tmp_path) -> Path:
    save_classifier(train_once(), tmp_path / "model.pth")
    return tmp_path / "model.pth"


def test_evaluation_has_the_keys_of_the_original(model):
    found = evaluate_student(model, DATA)

    assert list(found)[:10] == [
        "model_path", "mnist_test_dir", "total_samples", "correct_predictions",
        "incorrect_predictions", "overall_accuracy", "average_loss", "per_class_accuracy",
        "per_class_correct", "per_class_total",
    ]  # fmt: skip
    assert found["correct_predictions"] + found["incorrect_predictions"] == 50
    assert sum(found["per_class_correct"].values()) == found["correct_predictions"]
    assert found["overall_accuracy"] == pytest.approx(2 * found["correct_predictions"])
    assert found["model_sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()


def test_evaluation_counts_by_class(model):
    """Where the labels are the predictions, all is right; a class without images has no share."""
    probabilities = predict(train_once(), DATA.images)
    labels = probabilities.argmax(axis=1)
    kept = labels != 4
    data = check_labelled(DATA.images[kept], labels[kept], "predictions")

    found = evaluate_student(model, data, batch=7)

    assert found["overall_accuracy"] == 100
    assert found["per_class_accuracy"]["4"] is None
    assert found["per_class_total"] == found["per_class_correct"] == data.class_distribution
    losses = -np.log(probabilities[kept].max(axis=1))
    assert found["average_loss"] == pytest.approx(losses.mean(), rel=1e-4)


def test_several_students_have_mean_and_spread(model):
    found = evaluate_students([model, model], DATA)

    one = evaluate_students([model], DATA)
    assert found["models"] == [one, one]
    assert found["overall_accuracy"]["mean"] == pytest.approx(one["overall_accuracy"])
    assert found["overall_accuracy"]["spread"] == 0
