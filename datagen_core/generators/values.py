"""Values as arrays that hold them exactly; what numpy would bend is refused.

numpy makes a float of 2**63 beside -1, text of a number beside text, drops a mask, the zeros at the
end of bytes, and the digits that a smaller type has no place for. Here, text and bytes are arrays
of `str` or `bytes` objects, and every other value is an array of a type that can be stored.
"""

from __future__ import annotations

import datetime as dt
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import SchemaError

NUMBERS = frozenset(
    {bool, int, float, complex}
    | {kind for kind in np.sctypeDict.values() if issubclass(kind, np.number | np.bool)}
) - {np.timedelta64}
"""The types of numbers, which arrays of one type hold exactly."""

_GROUPS = dict.fromkeys("biufc", "numbers") | {
    "S": "bytes",
    "M": "dates",
    "m": "durations",
    "V": "records",
}
_ADVICE: dict[type, str] = {
    type(None): "NaN, or a field of its own that says where there is no value",
    int: "it as text or bytes, since it has more than 64 bits",
    Decimal: "it as text, or float(value) where that is exact enough",
    Fraction: "its numerator and denominator, or float(value)",
    Enum: "its .value or .name",
    set: "a sorted list",
    frozenset: "a sorted list",
    dt.time: "seconds, or it as text",
    PurePath: "it as text",
    Mapping: "a dict of lists, or of dicts, instead of a dict in a list",
}
_OTHERWISE = "numbers, bool, str, bytes, dates, or lists and arrays of them"


def describe(value: object) -> str:
    """Return a short representation of a value, in one line."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        return str(value)
    plain = value.item() if isinstance(value, np.generic) else value
    text = " ".join(reprlib.repr(plain).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def exact_array(value: object) -> NDArray[Any]:
    """Return the value of one sample as an array.

    Raises
    ------
    SchemaError
        If it cannot be stored exactly; the message says what to yield instead.
    """
    if isinstance(value, np.ndarray):
        return _array_of_array(as_array(value))
    if isinstance(value, list | tuple):
        return stack(value)
    return _array_of_one(value)


def as_array(value: object) -> NDArray[Any]:
    """Return an array, or an array or table of another package, as `numpy.asarray` does.

    Raises
    ------
    SchemaError
        If it has a mask, or values that are missing, of which numpy would make NaN or whatever the
        mask hides, or if no type holds all columns of a table exactly.
    """
    if hasattr(value, "columns") and hasattr(value, "__array__"):
        return stack(list(map(as_array, _columns_of(value)))).swapaxes(0, -1)
    array = np.asanyarray(value)
    if isinstance(array, np.ma.MaskedArray):
        raise SchemaError(
            "a masked array would lose its mask; yield value.filled(…), or its data and mask as "
            "two fields"
        )
    if not isinstance(value, np.ndarray) and _lacks_values(value):
        raise SchemaError(
            "an array with missing values would become one of floats; fill them, or yield a field "
            "of its own that says where there is no value"
        )
    return np.asarray(array)


def _columns_of(table: Any) -> Iterator[object]:
    """Return the columns of a table of Arrow, polars or pandas."""
    for name in ("itercolumns", "iter_columns"):
        if hasattr(table, name):
            return iter(getattr(table, name)())
    return (column for _, column in table.items())


def _lacks_values(array: Any) -> bool:
    """Whether values of an array of Arrow, polars or pandas are null, which is not NaN."""
    nulls = getattr(array, "null_count", 0)
    if nulls() if callable(nulls) else nulls:
        return True
    # NaN and NaT count as missing, too: they are values where the type is numpy's.
    is_masked = hasattr(array, "isna") and not isinstance(array.dtype, np.dtype)
    return is_masked and bool(array.isna().any())


def _array_of_array(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind in "UT":
        return _array_of_array(array.astype(object))
    if array.dtype != object:
        return array
    if array.ndim == 0:
        return exact_array(array.item())
    flat = stack(list(array.flat)) if array.size else array.reshape(-1)
    return flat.reshape(array.shape + flat.shape[1:])


def _array_of_one(value: object) -> NDArray[Any]:
    plain = _exact_scalar(value)
    if isinstance(plain, str | bytes):
        return objects([plain]).reshape(())
    array = as_array(plain)
    if array.dtype.kind in "OUT" and array.ndim:  # such as a pandas column of text
        return _array_of_array(array)
    if array.dtype == object and hasattr(value, "__dlpack__"):
        array = np.from_dlpack(value)
    if array.dtype == object:
        advice = (text for kind, text in _ADVICE.items() if isinstance(value, kind))
        raise SchemaError(f"{describe(value)} cannot be stored; yield {next(advice, _OTHERWISE)}")
    return array


def _exact_scalar(value: object) -> object:
    """Return text, bytes and times as types that hold them exactly; other values as they are."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    return _exact_time(value) if isinstance(value, dt.date | dt.timedelta) else value


def _exact_time(value: dt.date | dt.timedelta) -> np.datetime64 | np.timedelta64:
    if getattr(value, "tzinfo", None) is not None:
        raise SchemaError(
            f"{value} has a time zone, which cannot be stored; "
            "yield value.astimezone(datetime.timezone.utc).replace(tzinfo=None)"
        )
    if hasattr(value, "to_numpy"):  # of pandas, with nanoseconds
        exact: np.datetime64 = value.to_numpy()
        return exact
    if isinstance(value, dt.date):
        return np.datetime64(value, "us" if isinstance(value, dt.datetime) else "D")
    microseconds = np.timedelta64(value, "us")
    if microseconds.item() != value:
        raise SchemaError(f"{value} has more microseconds than 64 bits can count; yield seconds")
    return microseconds


def objects(values: Sequence[object]) -> NDArray[Any]:
    """Return an array `(len(values),)` of these objects."""
    array = np.empty(len(values), object)
    for place, value in enumerate(values):  # numpy would look into lists and arrays
        array[place] = value
    return array


def stack(values: Sequence[Any]) -> NDArray[Any]:
    """Return values of one shape as an array with one more dimension.

    Raises
    ------
    SchemaError
        If they have different shapes, or no type holds all of them exactly.
    """
    kinds = set(map(type, values))
    alike = _stack_alike(values, *kinds) if len(kinds) == 1 else _stack_numbers(values, kinds)
    if alike is not None:
        return alike
    arrays = [exact_array(value) for value in values]
    shapes = list({array.shape: None for array in arrays})
    if len(shapes) > 1:
        raise SchemaError(
            f"values of shape {shapes[1]} and {shapes[0]} make no array; declare it as "
            "Field(…, ragged=True) if its first dimension differs from sample to sample"
        )
    dtype = common_dtype(arrays)
    return np.stack([fit(array, dtype) for array in arrays]) if arrays else np.empty(0)


def _stack_alike(values: Sequence[Any], kind: type) -> NDArray[Any] | None:
    """Return an array of values of one type, at once; None if that is not possible."""
    if kind in NUMBERS:
        # A known dtype takes half the time.
        array = np.array(values, kind if issubclass(kind, np.generic) else None)
        bent = array.dtype == object or (kind is int and array.dtype.kind == "f")
        return None if bent else array
    if kind is str or kind is bytes:
        array = np.empty(len(values), object)
        array[:] = values
        return array
    if kind is np.ndarray and values[0].dtype.kind in "biufcS":
        dtype, shape = values[0].dtype, values[0].shape
        if all(array.dtype is dtype and array.shape == shape for array in values):
            return np.array(values, dtype)
    return None


def _stack_numbers(values: Sequence[Any], kinds: set[type]) -> NDArray[Any] | None:
    """Return an array of numbers of several types, at once; None if that might bend one."""
    if not kinds <= NUMBERS or not kinds:
        return None
    array = np.asarray(values)
    if array.dtype.kind in "biu":
        return array
    # No float type of numpy's choice is too small for an integer below this.
    has_floats = any(issubclass(kind, float | complex | np.inexact) for kind in kinds)
    is_exact = has_floats and array.dtype != object and not (np.abs(array) >= 2**53).any()
    return array if is_exact else None


def common_dtype(arrays: Sequence[NDArray[Any]]) -> np.dtype[Any]:
    """Return the smallest dtype for the values of all arrays; object for text and bytes.

    Empty arrays do not count beside others, since an empty list is of no type.

    Raises
    ------
    SchemaError
        If there is none, as for text and numbers.
    """
    voting = [array for array in arrays if array.size] or list(arrays)
    groups = list({name: None for array in voting for name in _groups_of(array)})
    if len(groups) > 1:
        raise SchemaError(f"{groups[1]} and {groups[0]} do not fit into one field")
    dtypes = {array.dtype for array in voting}
    if len(dtypes) == 1 or not dtypes:
        return next(iter(dtypes), np.dtype(float))
    if groups == ["records"] and any(dtype.names is None for dtype in dtypes):
        raise SchemaError("opaque values of different sizes do not fit into one field")
    common: np.dtype[Any] = np.result_type(*dtypes)
    if common.kind == "f" and all(dtype.kind in "biu" for dtype in dtypes):
        return _common_integer(voting)
    return common


def _groups_of(array: NDArray[Any]) -> list[str]:
    if array.dtype == object:
        return ["text" if kind is str else "bytes" for kind in set(map(type, array.flat))]
    return [_GROUPS.get(array.dtype.kind, str(array.dtype))]


def _common_integer(arrays: Sequence[NDArray[Any]]) -> np.dtype[Any]:
    low, high = min(int(each.min()) for each in arrays), max(int(each.max()) for each in arrays)
    if low >= 0:
        return np.dtype(np.uint64)
    if high < 2**63:
        return np.dtype(np.int64)
    raise SchemaError(f"no type of 64 bits holds {low} and {high}; yield them as text")


def fit(array: NDArray[Any], dtype: np.dtype[Any], *, rounding: bool = False) -> NDArray[Any]:
    """Return an array as another dtype that holds its values exactly.

    Parameters
    ----------
    rounding
        Whether floats may be rounded to the precision of the dtype, but not to infinity.

    Raises
    ------
    SchemaError
        If the dtype cannot hold a value; the message has the first one.
    """
    if array.dtype == dtype:
        return array.view(dtype) if dtype.names else array  # a recarray's type equals others
    if not array.size:
        return np.empty(array.shape, dtype)
    if array.dtype.names and dtype.names:
        return _fit_members(array, dtype, rounding=rounding)
    cast = _CASTS.get(array.dtype.kind + dtype.kind)
    if cast is None:
        raise SchemaError(_refusal(array, dtype, array))
    fitted, kept = cast(array, dtype, rounding)
    if not kept.all():
        raise SchemaError(_refusal(array[~kept], dtype, array))
    return fitted


def _refusal(lost: NDArray[Any], dtype: np.dtype[Any], array: NDArray[Any]) -> str:
    found = "" if array.dtype == object else f" ({array.dtype})"
    return f"its {dtype} cannot hold {describe(lost.reshape(-1)[0])}{found}"


def _fit_members(array: NDArray[Any], dtype: np.dtype[Any], *, rounding: bool) -> NDArray[Any]:
    fitted = np.zeros(array.shape, dtype)
    for name, source in _pair_members(dtype.names or (), array.dtype.names or ()):
        member = fit(array[source], fitted[name].dtype, rounding=rounding)
        if member.shape != fitted[name].shape:
            raise SchemaError(f"its member {name!r} has another shape")
        fitted[name] = member
    return fitted


def _pair_members(names: tuple[str, ...], found: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Pair members by name; by position, as numpy does, where all names are others."""
    if set(names) == set(found):
        return zip(names, names, strict=True)
    if set(names) & set(found) or len(names) != len(found):
        raise SchemaError(f"its members are {names}, not {found}")
    return zip(names, found, strict=True)


Cast = tuple[NDArray[Any], NDArray[np.bool]]
"""An array in another dtype, and which of its values are kept."""


def _cast_safely(array: NDArray[Any], dtype: np.dtype[Any], _: bool) -> Cast:  # noqa: FBT001
    return array.astype(dtype), np.ones(1, bool)


def _cast_integers(array: NDArray[Any], dtype: np.dtype[Any], _: bool) -> Cast:  # noqa: FBT001
    cast = array.astype(dtype)
    return cast, (cast.astype(array.dtype) == array) & ((cast < 0) == (array < 0))


def _cast_to_floats(array: NDArray[Any], dtype: np.dtype[Any], _: bool) -> Cast:  # noqa: FBT001
    """Cast integers, which numpy could compare with floats only after rounding them."""
    with np.errstate(over="ignore"):
        cast = array.astype(dtype)
    exact = 2 ** (np.finfo(dtype).nmant + 1)
    kept = np.ones(array.shape, bool)
    large = np.flatnonzero((array > exact) | (array < -exact))
    pairs = zip(cast.real.flat[large], array.flat[large], strict=True)
    kept.flat[large] = [np.isfinite(to) and int(to) == int(number) for to, number in pairs]
    return cast, kept


def _cast_floats(array: NDArray[Any], dtype: np.dtype[Any], rounding: bool) -> Cast:  # noqa: FBT001
    with np.errstate(all="ignore"):
        cast = array.astype(dtype)
    is_kept = _is_finite_still if rounding else _is_same
    return cast, is_kept(array.real, cast.real) & is_kept(array.imag, cast.imag)


def _is_same(array: NDArray[Any], cast: NDArray[Any]) -> NDArray[np.bool]:
    same: NDArray[np.bool] = (cast == array) | (np.isnan(cast) & np.isnan(array))
    return same


def _is_finite_still(array: NDArray[Any], cast: NDArray[Any]) -> NDArray[np.bool]:
    finite: NDArray[np.bool] = np.isfinite(cast) | ~np.isfinite(array)
    return finite


def _cast_bytes(array: NDArray[Any], dtype: np.dtype[Any], _: bool) -> Cast:  # noqa: FBT001
    """Cast bytes of fixed length, which end before their last zeros."""
    cast = array.astype(dtype)
    kept = [one == other for one, other in zip(cast.flat, array.flat, strict=True)]
    return cast, np.reshape(kept, array.shape)


def _cast_times(array: NDArray[Any], dtype: np.dtype[Any], _: bool) -> Cast:  # noqa: FBT001
    cast = array.astype(dtype)
    named = np.can_cast(array.dtype, dtype, "same_kind") and _has_unit(array)
    kept = (cast.astype(array.dtype) == array) & named
    return cast, kept | np.isnat(array)


def _has_unit(array: NDArray[Any]) -> bool:
    return np.datetime_data(array.dtype)[0] != "generic"


_CASTS: dict[str, Callable[[NDArray[Any], np.dtype[Any], bool], Cast]] = {
    **dict.fromkeys(["bi", "bu", "bf", "bc", "SO"], _cast_safely),
    **dict.fromkeys(["ii", "iu", "ui", "uu"], _cast_integers),
    **dict.fromkeys(["if", "uf", "ic", "uc"], _cast_to_floats),
    **dict.fromkeys(["ff", "fc", "cc"], _cast_floats),
    **dict.fromkeys(["OS", "SS"], _cast_bytes),
    **dict.fromkeys(["MM", "mm"], _cast_times),
    "bb": _cast_safely,
}
"""How values become another dtype, by the kinds of both; other pairs are refused."""
