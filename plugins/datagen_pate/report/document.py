"""The sections of a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation import REQUIRED
from datagen_pate.report.gathering import Findings, Line
from datagen_pate.report.markup import (
    Cell,
    write_document,
    write_paragraph,
    write_picture,
    write_section,
    write_table,
)
from datagen_pate.report.pictures import (
    draw_classes,
    draw_counts,
    draw_distribution,
)
from datagen_pate.report.privacy import Privacy
from datagen_pate.report.private_images import MEASURED
from datagen_pictures import Mark, draw_grid, encode_png

_NAMES = {
    "average_confidence": "average confidence",
    "diversity_ratio": "diversity ratio",
    "min_nn_distance": "minimum distance",
    "histogram_l1_distance": "histogram L1",
}
_TITLES = {
    "confidence": "confidence of the label",
    "distance": "distance to the nearest private image",
}


@dataclass(frozen=True)
class Contents:
    """All that a page shows.

    Attributes
    ----------
    title
        Of the page.
    sample
        The name of a sample: `teacher` or `block`.
    facts
        Facts about the set, by name.
    changed
        Parameters that differ from their defaults.
    inputs
        Hashes of files by the parameter that names them; None for a file that is not used.
    limits
        The selection's least `confidence` and `distance`; None for no limit.
    privacy
        The privacy account.
    findings
        What the samples hold.
    overall
        The success criteria of all samples together.
    not_checked
        For each criterion that was not checked, why.
    candidates
        The first candidates, or the reason why they are missing.
    """

    title: str
    sample: str
    facts: Mapping[str, str]
    changed: Mapping[str, Any]
    inputs: Mapping[str, str | None]
    limits: Mapping[str, float | None]
    privacy: Privacy
    findings: Findings
    overall: Mapping[str, Any]
    not_checked: Mapping[str, str]
    candidates: NDArray[np.uint8] | str


def write_page_text(contents: Contents) -> str:
    """Return the page as HTML.

    Raises
    ------
    MissingPackageError
        When matplotlib is not installed.
    """
    sections = (
        _write_head,
        _write_criteria,
        _write_classes,
        _write_distributions,
        _write_selected,
        _write_candidates,
    )
    return write_document(contents.title, [write(contents) for write in sections])


def _write_head(contents: Contents) -> str:
    changed = [(name, _show(value)) for name, value in contents.changed.items()]
    inputs = [(name, digest or "none") for name, digest in contents.inputs.items()]
    parts = [
        write_table((), contents.facts.items()),
        write_section("Privacy", *(write_paragraph(n, "note") for n in contents.privacy.notes)),
        write_section("Parameters that differ from their defaults", _table("parameter", changed)),
        write_section("Inputs, by SHA-256 of their content", _table("file", inputs)),
    ]
    return "\n".join(parts)


def _table(first: str, rows: Sequence[tuple[str, str]]) -> str:
    return write_table((first, "value"), rows) if rows else write_paragraph("None.")


def _show(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _write_criteria(contents: Contents) -> str:
    header = ("criterion", "required", "over all", "result", f"{contents.sample}s that pass")
    criteria = contents.overall["criteria"]
    lines = contents.findings.lines
    rows: list[Sequence[str | Cell]] = [
        (
            _NAMES[name],
            each["required"],
            Cell(_number(each["value"]), "number"),
            _result(each),
            _count_results(lines, name),
        )
        for name, each in criteria.items()
    ]
    why = [
        write_paragraph(f"Not checked, {_NAMES[name]}: {reason}.")
        for name, reason in contents.not_checked.items()
    ]
    return write_section(
        "Success criteria",
        write_table(header, rows),
        *why,
        write_paragraph(
            "Over all: distances are the least of all images; diversity is that of at most "
            f"{MEASURED} images, evenly spread, on both sides."
        ),
        write_section(f"Each {contents.sample}", _write_lines(contents.sample, lines)),
    )


def _count_results(lines: Sequence[Line], name: str) -> str:
    results = [line.criteria["criteria"][name]["result"] for line in lines]
    unknown = results.count("not_checked")
    said = f"{results.count('pass')} of {len(results)}"
    return f"{said}; {unknown} not checked" if unknown else said


def _write_lines(sample: str, lines: Sequence[Line]) -> str:
    header = (sample, "images", *(f"{_NAMES[name]} {' '.join(_told(name))}" for name in REQUIRED))
    rows: list[Sequence[str | Cell]] = [
        (
            str(line.index),
            Cell(str(line.images), "number"),
            *(_judged(line.criteria["criteria"][name]) for name in REQUIRED),
        )
        for line in lines
    ]
    return write_table(header, rows)


def _told(name: str) -> tuple[str, str]:
    sign, bound = REQUIRED[name]
    return sign, str(bound)


def _judged(criterion: Mapping[str, Any]) -> Cell:
    result = criterion["result"]
    if result == "not_checked":
        return _result(criterion)
    return Cell(f"{_number(criterion['value'])} {result}", result)


def _result(criterion: Mapping[str, Any]) -> Cell:
    result = criterion["result"]
    return Cell(result.replace("_", " "), result)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _write_classes(contents: Contents) -> str:
    findings = contents.findings
    private = findings.private_counts
    names = ("class", "images", "of them steered", "private images")
    columns = [findings.counts, findings.steered, *([] if private is None else [private])]
    rows: list[Sequence[str | Cell]] = [
        (str(label), *(Cell(str(column[label]), "number") for column in columns))
        for label in range(len(findings.counts))
    ]
    unknown = write_paragraph("The class counts of private images are unknown: not checked.")
    return write_section(
        "Classes",
        write_picture(draw_counts(findings.counts, private), "Share of each class"),
        write_table(names[: 1 + len(columns)], rows),
        *([unknown] if private is None else []),
    )


def _write_distributions(contents: Contents) -> str:
    findings = contents.findings
    steered = int(findings.steered.sum())
    share = f"{100 * steered / findings.size:.1f} %" if findings.size else "none"
    parts = [
        _write_distribution(contents, "confidence", "average_confidence"),
        _write_distribution(contents, "distance", "min_nn_distance"),
        write_paragraph(f"Made by latent steering: {steered} of {findings.size} images ({share})."),
    ]
    return write_section("Confidence and distance to private images", *parts)


def _write_distribution(contents: Contents, name: str, criterion: str) -> str:
    values = getattr(contents.findings, name)
    if not values.size:
        return write_paragraph(f"The {name} of images is unknown.")
    marks: list[Mark] = [(REQUIRED[criterion][1], "success criterion")]
    limit = contents.limits[name]
    marks += [(limit, "least of the selection")] if limit else []
    title = _TITLES[name]
    of = "" if values.size == contents.findings.size else f" of {contents.findings.size}"
    said = f"{values.size}{of} images: {values.least:.3f} to {values.greatest:.3f}"
    return "\n".join(
        [
            write_picture(draw_distribution(values, title, marks), f"Distribution of the {name}"),
            write_paragraph(f"{name.capitalize()} of {said}, mean {values.mean:.3f}."),
        ]
    )


def _write_selected(contents: Contents) -> str:
    by_class = contents.findings.picks.by_class
    if not any(len(images) for images in by_class):
        return write_section("Images", write_paragraph("There are no images."))
    said = f"Up to 20 of each class, drawn at random from as many {contents.sample}s as possible."
    picture = write_picture(draw_classes(by_class), "Images of each class")
    return write_section("Images", write_paragraph(said), picture)


def _write_candidates(contents: Contents) -> str:
    found = contents.candidates
    if isinstance(found, str):
        return write_section("Candidates", write_paragraph(f"Not drawn: {found}."))
    said = f"The first {len(found)} of the pool, before they were labelled."
    picture = write_picture(encode_png(draw_grid(found, 16)), "First candidates")
    return write_section("Candidates", write_paragraph(said), picture)
