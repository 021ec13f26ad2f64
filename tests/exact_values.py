"""Values of every type of field, sets that hold them, and the comparison of what comes back."""

from __future__ import annotations

import numpy as np

import datagen_core
from datagen_core import Field, Schema, generate


def extremes(kind):
    info = np.iinfo(kind)
    return [info.min, info.max, 1, 2, 3]


FLOATS = [0.1, -0.0, np.nan, np.inf, 1 / 3]
COMPLEX = [1 - 2j, complex(np.nan, 0.1), 0, 1j, -1]
COUNTS = [0, 1, -5, 12345, -(2**63)]  # the last is NaT
INNER = np.dtype([("p", "u8"), ("q", "?")])
RECORD = np.dtype(
    [("a", "i4"), ("b", "f8", (2,)), ("c", "c8"), ("t", "M8[us]"), ("s", "S3"), ("n", INNER, (2,))]
)
RECORDS = [
    (5, (1.5, np.nan), 1 - 2j, "2020-01-01T12:00", b"xy", [(2**64 - 1, True), (0, False)]),
    (-5, (0.1, -0.0), 0, "NaT", b"", [(1, True), (2, True)]),
] * 3

VALUES = {
    **{kind: extremes(kind) for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")},
    **dict.fromkeys(("f2", "f4", "f8"), FLOATS),
    **dict.fromkeys(("c8", "c16"), COMPLEX),
    "?": [True, False, True, True, False],
    "S5": [b"ab", b"", b"abcde", b"\0a", b"\n"],
    "V4": [b"abcd", b"\0\0\0\0", b"a\0\0\0", b'\n\r",', b"\xff" * 4],
    **{f"M8[{unit}]": COUNTS for unit in ("M", "W", "D", "h", "m", "s", "ms", "us", "ns", "25s")},
    **{f"m8[{unit}]": COUNTS for unit in ("W", "D", "h", "m", "s", "ms", "us", "ns", "25s")},
    "M8[Y]": [0, 1, -5, 12345, -(2**63)],
    "M8[ps]": [0, 1000, -5000, 10**15, -(2**63)],
    "m8[ps]": [0, 1000, -5000, 10**15, -(2**63)],
}
NOT_PARQUET = {
    "longdouble": FLOATS,
    "clongdouble": COMPLEX,
    "m8[Y]": COUNTS,
    "m8[M]": COUNTS,
    "M8[fs]": COUNTS,
    "m8[as]": COUNTS,
    "M8[s]": [2**62] * 5,
    "M8[D]": [2**40] * 5,
}
TEXTS = ["", "é", 'say "hi",\n', "a\rb", "nan"]
BYTES = [b"", b"a\0", b"\0", bytes(range(256)), b"\r\n"]


def array(kind, values):
    dtype = np.dtype(kind)
    return np.array(values, np.int64 if dtype.kind in "mM" else dtype).view(dtype)


SHAPES = [(), (2,), (2, 3), "ragged", "ragged rows"]
"""The shapes of a value, or ragged fields, whose rows are numbers or vectors."""


def all_types(form):
    """Return columns of all types in one of `SHAPES`, and their fields."""
    ragged = isinstance(form, str)
    shape = {"ragged": (2,), "ragged rows": (2, 3)}.get(form, form)
    columns, inner = columns_of(VALUES, shape), shape[1:] if ragged else shape
    return columns, {name: Field(col.dtype, inner, ragged=ragged) for name, col in columns.items()}


def columns_of(values, shape):
    """Return five values of each type, each repeated in a shape, by the name of a field."""
    columns = {kind: array(kind, each) for kind, each in values.items()}
    columns["record"] = np.array(RECORDS[:5], RECORD)
    return {
        f"f{number}": np.repeat(column, int(np.prod(shape))).reshape(5, *shape)
        for number, column in enumerate(columns.values())
    }


def make(folder, columns, fields, size=1):
    """Make five samples with the values of the columns."""

    @datagen_core.generator(size, schema=Schema(fields))
    def values(size, start):
        for place in range(start, start + size):
            yield {name: column[place % 5] for name, column in columns.items()}

    return generate(values, 5, executor="inline", cache=folder)


def assert_same(found, wanted):
    """Compare arrays bit by bit, but for the padding of long doubles and the bits of NaN."""
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    if found.dtype.names:
        for name in found.dtype.names:
            assert_same(found[name], wanted[name])
    elif found.dtype.kind in "fc":
        assert np.array_equal(found, wanted, equal_nan=True)
        assert np.array_equal(np.signbit(found.real), np.signbit(wanted.real))
    else:
        assert found.tobytes() == wanted.tobytes()


def read_arrow(found, dtype, shape=()):
    """Return what an array of Arrow holds, as values of a dtype and a shape."""
    if shape:
        found = getattr(found, "storage", found)  # of a tensor
        while str(found.type).startswith("fixed_size_list"):
            found = found.flatten()
        return read_arrow(found, dtype).reshape(-1, *shape)
    parts = {key: dtype[key].subdtype or (dtype[key], ()) for key in dtype.names or ()}
    if not parts and dtype.kind == "c":
        real, imag = (read_arrow(found.field(key), np.empty(0, dtype).real.dtype) for key in
                      ("real", "imag"))  # fmt: skip
        return (np.stack([real, imag], -1)).view(dtype)[:, 0]
    if not parts:
        values = found.to_pylist() if dtype.kind in "SV" else found.to_numpy(zero_copy_only=False)
        return np.array(values).astype(dtype) if dtype.kind != "V" else np.array(values, dtype)
    result = np.zeros(len(found), dtype)
    for key, (inner, more) in parts.items():
        result[key] = read_arrow(found.field(key), inner, more)
    return result
