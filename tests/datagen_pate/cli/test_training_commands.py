"""The commands that train teachers and students, and measure them."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from datagen_pate.cli.evaluate_student import evaluate_student
from datagen_pate.cli.train_student import train_student
from datagen_pate.cli.train_teachers import train_teachers
from datagen_pate.errors import PateError
from pate_digits import make_digits


def call(command, *arguments):
    """Return what a command prints."""
    done = CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    x, y = make_digits(40)
    np.savez(path, x=x, y=y)
    return path


@pytest.fixture(scope="module")
def teachers(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers")
    options = ("--data", digits, "--num-models", 2, "--epochs", 1)
    call(train_teachers, *options, "-o", folder, "--save-shards", folder / "indices.json")
    return folder


def test_teachers_are_trained_and_told(digits, teachers):
    options = ("--data", digits, "--num-models", 2, "--epochs", 1, "-o", teachers)

    report = json.loads(call(train_teachers, *options, "--evaluate", digits, "--json"))

    assert report["plan"]["recipe"]["epochs"] == 1
    assert report["evaluation"]["data"]["total_samples"] == 40
    assert set(json.loads((teachers / "indices.json").read_text())) == {"0", "1"}


def test_job_of_an_array_leaves_the_rest_to_others(digits, tmp_path):
    options = ("--data", digits, "--num-models", 2, "--recipe", "original", "--epochs", 1)

    assert call(train_teachers, *options, "--end-id", 1, "-o", tmp_path) == ""
    report = json.loads(call(train_teachers, *options, "--start-id", 1, "-o", tmp_path, "--json"))
    assert report["plan"]["recipe"]["optimizer"] == "sgd"


def test_teachers_are_exported_and_imported(teachers, tmp_path):
    call(train_teachers, "-o", teachers, "--export", tmp_path / "tree")

    told = call(train_teachers, "--import", tmp_path / "tree", "-o", tmp_path / "new", "--json")

    known = json.loads((teachers / "teachers.json").read_text())
    assert json.loads(told)["weights_sha256"] == known["weights_sha256"]


def test_students_are_trained_and_measured(digits, tmp_path):
    options = ("--data", digits, "--epochs", 1, "--repeats", 2, "--no-cuda")
    told = call(train_student, *options, "-o", tmp_path)
    models = [tmp_path / "student_model_best.pth", tmp_path / "repeat_1" / "student_model_best.pth"]

    arguments = [f"--model={path}" for path in models]
    report = tmp_path / "report.json"
    told += call(evaluate_student, *arguments, "--data", digits, "--output", report)

    assert "synthetic validation accuracy" in told
    assert "mean " in told
    assert len(json.loads(report.read_text())["models"]) == 2


@pytest.mark.parametrize(
    "arguments", [[], ["--from", "pate_votes", "--data", "DIGITS"], ["--samples", "DIGITS"]]
)
def test_one_source_of_images_is_needed(digits, arguments):
    given = [str(digits) if argument == "DIGITS" else argument for argument in arguments]

    with pytest.raises(PateError, match="give one source"):
        call(train_student, *given)


def test_two_sources_of_real_images_are_refused(digits, teachers, tmp_path):
    with pytest.raises(PateError, match="give one"):
        call(train_teachers, "--data", digits, "--data-dir", tmp_path)
    model = tmp_path / "model.pth"
    model.touch()
    with pytest.raises(PateError, match="give one"):
        call(evaluate_student, "--model", model, "--data", digits, "--mnist-dir", tmp_path)
