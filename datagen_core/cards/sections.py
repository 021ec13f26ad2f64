"""The sections that every card has, besides those about the content of samples."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from datagen_core.cards.documentation import Documentation
from datagen_core.errors import count_of, human_bytes, shorten
from datagen_core.generators.identity import short_text
from datagen_core.generators.inputs import is_reference
from datagen_core.pages.charts import Shares
from datagen_core.pages.parts import Cell, Code, Facts, Fold, Mark, Paragraph, Part, Section, Table
from datagen_core.ranges import IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.history import list_attempts, list_codes
from datagen_core.store.assignments import RAW
from datagen_core.store.ledger import read_ledger
from datagen_core.store.runs import list_runs

_FEW_PARAMS, _MOST_RUNS, _MOST_ROWS = 8, 25, 200
_LONGEST_VALUE = 200
_HIDDEN = "not shown, since privacy depends on it"


def introduce(param_set: ParamSet, documentation: Documentation) -> Iterator[Part]:
    """Yield what stands at the top of a card."""
    record, existing = param_set.record, param_set.existing
    yield Paragraph(documentation.text)
    if documentation.problem:
        yield Paragraph(documentation.problem, is_note=bool(documentation.text))
    yield from _warn(param_set)
    yield Facts(
        {
            "samples": f"{len(existing):,}",
            "parameters": param_set.describe(with_seed=False),
            "seed": _HIDDEN if param_set.has_secret else str(record.seed),
            "version": record.version,
            "begun": _time(record.created),
            "size on disk": human_bytes(param_set.bytes),
            "digest": param_set.public_digest or _HIDDEN,
        }
    )


def _warn(param_set: ParamSet) -> Iterator[Part]:
    if missing := param_set.reserved - len(param_set.existing):
        yield Paragraph(
            f"Missing: {count_of(missing, 'sample')} that were asked for.", is_note=True
        )
    if param_set.mixed:
        yield Paragraph(
            "Mixed: other code was allowed to add to this set, though its samples were not shown "
            "to be equal to those before.",
            is_note=True,
        )
    if param_set.record.private:
        yield Paragraph(
            "Private: samples follow from a secret that only their owner has; nobody makes them "
            "a second time.",
            is_note=True,
        )


def _time(text: str | None) -> str:
    """Return a time in ISO 8601 as people read it."""
    return (text or "not known")[:19].replace("T", " ") + (" UTC" if text else "")


def describe_params(param_set: ParamSet, documentation: Documentation) -> Section:
    """Return the parameters; those that differ from defaults, or among sets, come first."""
    record, varying = param_set.record, param_set.varying
    told = {name for name in record.params if name in record.changed or name in varying}
    if len(record.params) <= _FEW_PARAMS:
        told = set(record.params)
    others = [name for name in record.params if name not in told]
    parts: list[Part] = []
    if told:
        names = [name for name in record.params if name in told]
        parts.append(_tabulate_params(param_set, names, documentation))
    if others:
        table = _tabulate_params(param_set, others, documentation)
        parts.append(Fold(f"{count_of(len(others), 'parameter')} at the default", [table]))
    if any(isinstance(each, str) and is_reference(each) for each in record.params.values()):
        parts.append(Paragraph("Files are named by the SHA-256 of their content."))
    return Section("Parameters", parts or [Paragraph("There are none.")])


def _tabulate_params(
    param_set: ParamSet, names: Sequence[str], documentation: Documentation
) -> Table:
    record, varying, rows = param_set.record, param_set.varying, []
    for name in names:
        marks = ["changed"] * (name in record.changed) + ["differs among sets"] * (name in varying)
        mark = Mark(", ".join(marks)) if marks else None
        default = _value(record.defaults[name]) if name in record.defaults else None
        value = _value(record.params[name])
        rows.append([name, value, default, mark, documentation.params.get(name)])
    header = ("parameter", "value", "default", "", "description")
    width = 5 if documentation.params else 4
    return Table(header[:width], [row[:width] for row in rows])


def _value(value: object) -> str:
    return shorten(value if isinstance(value, str) else short_text(value), _LONGEST_VALUE) or '""'


def describe_splits(param_set: ParamSet) -> Section:
    """Return the splits, with what preprocessors made of them, and the views."""
    counts, ledger = param_set.counts, read_ledger(param_set.paths)
    total = max(sum(counts.values()), 1)
    rows = []
    for name, split in param_set.items():
        kept = counts[name]
        excluded = len(split.excluded) or None
        title = "raw (in no split)" if name == RAW else name
        rows.append([title, kept, f"{kept / total:.1%}", excluded, ", ".join(split.derived)])
    header = ("split", "samples", "share", "excluded", "preprocessed by")
    parts: list[Part] = [Shares(counts), _without_empty(header, rows)]
    if views := param_set.views:
        parts.append(Facts({"views": ", ".join(views)}))
    parts += [
        Paragraph(f"{each.new} was called {each.old} until {_time(each.created)}: {each.reason}")
        for each in ledger.relabels
    ]
    return Section("Splits", parts)


def _without_empty(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """Return a table without the columns in which nothing stands."""
    kept = [place for place in range(len(header)) if any(row[place] for row in rows)]
    shown = [[row[place] for place in kept] for row in rows]
    return Table([header[place] for place in kept], shown)


def explain_reading(param_set: ParamSet) -> Section:
    """Return how to read the set in Python, and from a shell."""
    counts = param_set.counts
    split = next((name for name in counts if name != RAW and counts[name]), RAW)
    name, digest = param_set.generator, param_set.public_digest[:12]
    cache = str(param_set.paths.root.parent.parent)
    is_pair = param_set.schema.is_pair
    python = "\n".join(
        (
            "from datagen_core import Cache",
            "",
            f"param_set = Cache({cache!r})[{name!r}][{digest or param_set.number!r}]",
            f"split = param_set[{split!r}]",
            "X, y = split.get()" if is_pair else "columns = split.get()",
            "dataset = split.as_torch()  # for torch.utils.data.DataLoader",
        )
    )
    words = [
        "datagen",
        "export",
        name,
        f"{name}.npz",
        "--format",
        "npz",
        "-p",
        digest or str(param_set.number),
    ]
    shell = f"{shlex.join(words)} --cache {shlex.quote(cache)}"
    return Section("How to read it", [Code(python), Paragraph("As a file:"), Code(shell)])


def describe_privacy(param_set: ParamSet) -> Section | None:
    """Return the privacy account of all samples; None for a set without one."""
    runs = list_runs(param_set.paths)
    account = max(runs, key=lambda run: run.stop).account if runs else {}
    if not account:
        return None
    facts: dict[str, Cell] = {name: short_text(value) for name, value in account.items()}
    return Section("Privacy", [Facts(facts), Paragraph("For all samples that were asked for.")])


def describe_origin(param_set: ParamSet) -> Section:
    """Return who began the set, what made its samples, and its runs."""
    known = param_set.record.provenance
    facts: dict[str, Cell] = {
        name: str(known[key])
        for name, key in (("begun by", "user"), ("on", "host"), ("commit", "commit"),
                          ("generator", "source"), ("Python", "python"))
        if known.get(key)
    }  # fmt: skip
    if isinstance(known.get("packages"), dict):
        facts["packages"] = _versions(known["packages"])
    if isinstance(known.get("command"), list) and not param_set.has_secret:
        facts["command"] = shorten(shlex.join(map(str, known["command"])), _LONGEST_VALUE)
    runs = list_attempts(param_set.paths, _MOST_RUNS)
    codes = list_codes(param_set.paths)
    header = ("run", "samples", "when", "who", "executor", "hosts", "seconds", "code", "packages")
    parts: list[Part] = [Facts(facts), Table(header, [_describe_run(each) for each in runs])]
    if len(runs) == _MOST_RUNS:
        parts.append(Paragraph(f"These are the last {_MOST_RUNS} submissions."))
    if len(codes) > 1:
        parts.append(_describe_codes(codes))
    return Section("Where it comes from", parts)


def _versions(packages: dict[str, Any]) -> str:
    return ", ".join(f"{name} {number}" for name, number in packages.items())


def _describe_run(run: dict[str, Any]) -> list[Cell]:
    codes = ", ".join(code or "not known" for code in run["code"])
    hosts = run["hosts"]
    more = f" and {len(hosts) - 3} more" if len(hosts) > 3 else ""
    return [
        str(run["run"]), IntervalSet(run["samples"]).brief(), _time(run["created"]),
        run["user"] or "", run["executor"], ", ".join(hosts[:3]) + more, run["seconds"],
        codes, _versions(run["packages"]),
    ]  # fmt: skip


_PROBES = {
    "first": "made the first samples", "equal": "samples made anew came out equal",
    "accepted": "accepted by its user", "unknown": "not known why",
}  # fmt: skip


def _describe_codes(codes: list[dict[str, Any]]) -> Table:
    rows = [
        [each["code"] or "not known", IntervalSet(each["samples"]).brief(), _PROBES[each["probe"]]]
        for each in codes
    ]
    return Table(("code", "samples", "why it may add"), rows)


def describe_changes(param_set: ParamSet) -> Section | None:
    """Return which samples were excluded, and which splits were frozen; None if none were."""
    parts: list[Part] = []
    excluded, frozen = param_set.exclusions, param_set.frozen
    if excluded:
        rows = [
            [each.samples.brief(), each.line, each.by, _time(each.created)]
            for each in excluded[:_MOST_ROWS]
        ]
        parts.append(Table(("excluded samples", "reason", "by", "when"), rows))
    if frozen:
        kept = [
            [each.split, each.size, each.digest, each.note, _time(each.created)]
            for each in frozen[:_MOST_ROWS]
        ]
        parts.append(Table(("frozen split", "samples", "digest", "note", "when"), kept))
    return Section("Excluded and frozen", parts) if parts else None
