"""The table of types in docs/how-to/read-elsewhere.md: each cell says what really is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import datagen_core
from datagen_core import ConfigurationError, Field, Schema, generate

for package in ("pyarrow", "pandas", "datasets", "xarray"):
    pytest.importorskip(package)

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "read-elsewhere.md"
LIBRARIES = ("to_arrow", "to_pandas", "to_hf", "to_xarray")


def rows():
    """Yield (type, cells) for each type of the first table of the page."""
    table = PAGE.read_text().partition("| field | Arrow |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        first, *cells = (cell.strip() for cell in line.strip("|").split(" | "))
        kinds = re.findall(r"`([^`]+)`", first)
        if "integers" in first:
            kinds += ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
        yield from ((kind, cells) for kind in kinds)


def value_of(kind):
    special = {"str": "é", "bytes": b"a\0", "bool": True, "S5": b"ab", "V4": np.void(b"ab\0\0")}
    if kind in special:
        return special[kind]
    dtype = np.dtype(kind)
    return np.ones((), np.int64).view(dtype)[()] if dtype.kind in "mM" else dtype.type(1)


def type_in(library, samples):
    """Return the name of the type of the field in a library."""
    found = getattr(samples, library)()
    if library == "to_arrow":
        return str(found.schema.field("x").type)
    if library == "to_hf":
        feature = found.features["x"]
        return "struct" if isinstance(feature, dict) else feature.dtype
    return str(found["x"].dtype)


ARROW = {"float16": "halffloat", "float32": "float", "float64": "double"}
NUMPY = {"longdouble": "float128", "clongdouble": "complex256"}


def expected(cell, kind, library):
    """Return the name that a cell says."""
    if cell == "same unit":
        return kind.replace("datetime64", "timestamp")
    if cell == "same":
        return (ARROW if library == "to_arrow" else NUMPY).get(kind, kind)
    return {"objects": "object"}.get(cell, cell.strip("`"))


@pytest.mark.parametrize(("kind", "cells"), list(rows()), ids=[kind for kind, _ in rows()])
def test_types_elsewhere(kind, cells, tmp_path):
    field = Field({"str": str, "bytes": bytes}.get(kind, kind))

    @datagen_core.generator(1, schema=Schema({"x": field}))
    def typed(size):
        yield from [{"x": value_of(kind)}] * size

    samples = generate(typed, 2, executor="inline", cache=tmp_path).samples
    for library, cell in zip(LIBRARIES, cells, strict=True):
        if cell == "refused":
            with pytest.raises(ConfigurationError, match=r"^x\S* is .*; read it with get\(\)$"):
                getattr(samples, library)()
        else:
            found = type_in(library, samples)
            assert found.partition("<")[0] == expected(cell, kind, library), library


def test_the_table_has_every_kind_of_type():
    kinds = [kind for kind, _ in rows()]

    assert {np.dtype(kind).kind for kind in kinds if kind not in {"str", "bytes"}} == set(
        "biufcSVMm"
    )
    assert {"str", "bytes"} < set(kinds)
