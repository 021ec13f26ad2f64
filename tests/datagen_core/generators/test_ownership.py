"""Buffers that a generator goes on using: a sample is what they held when it was yielded."""

from __future__ import annotations

import array
import collections
import ctypes
import mmap
import types

import numpy as np
import pytest

from datagen_core import Field, Ragged, Schema
from datagen_core.errors import SchemaError
from datagen_core.generators.records import collect
from datagen_core.store.shards import columns_checksum

RECORDS = np.zeros(2, [("p", "f8"), ("q", "i4")])


class OtherArray:
    """An array of another package, which keeps its memory."""

    def __init__(self):
        self.memory = np.zeros(2)

    def __setitem__(self, key, value):
        self.memory[key] = value

    def __array__(self, dtype=None, copy=None):
        return self.memory


class OtherTensor:
    """A tensor of another package, which numpy reads in one way alone."""

    def __init__(self):
        self.memory = np.zeros(2)
        self.__setitem__ = self.memory.__setitem__

    def __setitem__(self, key, value):
        self.memory[key] = value

    def __dlpack__(self, **options):
        return self.memory.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.memory.__dlpack_device__()


class OtherSequence:
    """What numpy reads item by item, though it is of no type that says so."""

    def __init__(self, memory):
        self.memory = memory

    def __len__(self):
        return len(self.memory)

    def __getitem__(self, place):
        return self.memory[place]


def read_only(buffer):
    view = buffer.view()
    view.flags.writeable = False
    return view


def same(buffer):
    return buffer


BUFFERS = {
    "array": (lambda: np.zeros(2), same),
    "subclass": (lambda: np.zeros(2).view(np.recarray), same),
    "mapped": (lambda: np.frombuffer(mmap.mmap(-1, 16)), same),
    "view": (lambda: np.zeros((2, 3)), lambda b: b[:, 1]),
    "read-only view": (lambda: np.zeros(2), read_only),
    "0-d": (lambda: np.zeros(1), lambda b: b[0, ...]),
    "record": (RECORDS.copy, lambda b: b[0]),
    "record of recarray": (lambda: RECORDS.copy().view(np.recarray), lambda b: b[0]),
    "objects": (lambda: np.array([0, 1], object), same),
    "lists in objects": (lambda: [0, 1], lambda b: np.array([b, None], object)[:1]),
    "memoryview": (lambda: bytearray(2), memoryview),
    "bytearray": (lambda: bytearray(2), same),
    "array.array": (lambda: array.array("f", [0, 0]), same),
    "ctypes": (ctypes.c_double * 2, same),
    "other array": (OtherArray, same),
    "other tensor": (OtherTensor, same),
    "list": (lambda: [0, 0], same),
    "other sequence": (lambda: [0, 0], OtherSequence),
    "list of other sequences": (lambda: np.zeros(2), lambda b: [OtherSequence(b)]),
    "deque": (lambda: collections.deque([0, 0]), same),
    "list of arrays": (lambda: np.zeros(1), lambda b: [b, b]),
    "tuple of lists": (lambda: [0], lambda b: (b, b)),
    "dict of lists": (lambda: [0], lambda b: {"p": {"q": b}}),
    "proxy": (lambda: [0], lambda b: types.MappingProxyType({"p": b})),
}
WRAPPED = {
    "pair": lambda b: (b, b[1]),
    "pieces": lambda b: {"a": b[None, :]},
    "ragged piece": lambda b: {"a": Ragged(b, np.array([0, 2]))},
    "ragged slice": lambda b: {"a": Ragged(b, np.array([0, 1, 2]))[0:1]},
    "ragged sample": lambda b: {"a": b[: int(b[0])]},
    "user dict": lambda b: collections.UserDict(a=b),
}


def fill(buffer, number):
    is_record = isinstance(buffer, np.ndarray) and buffer.dtype.names
    buffer[0] = (number, number) if is_record else number


def reuse(make, wrap):
    buffer = make()
    for number in range(3):
        fill(buffer, number)
        yield wrap(buffer)


def renew(make, wrap):
    for number in range(3):
        buffer = make()
        fill(buffer, number)
        yield wrap(buffer)


def check_copies(make, wrap, schema=None):
    found, wanted = (collect(each(make, wrap), 3, schema)[0] for each in (reuse, renew))
    assert columns_checksum(found) == columns_checksum(wanted)


@pytest.mark.parametrize("kind", BUFFERS)
def test_a_buffer_is_copied_when_it_is_yielded(kind):
    make, wrap = BUFFERS[kind]

    check_copies(make, lambda buffer: {"a": wrap(buffer)})


@pytest.mark.parametrize("kind", WRAPPED)
def test_so_is_a_buffer_in_whatever_holds_it(kind):
    check_copies(lambda: np.zeros(2), WRAPPED[kind])


def test_so_are_pieces_of_a_known_schema():
    check_copies(lambda: np.zeros(2), WRAPPED["pieces"], Schema({"a": Field("f8", (2,))}))


def test_a_dict_that_is_filled_again_is_copied():
    def make(sample):
        for number in range(3):
            sample["a"], sample["more"]["b"][0] = number, number
            yield sample

    columns, _ = collect(make({"a": 0, "more": {"b": [0]}}), 3, None)

    assert columns["a"].tolist() == [0, 1, 2]
    assert columns["more.b"].tolist() == [[0], [1], [2]]


def test_tensors_of_torch_are_copied():
    torch = pytest.importorskip("torch")

    for wrap in (same, lambda b: b[0], lambda b: [b, b]):
        check_copies(lambda: torch.zeros(2), lambda buffer, wrap=wrap: {"a": wrap(buffer)})


@pytest.mark.parametrize("change", ["requires_grad_", "bfloat16", "to_sparse"])
def test_a_tensor_that_numpy_cannot_read_is_named(change):
    torch = pytest.importorskip("torch")

    with pytest.raises(SchemaError, match=r"field 'a' of sample 7, tensor\(.*cannot be stored"):
        collect(iter([{"a": getattr(torch.ones(2), change)()}]), 1, None, start=7)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"a": {"b": {}}}, "field 'a.b' is an empty dict"),
        ({"a": {"b": 1}, "a.b": 2}, "two values of a sample are called 'a.b'"),
        ({1: 2}, "1 is not a field name"),
        ({"a": {None: 2}}, "None is not a field name: use text"),
        ({"a": {"b c": 2}}, "'a.b c' is not a field name"),
        ({"a": {"": 2}}, "'a.' is not a field name"),
    ],
)
def test_names_of_nested_values_are_clear(item, words):
    with pytest.raises(SchemaError, match=words):
        collect(iter([item]), 1, None)


def test_a_dict_that_holds_itself_is_refused():
    item = {}
    item["a"] = item

    with pytest.raises(SchemaError, match="sample 5: a dict holds itself"):
        collect(iter([item]), 1, None, start=5)


@pytest.mark.parametrize("made", [{"a": {"b": [1, 2]}}, iter([{"a": {"b": 1}}, {"a": {"b": 2}}])])
def test_a_nested_value_has_a_name_with_dots(made):
    columns, _ = collect(made, 2, Schema({"a.b": Field("i8")}))

    assert columns["a.b"].tolist() == [1, 2]
