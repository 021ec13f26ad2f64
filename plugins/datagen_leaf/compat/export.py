"""LEAF's JSON files, byte for byte as its own scripts write them.

::

    data/all_data/data.json          all tasks
    data/sampled_data/…              after each stage that the exported view went through
    data/rem_user_data/…
    data/train/…  data/test/…
    meta/sampling_seed.txt  meta/split_seed.txt  meta/dir-checksum.md5
    meta/recipes.json                not in LEAF: parameters, and all options of each stage
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_core import IntervalSet
from datagen_leaf.compat.leaf_names import ALL, OPERATIONS, file_names, seed_file
from datagen_leaf.errors import PreprocessingError

if TYPE_CHECKING:
    from datagen_core import ParamSet, Samples, Selection, View

_ROWS = 16_384
"""Approximate number of rows in memory at once."""


class LeafFile(NamedTuple):
    """One JSON file: path in LEAF's folder, users, their sizes, and their samples by place."""

    path: PurePosixPath
    users: Sequence[str]
    sizes: Sequence[int]
    samples: Samples
    places: NDArray[np.int64]


def write_leaf(path: Path, selection: Selection, *, checksum: str = "yes") -> None:
    """Write a parameter set, or a view with all stages before it, as LEAF's folder `synthetic`.

    Parameters
    ----------
    path
        The folder to make.
    selection
        What to export: its `param_set`, its `view` or None, and its `parts`.
    checksum
        `no` to leave out meta/dir-checksum.md5, as LEAF's `--nochecksum` does.

    Raises
    ------
    PreprocessingError
        For a split or one part, for which LEAF has no files, for another value of `checksum`, and
        for a view that began with samples that are excluded by now.
    """
    views = _stages(selection)
    if checksum not in {"yes", "no"}:
        raise PreprocessingError(f"checksum is yes or no, not {checksum!r}")
    sums = [f"{_write(path, file)}  {file.path}\n" for file in leaf_files(selection)]
    meta = path / "meta"
    meta.mkdir(parents=True)
    for name, text in filter(None, (seed_file(view.recipe) for view in views)):
        (meta / name).write_text(text, encoding="utf-8")
    if checksum == "yes":
        (meta / "dir-checksum.md5").write_text("".join(_by_path(sums)), encoding="utf-8")
    (meta / "recipes.json").write_text(_describe(selection, views), encoding="utf-8")


def compute_checksums(selection: Selection) -> list[str]:
    """Return the lines of meta/dir-checksum.md5, sorted by path, without writing a file."""
    return _by_path([f"{_write(None, file)}  {file.path}\n" for file in leaf_files(selection)])


def _by_path(lines: Sequence[str]) -> list[str]:
    return sorted(lines, key=lambda line: line.split("  ", 1)[1])


def leaf_files(selection: Selection) -> Iterator[LeafFile]:
    """Yield the files of a selection, in the order of the stages."""
    views = _stages(selection)
    stem = "data"
    yield _all_data(selection.param_set, views)
    for view in views:
        names = file_names(view.recipe, stem)
        for part, (folder, name) in names.items():
            samples = view[part]
            sizes = samples.lengths().tolist()
            path = PurePosixPath("data", folder, name)
            yield LeafFile(path, samples.users, sizes, samples, np.arange(len(samples)))
            stem = PurePosixPath(name).stem


def _stages(selection: Selection) -> list[View]:
    """Return the exported view, after all views that it was made from."""
    view = selection.view
    if set(selection.parts) != (set(view) if view is not None else {"all"}):
        raise PreprocessingError(
            "LEAF's files hold all samples, or a whole view; leave out --split and --part"
        )
    stages: list[View] = []
    while view is not None:
        if view.recipe.get("operation") not in OPERATIONS:
            raise PreprocessingError(
                f"view {view.full_name} was not made by `datagen leaf`; LEAF has no files for it"
            )
        stages.insert(0, view)
        view = view.parent
    return stages


def _all_data(param_set: ParamSet, views: Sequence[View]) -> LeafFile:
    """Return the file of all samples, or of those that the views began with."""
    _check_fields(param_set)
    samples = param_set.samples
    begun = IntervalSet(views[0].recipe["samples"] if views else [])
    if gone := begun & param_set.excluded:
        raise PreprocessingError(
            f"view {views[-1].full_name} was chosen from samples of which {gone.brief()} are "
            "excluded; make the view anew with `datagen leaf`, which leaves them out"
        )
    indices, sizes = samples.indices, samples.lengths()
    places = np.arange(len(samples))
    if views:
        seen = [(indices >= start) & (indices < stop) for start, stop in views[0].recipe["samples"]]
        places = np.flatnonzero(np.any(seen, axis=0))
    users = list(map(str, indices[places].tolist()))
    path = PurePosixPath("data", ALL, "data.json")
    return LeafFile(path, users, sizes[places].tolist(), samples, places)


def _check_fields(param_set: ParamSet) -> None:
    """Refuse what JSON has no numbers for, and samples that are not tasks."""
    fields = param_set.schema.fields
    for name in ("x", "y"):
        field = fields.get(name)
        if field is None or not field.ragged or field.dtype.char not in "?bhilqBHILQefd":
            found = "is missing" if field is None else f"is {field}"
            raise PreprocessingError(
                f"LEAF's files have ragged fields x and y of numbers; {name} of {param_set} {found}"
            )


def _write(folder: Path | None, file: LeafFile) -> str:
    """Return the MD5 of a file's bytes, and write them below `folder` unless that is None."""
    md5 = hashlib.md5(usedforsecurity=False)
    with ExitStack() as stack:
        output = None
        if folder is not None:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            output = stack.enter_context(path.open("wb"))
        for text in _json(file):
            encoded = text.encode()
            md5.update(encoded)
            if output is not None:
                output.write(encoded)
    return md5.hexdigest()


def _json(file: LeafFile) -> Iterator[str]:
    """Yield, user by user, the text that `json.dumps` makes of a whole file."""
    head = json.dumps({"users": list(file.users), "num_samples": list(file.sizes)})
    yield f'{head[:-1]}, "user_data": {{'
    separator = ""
    for user, data in zip(file.users, _user_data(file), strict=True):
        yield f"{separator}{json.dumps(user)}: {json.dumps(data)}"
        separator = ", "
    yield "}}"


def _user_data(file: LeafFile) -> Iterator[dict[str, Any]]:
    """Yield each user's data as Python numbers; a block of users is read at once."""
    blocks = (np.concatenate([[0], np.cumsum(file.sizes)]) // _ROWS)[:-1]
    cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(file.users)]
    for start, stop in pairwise(cuts):
        taken = file.samples.take(file.places[start:stop])
        x, y = taken if isinstance(taken, tuple) else (taken["x"], taken["y"])
        for one_x, one_y in zip(x, y, strict=True):
            yield {"x": one_x.tolist(), "y": one_y.tolist()}


def _describe(selection: Selection, views: Sequence[View]) -> str:
    param_set = selection.param_set
    content: Mapping[str, Any] = {
        "generator": param_set.generator,
        "params": param_set.params,
        "seed": param_set.seed,
        "stages": [{"view": view.full_name, **view.recipe} for view in views],
    }
    return json.dumps(content, indent=1) + "\n"
