import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.generators.schema import Field, Ragged
from datagen_core.store.shard_writer import GrowingArray, GrowingColumns

FIELD = Field("float64", (2,), ragged=True)


def ragged(lengths, start=0):
    arrays = [np.full((n, 2), start + i, float) for i, n in enumerate(lengths)]
    return Ragged.from_arrays(arrays, FIELD)


@given(st.lists(st.lists(st.integers(0, 4), max_size=5), min_size=1, max_size=6))
def test_ragged_columns_come_back_as_they_were_appended(parts):
    growing = GrowingColumns()
    wanted = []
    for place, lengths in enumerate(parts):
        column = ragged(lengths, 10 * place)
        growing.append({"x": column, "y": np.arange(len(lengths))})
        wanted += list(column)

    found = growing.first(len(wanted))
    assert [array.tolist() for array in found["x"]] == [array.tolist() for array in wanted]
    assert len(found["y"]) == len(wanted)


def test_a_slice_of_a_ragged_column_is_appended_without_the_rest():
    growing = GrowingColumns()
    growing.append({"x": ragged([1, 2, 3])[1:2]})

    assert growing.first(1)["x"].values.tolist() == [[1.0, 1.0]] * 2


def test_rows_behind_the_first_are_left_out():
    growing = GrowingColumns()
    growing.append({"x": ragged([1, 2, 3])})

    assert growing.first(2)["x"].lengths.tolist() == [1, 2]


def test_clearing_keeps_the_memory():
    growing = GrowingArray(np.zeros((0, 3)))
    growing.append(np.ones((5, 3)))
    memory = growing.first(5).base
    growing.clear()
    growing.append(np.zeros((4, 3)))

    assert growing.first(4).base is memory
    assert not growing.first(4).any()
