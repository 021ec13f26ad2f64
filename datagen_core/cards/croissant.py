"""Croissant documents: what a data set is and how its files are read, for search and loaders.

The format is 1.1 of https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_core.errors import SelectionError, count_of
from datagen_core.generators.schema import Field
from datagen_core.reading.param_set import ParamSet

PARQUET, HDF5 = "application/x-parquet", "application/x-hdf5"
"""What formats of files are called."""

_RECORDS = "samples"

_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        name: f"cr:{name}"
        for name in (
            "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract",
            "field", "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray",
            "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
            "references", "regex", "repeated", "replace", "samplingRate", "separator", "source",
            "subField", "transform",
        )
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}  # fmt: skip
"""That of the specification, as all tools have it."""


@dataclass(frozen=True)
class DataFile:
    """A file with samples.

    Attributes
    ----------
    path
        Where it is, from the folder of the document, with slashes.
    sha256, size
        Of its content, in hexadecimal digits and in bytes.
    """

    path: str
    sha256: str
    size: int


def describe(
    param_sets: Sequence[ParamSet],
    files: Sequence[DataFile],
    columns: Mapping[str, Field] | None = None,
    *,
    encoding: str = PARQUET,
    summary: str = "",
    licence: str = "",
) -> dict[str, Any]:
    """Return the Croissant document of samples, in plain JSON types.

    Parameters
    ----------
    param_sets
        The sets that the samples are of; of one generator.
    files
        The files that hold them, whose columns have the same names.
    columns
        The columns of the files by name; None for the fields of the first set.
    encoding
        The format of the files.
    summary
        What the generator makes, in a sentence.
    licence
        The licence, as a URL or an SPDX identifier; empty where nobody has said.

    Raises
    ------
    SelectionError
        If there are no sets or no files.
    """
    if not param_sets or not files:
        raise SelectionError("a Croissant document needs samples; there are none")
    first = param_sets[0]
    columns = first.schema.fields if columns is None else columns
    digests = [each.public_digest for each in param_sets if each.public_digest]
    created = [each.record.created for each in param_sets if each.record.created]
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": first.generator,
        "description": _describe(param_sets, summary),
        "version": _version(first.record.version),
        **({"identifier": digests} if digests else {}),
        "keywords": ["synthetic data", "datagen"],
        **({"datePublished": max(created)[:10]} if created else {}),
        **({"license": licence} if licence else {}),
        "distribution": list(_describe_files(files, encoding)),
        "recordSet": [_describe_records(columns)],
    }


def _describe(param_sets: Sequence[ParamSet], summary: str) -> str:
    sets = "; ".join(each.describe(with_seed=not each.has_secret) for each in param_sets[:20])
    more = f" and {count_of(len(param_sets) - 20, 'more set')}" if len(param_sets) > 20 else ""
    name = param_sets[0].generator
    made = f"Synthetic samples, made by datagen from the generator {name} with {sets}{more}."
    return f"{summary.rstrip('.')}. {made}" if summary else made


def _version(text: str) -> str:
    """Return a version of three numbers, which the format asks for."""
    numbers = text.split(".")
    if not all(each.isdecimal() and each.isascii() for each in numbers):
        return text
    return ".".join([*numbers, "0", "0"][: max(3, len(numbers))])


def _describe_files(files: Sequence[DataFile], encoding: str) -> Iterator[dict[str, Any]]:
    for each in files:
        yield {
            "@type": "cr:FileObject",
            "@id": each.path,
            "name": each.path,
            "contentUrl": each.path,
            "contentSize": f"{each.size} B",
            "encodingFormat": encoding,
            "sha256": each.sha256,
        }
    yield {
        "@type": "cr:FileSet",
        "@id": "files",
        "name": "files",
        "description": "The files that hold the samples.",
        "encodingFormat": encoding,
        "includes": [each.path for each in files],
    }


def _describe_records(columns: Mapping[str, Field]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": _RECORDS,
        "name": _RECORDS,
        "field": [_describe_column(name, field) for name, field in columns.items()],
    }


def _describe_column(name: str, field: Field) -> dict[str, Any]:
    shape = ((-1,) if field.ragged else ()) + field.shape
    array = {"isArray": True, "arrayShape": ",".join(map(str, shape))} if shape else {}
    return {
        "@type": "cr:Field",
        "@id": f"{_RECORDS}/{name}",
        "name": name,
        "description": str(field),
        "dataType": _type_of(field),
        **array,
        "source": {"fileSet": {"@id": "files"}, "extract": {"column": name}},
    }


_TYPES = {
    "b": "sc:Boolean",
    "i": "sc:Integer",
    "u": "sc:Integer",
    "f": "sc:Float",
    "M": "sc:DateTime",
}


def _type_of(field: Field) -> str:
    return _TYPES.get(field.dtype.kind, "sc:Text")
