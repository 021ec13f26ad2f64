"""What a page shows, from which `page.html` makes the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_pate.evaluation import REQUIRED
from datagen_pate.report.distribution import Distribution
from datagen_pate.report.gathering import Findings, Line
from datagen_pate.report.privacy import Privacy
from datagen_pate.report.private_images import MEASURED
from datagen_pictures import (
    BLUE,
    GREEN,
    ORANGE,
    Bars,
    Mark,
    Row,
    draw_bars,
    draw_grid,
    draw_histogram,
    draw_rows,
    render_page,
)

if TYPE_CHECKING:
    from datagen_pictures import Figure

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
        When matplotlib or jinja2 is not installed.
    """
    findings = contents.findings
    columns = {"images": findings.counts, "of them steered": findings.steered}
    if findings.private_counts is not None:
        columns["private images"] = findings.private_counts
    values = {
        **vars(contents),
        "changed": {name: _show(value) for name, value in contents.changed.items()},
        "inputs": {name: digest or "none" for name, digest in contents.inputs.items()},
        "names": _NAMES,
        "required": REQUIRED,
        "measured": MEASURED,
        "passing": {name: _count_results(findings.lines, name) for name in REQUIRED},
        "columns": columns,
        "rows": np.transpose(list(columns.values())),
        "figures": _draw_figures(contents),
    }
    return render_page(Path(__file__).with_name("page.html"), values)


def _show(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _count_results(lines: Sequence[Line], name: str) -> str:
    results = [line.criteria["criteria"][name]["result"] for line in lines]
    unknown = results.count("not_checked")
    said = f"{results.count('pass')} of {len(results)}"
    return f"{said}; {unknown} not checked" if unknown else said


def _draw_figures(contents: Contents) -> dict[str, Figure | None]:
    """Return the pictures of a page by name; None for what is unknown or empty."""
    findings, candidates = contents.findings, contents.candidates
    return {
        "classes": _draw_classes(findings),
        "confidence": _draw_distribution(contents, "confidence", "average_confidence"),
        "distance": _draw_distribution(contents, "distance", "min_nn_distance"),
        "images": _draw_images(findings) if findings.size else None,
        "candidates": None if isinstance(candidates, str) else draw_grid(candidates, 16),
    }


def _draw_images(findings: Findings) -> Figure:
    by_class = enumerate(findings.picks.by_class)
    return draw_rows([Row(images, title=f"class {label}") for label, images in by_class])


def _draw_classes(findings: Findings) -> Figure:
    """Draw the share of each class, beside that of private images where it is known."""
    groups = [_show_shares(findings.counts, "images of the set", BLUE)]
    if findings.private_counts is not None:
        groups.append(_show_shares(findings.private_counts, "private images", ORANGE))
    names = [str(label) for label in range(len(findings.counts))]
    return draw_bars(groups, names, ("class", "share, %"))


def _show_shares(counts: NDArray[np.int64], name: str, colour: str) -> Bars:
    total = int(counts.sum())
    return Bars(100 * counts / max(total, 1), colour, f"{name}: {total}")


def _draw_distribution(contents: Contents, name: str, criterion: str) -> Figure | None:
    """Draw a histogram of images: drawn ones below, steered ones on top of them."""
    values: Distribution = getattr(contents.findings, name)
    if not values.size:
        return None
    drawn, steered = values.counts
    stacks = [Bars(drawn, BLUE, "drawn")]
    if steered.any():
        stacks.append(Bars(steered, GREEN, "steered"))
    marks: list[Mark] = [(REQUIRED[criterion][1], "success criterion")]
    limit = contents.limits[name]
    marks += [(limit, "least of the selection")] if limit else []
    return draw_histogram(values.edges, stacks, (_TITLES[name], "images"), marks)
