"""What the commands of federated training share."""

import json
import math

import click
import pytest

from datagen_federations.cli.training_options import choose_output, dump_json


def test_numbers_that_json_has_not_are_null():
    value = {"rounds": [{"loss": math.nan, "accuracy": 0.5}, {"loss": math.inf}]}

    assert json.loads(dump_json(value)) == {
        "rounds": [{"loss": None, "accuracy": 0.5}, {"loss": None}]
    }


def test_a_folder_with_nothing_but_a_log_is_taken_again(tmp_path):
    (tmp_path / "client_0").mkdir()
    (tmp_path / "client_0" / "logs.txt").write_text("it did not reach the server")

    assert choose_output(tmp_path, "client_0") == tmp_path / "client_0"


def test_a_folder_with_results_is_refused(tmp_path):
    (tmp_path / "model.pth").touch()

    with pytest.raises(click.UsageError, match="not empty"):
        choose_output(tmp_path)
