"""Cards in Markdown: of a published set, and as the README of a repository of Hugging Face."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version

from datagen_core.errors import count_of, printable
from datagen_core.generators.inputs import is_reference
from datagen_core.ranges import IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.history import list_codes
from datagen_core.store.assignments import RAW
from datagen_core.store.ledger import read_ledger
from datagen_core.store.runs import list_runs


def write_card(param_set: ParamSet) -> str:
    """Return the card of a set, which follows from the set alone; all samples are read for it."""
    parts = (*_describe(param_set), _explain_reading(param_set))
    return "\n".join(line for part in parts for line in part)


def write_readme(
    param_sets: Sequence[ParamSet],
    data_files: Mapping[str, Sequence[str]],
    size: int,
    *,
    columns: Sequence[str] = (),
    summary: str = "",
    licence: str = "",
) -> str:
    """Return the README of a repository of Hugging Face: metadata, then the card of each set.

    All samples are read for it.

    Parameters
    ----------
    param_sets
        The sets whose samples are in the repository; of one generator.
    data_files
        Paths or patterns of files by the name of their split, from the folder of the README.
    size
        The number of rows in all files.
    columns
        The columns of the files; empty for all fields.
    summary
        What the generator makes, in a sentence.
    licence
        The licence as Hugging Face names it, such as "mit"; empty where nobody has said.
    """
    name = param_sets[0].generator
    lines = ["---", *_describe_repository(name, data_files, size, licence), "---\n"]
    if summary:
        lines += [f"{_plain(summary)}\n"]
    lines += ["## Read it\n", "```python", "from datasets import load_dataset\n",
              'data = load_dataset(".")  # this folder, or the name of its repository',
              "```\n"]  # fmt: skip
    sets = count_of(len(param_sets), "set")
    rows = f"{count_of(size, 'row')}{_with(columns)}"
    lines += [f"{rows}. What follows tells of all samples of the {sets} that they are from.\n"]
    for each in param_sets:
        lines += [line for part in _describe(each) for line in part]
    return "\n".join(lines)


def _with(columns: Sequence[str]) -> str:
    return f" with the columns {', '.join(map(_code, columns))}" if columns else ""


def _describe_repository(
    name: str, data_files: Mapping[str, Sequence[str]], size: int, licence: str
) -> Iterator[str]:
    """Yield metadata in YAML, of which JSON is a part."""
    yield f"pretty_name: {_json(name)}"
    if licence:
        yield f"license: {_json(licence)}"
    yield f"tags: {_json(['synthetic', 'datagen'])}"
    yield f"size_categories: {_json([_size_category(size)])}"
    yield "configs:"
    yield "- config_name: default"
    yield "  data_files:"
    for split, paths in data_files.items():
        yield f"  - split: {_json(split)}"
        yield f"    path: {_json(list(paths))}"


def _size_category(size: int) -> str:
    """Return the range of a size as Hugging Face writes it."""
    names = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
    if size < 1000:
        return "n<1K"
    power = min(len(str(size)) - 4, len(names) - 1)
    return f"{names[power]}<n<{names[power + 1]}" if power < len(names) - 1 else "n>1T"


def _describe(param_set: ParamSet) -> tuple[Iterator[str], ...]:
    return (
        _introduce(param_set), _describe_splits(param_set), _describe_fields(param_set),
        _describe_params(param_set), _describe_origin(param_set), _describe_changes(param_set),
    )  # fmt: skip


def _introduce(param_set: ParamSet) -> Iterator[str]:
    record, existing, is_secret = param_set.record, param_set.existing, param_set.has_secret
    described = param_set.describe(with_seed=not is_secret)
    yield f"# {_plain(param_set.generator)}: {_plain(described)}\n"
    made = (
        f"{len(existing):,} samples, made by datagen from the generator {_code(record.generator)}"
    )
    seed = "a secret seed" if is_secret else f"the seed {record.seed}"
    yield f"{made}, version {_code(record.version)}, with {seed}."
    if missing := param_set.reserved - len(existing):
        yield f"{missing:,} more were asked for and are not in it."
    digest = param_set.public_digest
    yield (
        f"\nDigest of generator, version, parameters and seed: {_code(digest)}\n" if digest else ""
    )
    if record.private:
        yield "Its samples follow from a secret, which is not published; nobody makes them again.\n"
    runs = list_runs(param_set.paths)
    for name, value in (runs[-1].account if runs else {}).items():
        yield f"- {_plain(name)}: {_code(value)}"


def _describe_splits(param_set: ParamSet) -> Iterator[str]:
    yield "## Splits\n"
    rows = []
    for name, split in param_set.items():
        if split.intervals or split.excluded:
            title = f"{name} (in no split)" if name == RAW else name
            rows.append((title, f"{len(split):,}", f"{len(split.excluded):,}", _code(split.digest)))
    yield from _table(("split", "samples", "excluded", "digest of its samples"), rows)
    size = f"{param_set.bytes:,} bytes on disk"
    yield f"\nA sample is in one split at most. {size}, results and views included.\n"


def _describe_fields(param_set: ParamSet) -> Iterator[str]:
    yield "## Fields\n"
    rows = [(_code(name), _code(each)) for name, each in param_set.schema.fields.items()]
    yield from _table(("field", "type"), rows)
    yield ""


def _describe_params(param_set: ParamSet) -> Iterator[str]:
    record = param_set.record
    if not record.params:
        return
    yield "## Parameters\n"
    rows = [
        (_code(name), _code(_json(value)), _code(_json(record.defaults.get(name))))
        for name, value in record.params.items()
    ]
    yield from _table(("parameter", "value", "default"), rows)
    if any(isinstance(each, str) and is_reference(each) for each in record.params.values()):
        yield "\nInput files are named by their SHA-256, and are not in this folder."
    yield ""


def _describe_origin(param_set: ParamSet) -> Iterator[str]:
    known = param_set.record.provenance
    yield "## Provenance\n"
    for key in ("created", "python", "commit"):
        if known.get(key):
            yield f"- {key}: {_code(known[key])}"
    for each in list_codes(param_set.paths):
        packages = ", ".join(f"{name} {number}" for name, number in each["packages"].items())
        samples = IntervalSet(map(tuple, each["samples"])).brief()
        code = f"code {_code(each['code'] or 'not known')}, {_plain(each['probe'])}"
        yield f"- samples {samples}: {code}{', with ' if packages else ''}{_plain(packages)}"
    if param_set.mixed:
        yield "- mixed: code was accepted though its samples were not shown to be equal"
    yield f"- published with datagen {version('datagen')}\n"


def _describe_changes(param_set: ParamSet) -> Iterator[str]:
    """Yield what was excluded and frozen, and what else belongs to the set."""
    excluded = read_ledger(param_set.paths).exclusions
    if excluded:
        yield "## Excluded samples\n\nReaders leave them out; they are in the files of the set.\n"
    for each in excluded:
        yield f"- {each.samples.brief()}: {_plain(each.line)} ({_plain(each.created)})"
    if param_set.frozen:
        yield "\n## Frozen splits\n"
    for record in param_set.frozen:
        note = f": {_plain(record.note)}" if record.note else ""
        yield f"- {_plain(record.split)}, {record.size:,} samples, {_code(record.digest)}{note}"
    for view in param_set.views:
        yield f"\nView: {_code(view)}"
    yield ""


def _explain_reading(param_set: ParamSet) -> Iterator[str]:
    name = param_set.generator
    yield "## Read it\n\n```python"
    yield "from datagen_core import Cache\n"
    yield f'samples = Cache("DIR")[{json.dumps(name)}][0].samples  # DIR: this folder'
    yield "columns = samples.get()\n```\n"
    yield "```bash"
    yield f"datagen list {shlex.quote(name)} --cache DIR"
    yield f"datagen verify {shlex.quote(name)} --cache DIR"
    yield f"datagen export {shlex.quote(name)} samples.npz --format npz --cache DIR"
    yield "sha256sum -c SHA256SUMS  # in this folder\n```\n"
    yield (
        "The files in `shards` and `packs` are HDF5, which any program for it opens. A split is "
        "a list of index ranges in the newest file of `splits`.\n"
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(cells)} |"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _code(value: object) -> str:
    """Return a value as code, in a cell of a table, too."""
    text = printable(str(value)).replace("|", "\\|").replace("`", "'")
    return f"`{text}`"


def _plain(value: object) -> str:
    """Return a text in which Markdown and HTML find nothing of theirs."""
    text = printable(str(value))
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#|!~&" else each for each in text)
