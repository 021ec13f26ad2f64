"""The card of a parameter set: one page of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from datagen_core.cards.documentation import Documentation, read_documentation
from datagen_core.cards.sections import (
    describe_changes,
    describe_origin,
    describe_params,
    describe_privacy,
    describe_splits,
    explain_reading,
    introduce,
)
from datagen_core.errors import DatagenError, MissingPackageError, in_one_line
from datagen_core.generators.installed import entry_points
from datagen_core.pages.frame import write_page
from datagen_core.pages.parts import Paragraph, Part, Section
from datagen_core.reading.contents import describe_fields, show_images, tabulate_first
from datagen_core.reading.looks import Look, look_at
from datagen_core.reading.param_set import ParamSet

GROUP = "datagen.cards"
"""The entry-point group of sections, by the generator's name: functions `(param_set) -> sections`,
which return or yield what `datagen_core.cards` has."""


@dataclass(frozen=True)
class Card:
    """The card of a parameter set.

    Attributes
    ----------
    page
        The whole page.
    sections
        The titles of its sections.
    summary
        What its generator makes, in a line; empty where that is not known.
    problems
        Why samples at some places could not be looked at, which the page says, too.
    """

    page: str
    sections: Sequence[str]
    summary: str
    problems: Sequence[str] = ()


def make_card(param_set: ParamSet) -> Card:
    """Return the card of a set; a bounded number of its samples is read.

    Raises
    ------
    SelectionError
        If there are no samples yet.
    CacheError
        If a document of the set cannot be read.
    """
    documentation = read_documentation(param_set)
    look = look_at(param_set.samples)
    sections = list(_make_sections(param_set, documentation, look))
    page = write_page(
        f"{param_set.generator} {param_set.number}",
        sections,
        before=list(introduce(param_set, documentation)),
        footer=sign(),
    )
    titles = [each.title for each in sections]
    return Card(page, titles, documentation.summary, look.problems)


def sign() -> str:
    """Return what wrote a page, and when."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"Written by datagen {version('datagen')}, {now}."


def _make_sections(
    param_set: ParamSet, documentation: Documentation, look: Look
) -> Iterator[Section]:
    yield describe_params(param_set, documentation)
    yield describe_splits(param_set)
    if look.samples:
        yield from _describe_content(look)
        yield from _ask_plugin(param_set)
    yield explain_reading(param_set)
    optional = (
        describe_privacy(param_set),
        describe_origin(param_set),
        describe_changes(param_set),
    )
    yield from (each for each in optional if each is not None)


def _describe_content(look: Look) -> Iterator[Section]:
    problems = [Paragraph(f"Not looked at: {each}", is_note=True) for each in look.problems]
    extent = Paragraph(f"Ranges and charts are of {look.extent}.")
    yield Section("Fields", [extent, *problems, *describe_fields(look)])
    if look.first:
        yield Section("First samples", [tabulate_first(look)])
    if images := show_images(look):
        yield Section("Images", images)


def _ask_plugin(param_set: ParamSet) -> Iterator[Section]:
    """Yield the sections of the generator's plugin; where it fails, one that says why."""
    for point in [*entry_points(GROUP, param_set.generator)][:1]:
        try:
            for section in point.load()(param_set):
                section.to_html()  # it may hold anything
                yield section
        except MissingPackageError as error:
            yield Section("Pictures", [Paragraph(f"They are left out: {error}")])
        except DatagenError as error:
            yield _excuse(point.name, str(error))
        except Exception as error:  # a plugin may fail in any way
            yield _excuse(point.name, in_one_line(error))


def _excuse(name: str, reason: str) -> Section:
    parts: list[Part] = [
        Paragraph(f"The plugin of {name} adds nothing more: {reason}", is_note=True)
    ]
    return Section("More", parts)
