"""Parameters of a division: images or files of the user."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datagen_partitions.client_files import ImagePartitionParams


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Make x.npy and y.npy in the current folder."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.zeros((6, 2)))
    np.save("y.npy", np.arange(6) % 2)


def test_label_file_is_a_file_or_a_column(data):
    for given, column in (("y.npy", None), ("target", "target"), (3, 3)):
        made = ImagePartitionParams(data_file="x.npy", label_file=given)
        assert made.label_column == column
        assert (made.label_format, made.label_file is None) == (
            ("npy", False) if column is None else (None, True)
        )


@pytest.mark.parametrize(("text", "column"), [("1", 1), ("-1", -1), ("1.5", "1.5")])
def test_a_whole_number_as_text_is_an_index(data, text, column):
    assert ImagePartitionParams(data_file="x.npy", label_file=text).label_column == column


def test_a_name_that_is_a_number_is_a_label_column_or_a_file(data):
    made = ImagePartitionParams(data_file="x.npy", label_column="1")
    assert made.label_column == "1"
    np.save("7.npy", np.zeros(6))
    Path("7.npy").rename("7")
    made = ImagePartitionParams(data_file="x.npy", label_file="7", label_format="npy")
    assert (made.label_column, made.label_format) == (None, "npy")


def test_content_counts_and_a_recorded_set_is_bound_again(data):
    made = ImagePartitionParams(data_file="x.npy", label_file="y.npy")
    assert made.data_file.startswith("sha256:")
    assert ImagePartitionParams(**made.canonical()) == made


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"p_valid": 1.0}, r"p_valid\n.*less than 1"),
        ({"p_valid": -0.1}, r"p_valid\n.*greater than or equal to 0"),
        ({"label_file": "y.npy"}, "label_file: name data_file and one of them"),
        ({"label_column": 1}, "label_column: name data_file and one of them"),
        ({"data_file": "x.npy"}, "data_file needs label_file"),
        ({"data_file": "x.npy", "label_file": "y.npy", "label_column": 1}, "one of them"),
        ({"data_file": "x.npy", "label_file": "no", "label_column": 1}, "there is no file no"),
        ({"data_file": "x.npy", "label_file": 0, "source": "mnist"}, "source is for images"),
        ({"data_file": "x.npy", "label_file": 0, "part": "test"}, "part is for images"),
        ({"data_file": "z.npy", "label_file": 0}, "z.npy cannot be read"),
        ({"data_file": "sha256:" + "0" * 64, "label_file": 0}, "say data_format"),
        ({"data_format": "npy"}, "goes with a file alone"),
        ({"perc_train": 0.8}, "perc_train"),
    ],
)
def test_what_does_not_go_together_is_refused(data, values, message):
    with pytest.raises(ValueError, match=message):
        ImagePartitionParams(**values)


def test_another_ending_needs_a_format(data, tmp_path):
    (tmp_path / "x.npy").rename("x.dat")
    with pytest.raises(ValueError, match=r"for another name say data_format"):
        ImagePartitionParams(data_file="x.dat", label_file=0)
    assert (
        ImagePartitionParams(data_file="x.dat", label_file=0, data_format="npy").label_column == 0
    )
