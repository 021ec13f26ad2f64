"""What other libraries and files hold of the types of fields: units of time, and refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import ConfigurationError

_COARSE = dict.fromkeys("WDhms", "s")
_FINE = {**{unit: unit for unit in ("ms", "us", "ns")}, **dict.fromkeys(("ps", "fs", "as"), "ns")}


@dataclass(frozen=True)
class Target:
    """A library or a format that takes columns.

    Attributes
    ----------
    name
        What messages call it.
    remedy, of_no_elements
        What to do with a column that it cannot hold, and with one of values without elements.
    dates, differences
        The unit that it has for each unit of NumPy that it can stand for.
    """

    name: str
    remedy: str
    dates: Mapping[str, str]
    of_no_elements: str | None = None
    differences: Mapping[str, str] = field(default_factory=lambda: {**_COARSE, **_FINE})

    def refusal(self, column: str, what: str, remedy: str | None = None) -> ConfigurationError:
        """Return the error that this cannot hold a column, which is of a type in words."""
        return ConfigurationError(
            f"{column} is {what}, which {self.name} cannot hold; {remedy or self.remedy}"
        )

    def in_its_unit(self, name: str, column: NDArray[Any]) -> NDArray[Any]:
        """Return dates or differences in a unit of this, the same array if that is its unit.

        Raises
        ------
        ConfigurationError
            If there is no such unit, or a value is not exact in it.
        """
        kind, unit = column.dtype.kind, np.datetime_data(column.dtype)[0]
        target = (self.dates if kind == "M" else self.differences).get(unit)
        if target is None:
            raise self.refusal(name, str(column.dtype))
        converted = column.astype(f"{kind}8[{target}]", copy=False)
        if converted is not column and not _is_exact(converted, column):
            raise self.inexact(name, column, target)
        return converted

    def inexact(self, name: str, column: NDArray[Any], unit: str) -> ConfigurationError:
        """Return the error that a value of a column is not exact in the unit that this has."""
        return ConfigurationError(
            f"{name} has a {column.dtype} that is not exact in {unit}, the unit of {self.name}; "
            f"{self.remedy}"
        )


def refuse_twice(names: Iterable[str], remedy: str) -> None:
    """Refuse two columns of one name.

    Raises
    ------
    ConfigurationError
        If there are any; it ends with what to do.
    """
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigurationError(f"two columns would be called {name!r}; {remedy}")


def _is_exact(converted: NDArray[Any], column: NDArray[Any]) -> bool:
    """Return whether times are the same in both units."""
    return np.array_equal(converted.astype(column.dtype).view(np.int64), column.view(np.int64))


def _dates(day: str, second: str) -> dict[str, str]:
    return {**dict.fromkeys("YMWD", day), **dict.fromkeys("hms", second), **_FINE}


PARQUET = Target("parquet", "export it as csv or npz", _dates("D", "ms"), "export it as npz")
ARROW = Target("Arrow", "read it with get()", _dates("D", "s"))
HUGGING_FACE = Target("datasets", "read it with get()", _dates("D", "s"))
PANDAS = Target("pandas", "read it with get()", _dates("s", "s"))
XARRAY = Target("xarray", "read it with get()", _dates("s", "s"))
