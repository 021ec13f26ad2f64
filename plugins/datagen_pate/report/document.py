"""What a page shows, and its sections, which cards share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.cards import (
    Facts,
    Mark,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
    write_page,
)
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
    Row,
    draw_bars,
    draw_grid,
    draw_histogram,
    draw_rows,
    encode_png,
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
        When matplotlib is not installed.
    """
    changed = {name: _show(value) for name, value in contents.changed.items()}
    inputs = {name: digest or "none" for name, digest in contents.inputs.items()}
    before, *others = make_sections(contents)
    about = [
        Section("Parameters that differ from their defaults", [_tabulate("parameter", changed)]),
        Section("Inputs, by SHA-256 of their content", [_tabulate("file", inputs)]),
    ]
    candidates = Section("Candidates", list(_show_candidates(contents.candidates)))
    sections = [before, *about, *others, candidates]
    return write_page(contents.title, sections, before=[Facts(contents.facts)])


def make_sections(contents: Contents) -> Iterator[Section]:
    """Yield what samples say of themselves: privacy first, then criteria, classes and images.

    Raises
    ------
    MissingPackageError
        When matplotlib is not installed.
    """
    yield Section(
        "Privacy of labels", [Paragraph(note, is_note=True) for note in contents.privacy.notes]
    )
    yield Section("Success criteria", list(_judge(contents)))
    yield Section(f"Each {contents.sample}", [_tabulate_samples(contents)])
    yield Section("Classes", list(_show_classes(contents.findings)))
    yield Section("Confidence and distance", list(_show_measures(contents)))
    yield Section("Labelled images", list(_show_images(contents)))


def _tabulate(first: str, items: Mapping[str, str]) -> Part:
    return Table((first, "value"), list(items.items())) if items else Paragraph("None.")


def _judge(contents: Contents) -> Iterator[Part]:
    header = ("criterion", "required", "over all", "result", f"{contents.sample}s that pass")
    rows = [
        [
            _NAMES[name], " ".join(map(str, REQUIRED[name])), _number(each["value"]),
            _result(each["result"]), _count_results(contents.findings.lines, name),
        ]
        for name, each in contents.overall["criteria"].items()
    ]  # fmt: skip
    yield Table(header, rows)
    for name, reason in contents.not_checked.items():
        yield Paragraph(f"Not checked, {_NAMES[name]}: {reason}.")
    yield Paragraph(
        "Over all: distances are the least of all images; diversity is that of at most "
        f"{MEASURED} images, evenly spread, on both sides."
    )


def _result(result: str) -> Mark:
    return Mark(result.replace("_", " "), {"not_checked": "unknown"}.get(result, result))


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _tabulate_samples(contents: Contents) -> Table:
    bounds = [f"{_NAMES[name]} {' '.join(map(str, bound))}" for name, bound in REQUIRED.items()]
    rows = [
        [str(line.index), line.images, *(_judge_line(line, name) for name in REQUIRED)]
        for line in contents.findings.lines
    ]
    return Table((contents.sample, "images", *bounds), rows)


def _judge_line(line: Line, name: str) -> Mark:
    criterion = line.criteria["criteria"][name]
    result = criterion["result"]
    if result == "not_checked":
        return _result(result)
    return Mark(f"{_number(criterion['value'])} {result}", result)


def _show_classes(findings: Findings) -> Iterator[Part]:
    columns = {"images": findings.counts, "of them steered": findings.steered}
    if findings.private_counts is not None:
        columns["private images"] = findings.private_counts
    yield _picture(_draw_classes(findings), "Share of each class")
    rows = np.transpose(list(columns.values())).tolist()
    yield Table(("class", *columns), [[str(label), *row] for label, row in enumerate(rows)])
    if findings.private_counts is None:
        yield Paragraph("The class counts of private images are unknown: not checked.")


def _show_measures(contents: Contents) -> Iterator[Part]:
    yield from _show_distribution(contents, "confidence", "average_confidence")
    yield from _show_distribution(contents, "distance", "min_nn_distance")
    steered, size = int(contents.findings.steered.sum()), contents.findings.size
    share = f"{100 * steered / size:.1f} %" if size else "none"
    yield Paragraph(f"Made by latent steering: {steered} of {size} images ({share}).")


def _show_distribution(contents: Contents, name: str, criterion: str) -> Iterator[Part]:
    figure = _draw_distribution(contents, name, criterion)
    if figure is None:
        yield Paragraph(f"The {name} of images is unknown.")
        return
    values: Distribution = getattr(contents.findings, name)
    size = contents.findings.size
    known = f"{values.size}" if values.size == size else f"{values.size} of {size}"
    yield _picture(figure, f"Distribution of the {name}")
    yield Paragraph(
        f"{name.capitalize()} of {known} images: {_number(values.least)} to "
        f"{_number(values.greatest)}, mean {_number(values.mean)}."
    )


def _show_images(contents: Contents) -> Iterator[Part]:
    if not contents.findings.size:
        yield Paragraph("There are no images.")
        return
    yield Paragraph(
        f"Up to 20 of each class, drawn at random from as many {contents.sample}s as possible."
    )
    yield _picture(_draw_images(contents.findings), "Images of each class")


def _show_candidates(candidates: NDArray[np.uint8] | str) -> Iterator[Part]:
    if isinstance(candidates, str):
        yield Paragraph(f"Not drawn: {candidates}.")
        return
    yield Paragraph(f"The first {len(candidates)} of the pool, before they were labelled.")
    yield _picture(draw_grid(candidates, 16), "First candidates")


def _picture(figure: Figure, description: str) -> Picture:
    return Picture(encode_png(figure), description)


def _show(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _count_results(lines: Sequence[Line], name: str) -> str:
    results = [line.criteria["criteria"][name]["result"] for line in lines]
    unknown = results.count("not_checked")
    said = f"{results.count('pass')} of {len(results)}"
    return f"{said}; {unknown} not checked" if unknown else said


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
    marks: list[tuple[float, str]] = [(REQUIRED[criterion][1], "success criterion")]
    limit = contents.limits[name]
    marks += [(limit, "least of the selection")] if limit else []
    return draw_histogram(values.edges, stacks, (_TITLES[name], "images"), marks)
