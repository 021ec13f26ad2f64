"""Files of the user: what is taken as inputs and labels, and what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from datagen_core import DatagenError
from datagen_partitions.array_files import Labels, format_of, read_labelled, reading

CSV = "a,b,y\n1,2.5,0\n3,4.5,1\n"
SPARSE = '{"stype": "csr", "dtype": "float64", "shape": [3, 2]}\n0:1.5 1:2.0\n\n1:-1.0'
SVMLIGHT = "1 1:0.5 3:2\n-1 2:1.25\n"


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a text or an array under a name."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            np.save(path, content, allow_pickle=True)
        return path

    return write


def read(path, column=None, labels=None):
    form = format_of(labels) if labels is not None else None
    return read_labelled(path, format_of(path), Labels(labels, form, column))


def check(found, x, y):
    for array, expected in zip(found, (x, y), strict=True):
        assert (array.dtype, array.shape) == (expected.dtype, expected.shape)
        assert np.array_equal(array, expected)


def test_a_column_of_a_table_is_taken_out_by_name(write):
    check(read(write("t.csv", CSV), "y"), np.array([[1, 2.5], [3, 4.5]]), np.array([0, 1]))


def test_a_column_is_taken_out_by_index_in_the_common_type(write):
    check(read(write("t.csv", CSV), 2), np.array([[1, 2.5], [3, 4.5]]), np.array([0.0, 1.0]))
    matrix = write("m.npy", np.arange(6, dtype=np.int16).reshape(2, 3))
    check(read(matrix, -1), np.array([[0, 1], [3, 4]], np.int16), np.array([2, 5], np.int16))


def test_labels_may_have_a_file_of_their_own(write):
    x = np.zeros((2, 4, 3), np.float32)
    check(read(write("x.npy", x), labels=write("y.npy", np.array([1, 0]))), x, np.array([1, 0]))
    check(read(write("x.npy", x), labels=write("y.csv", "y\n1\n0\n")), x, np.array([[1], [0]]))


def test_a_sparse_file_of_declearn_is_read_dense(write):
    x, y = read(write("s.sparse", SPARSE), labels=write("y.npy", np.arange(3)))
    check((x, y), np.array([[1.5, 2], [0, 0], [0, -1]]), np.arange(3))


def test_svmlight_is_read_dense_with_its_own_labels_or_others(write):
    pytest.importorskip("sklearn")
    path = write("s.svmlight", SVMLIGHT)
    x = np.array([[0.5, 0, 2], [0, 1.25, 0]])
    check(read(path), x, np.array([1.0, -1.0]))
    check(read(path, labels=write("y.npy", np.array([4, 5]))), x, np.array([4, 5]))


def test_without_scikit_learn_one_line_says_what_to_install(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DatagenError, match=r"pip install 'datagen\[sklearn\]'"):
        read(write("s.svmlight", SVMLIGHT))


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        ("a,y\n1,x\n", 0, "column 'y' holds 'x' in line 2; code it as numbers"),
        ("a,y\n1,99999999999999999999\n", 0, "column 'y' holds integers beyond 64 bits"),
        ("a,y\n1,2\n3\n", 0, "1 values in line 3, but 2 columns"),
        ("a,y\n", 0, "no rows below its header"),
        ("a,y\n1,True\n2,False\n", 0, "true and false beside numbers"),
        ("a,y\n1,0\n2,\n", "y", "there is no label in row 2"),
        ("a,y\n1,2\n", "z", "no column 'z', and there is no such file; There are: a, y"),
        ("a,y\n1,2\n", 2, r"\(1, 2\), from which column 2 cannot be taken; count columns from 0"),
        ("y\n1\n", "y", "holds no inputs"),
        ('a,y\n1,"2\n', 0, "cannot be read as csv in UTF-8: unexpected end of data"),
    ],
)
def test_tables_that_cannot_be_divided_are_refused(write, content, column, message):
    with pytest.raises(DatagenError, match=message):
        read(write("t.csv", content), column)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((3, 2)), np.zeros(2), r"labels are \(2,\) for 3 rows"),
        (np.zeros((3, 2)), np.zeros((3, 2)), r"labels are \(3, 2\) for 3 rows"),
        (np.zeros(3), np.zeros(3), r"an array \(3,\); it takes \(rows, …\)"),
        (np.zeros((0, 3)), np.zeros(0), "at least one row"),
        (np.array([["a"], [1]], object), np.zeros(2), "data_file cannot be read as npy: Object"),
        (np.array([["a"], ["b"]]), np.zeros(2), "data_file holds <U1"),
        (np.zeros((2, 2)), np.array([1, np.nan]), "no label in row 2"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(write, x, y, message):
    with pytest.raises(DatagenError, match=message):
        read(write("x.npy", x), labels=write("y.npy", y))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.npy", "no npy", "data_file cannot be read as npy"),
        ("x.sparse", "1:2\n", "data_file is not a sparse matrix of declearn"),
        ("x.sparse", SPARSE.replace("float64", "int8").replace("1.5", "300"), "OverflowError"),
        ("x.sparse", SPARSE + "\n9:1", "data_file is not a sparse matrix of declearn: IndexError"),
    ],
)
def test_damaged_files_are_refused(write, name, content, message):
    with pytest.raises(DatagenError, match=message):
        read(write(name, content), 0)


@pytest.mark.parametrize("shape", [(10**13, 10), (10**30, 1), (-(10**30), 1), (13, 1)])
def test_a_header_that_tells_of_more_than_there_is_is_refused(tmp_path, shape):
    with (tmp_path / "x.npy").open("wb") as file:
        head = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, head)
        file.write(bytes(100))
    with pytest.raises(DatagenError, match=r"data_file cannot be read as npy: .*; write it with"):
        read(tmp_path / "x.npy", 0)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_each_version_of_npy_is_read(tmp_path, version):
    with (tmp_path / "x.npy").open("wb") as file:
        np.lib.format.write_array(file, np.arange(6).reshape(3, 2), version)
    check(read(tmp_path / "x.npy", 1), np.array([[0], [2], [4]]), np.array([1, 3, 5]))


def test_names_need_a_table(write):
    with pytest.raises(DatagenError, match=r"there is no file y\.npz, and only columns of csv"):
        read(write("x.npy", np.zeros((2, 2))), "y.npz")


def test_too_large_matrices_are_refused(write, monkeypatch):
    monkeypatch.setattr(reading, "_MOST_BYTES", 47)
    with pytest.raises(DatagenError, match="data_file is 3 x 2, too large for dense rows"):
        read(write("s.sparse", SPARSE), 0)
