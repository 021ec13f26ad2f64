"""What the commands of federated training share."""

import click
import pytest

from datagen_federations.cli.training_options import choose_output


def test_a_folder_with_nothing_but_a_log_is_taken_again(tmp_path):
    (tmp_path / "client_0").mkdir()
    (tmp_path / "client_0" / "logs.txt").write_text("it did not reach the server")

    assert choose_output(tmp_path, "client_0") == tmp_path / "client_0"


def test_a_folder_with_results_is_refused(tmp_path):
    (tmp_path / "model.pth").touch()

    with pytest.raises(click.UsageError, match="not empty"):
        choose_output(tmp_path)
