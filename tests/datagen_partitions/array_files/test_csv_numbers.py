"""Cells become the numbers that pandas makes of them."""

from __future__ import annotations

import io

import numpy as np
import pytest

from datagen_partitions.array_files.csv_numbers import read_column, read_float


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", " 3 ", "+4", "007"], np.array([1, -2, 3, 4, 7])),
        (["9223372036854775808"], np.array([2**63], np.uint64)),
        (["1", ""], np.array([1, np.nan])),
        (
            ["1.", ".5", "-2e3", "1E-5", "inf", "-Infinity"],
            np.array([1, 0.5, -2e3, 1e-5, np.inf, -np.inf]),
        ),
        (["NA", "nan", "#N/A"], np.full(3, np.nan)),
        (["True", "FALSE"], np.array([True, False])),
    ],
)
def test_a_column_has_the_least_type_that_holds_it(cells, expected):
    found = read_column(cells)

    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected, equal_nan=expected.dtype.kind == "f")


@pytest.mark.parametrize(
    "cell",
    ["a", "1_000", "0x10", "1e", "1e+", ".", "-", "e5", "1 2", " NA", "٣", "1e400",
     "18446744073709551616"],
)  # fmt: skip
def test_anything_else_is_no_column_of_numbers(cell):
    assert read_column([cell]) is None


@pytest.mark.parametrize("cells", [["True", "1"], ["True", ""], ["18446744073709551615", "-1"]])
def test_types_that_do_not_mix_are_no_column(cells):
    assert read_column(cells) is None


def test_long_numbers_are_rounded_as_by_pandas():
    """Golden values of pandas 2.3.3; the last digit is not that of a correct rounding."""
    golden = {
        "0.12573022109339355": "0x1.017ed89db8448p-3",
        "123456789012345678901234567890": "0x1.8ee90ff6c373ep+96",
        "0.000012345678901234567": "0x1.9e40930262905p-17",
        "0.30000000000000004": "0x1.3333333333333p-2",
    }
    for text, expected in golden.items():
        assert read_float(text) == float.fromhex(expected), text


def test_numbers_are_those_of_pandas():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    scaled = rng.normal(size=2000) * 10.0 ** rng.integers(-330, 308, 2000)
    texts = [repr(float(value)) for value in [*rng.normal(size=2000), *scaled]]
    texts += [f"{a}.{b}" for a, b in rng.integers(0, 10**18, (2000, 2))]
    texts += [f"{value:.25f}" for value in rng.normal(size=500)]
    table = pandas.read_csv(io.StringIO("a\n" + "\n".join(texts)), low_memory=False)

    assert np.array_equal(read_column(texts), table["a"].to_numpy())
