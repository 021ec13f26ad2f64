import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datagen_images import ImagesError, read_idx
from idx_files import idx_content, write_idx

ARRAYS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))


@given(array=ARRAYS, name=st.sampled_from(["plain", "packed.gz"]))
def test_what_was_written_is_read(tmp_path_factory, array, name):
    path = write_idx(tmp_path_factory.mktemp("idx") / name, array)
    found = read_idx(path)
    assert found.dtype == np.uint8
    assert np.array_equal(found, array)


def test_gzip_is_told_by_content(tmp_path):
    path = tmp_path / "no-suffix"
    path.write_bytes(gzip.compress(idx_content(np.arange(6))))
    assert read_idx(path).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_array_is_read_only(tmp_path):
    assert not read_idx(write_idx(tmp_path / "labels", np.arange(3))).flags.writeable


CONTENT = idx_content(np.zeros((3, 2, 2)))
PACKED = gzip.compress(CONTENT, mtime=0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not start like an IDX file"),
        (b"<html>404</html>", "does not start like an IDX file"),
        (CONTENT[:9], "ends within its header"),
        (CONTENT[:-1], "holds 11 values where its header says 12"),
        (CONTENT + b"\0", "holds 13 values where its header says 12"),
        (b"\0\0\x0d" + CONTENT[3:], "does not start like an IDX file of bytes"),
        (PACKED[:-9], "is damaged"),
        (PACKED[:12] + b"\xff\xff" + PACKED[14:], "is damaged"),
        (PACKED[:2] + b"\x07" + PACKED[3:], "is damaged"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(tmp_path, content, reason):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(ImagesError, match=reason) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ImagesError, match=r"nothing cannot be read: No such file"):
        read_idx(tmp_path / "nothing")
