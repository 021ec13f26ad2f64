"""The sections of a card about the content of samples: fields, first samples, images."""

from __future__ import annotations

from collections.abc import Iterator

from datagen_core.pages.parts import (
    Cell,
    Fold,
    Panel,
    Panels,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
)
from datagen_core.reading.distributions import Distribution
from datagen_core.reading.looks import FieldLook, Look


def describe_content(look: Look) -> Iterator[Section]:
    """Yield what the fields hold, and examples."""
    yield Section("Fields", list(_describe_fields(look)))
    if look.first:
        yield Section("First samples", [tabulate_first(look)])
    pictures = [each for field in look.fields for each in show_thumbnails(field)]
    if pictures:
        yield Section("Images", pictures)


def _describe_fields(look: Look) -> Iterator[Part]:
    yield Paragraph(f"Ranges and charts are of {look.extent}.")
    for each in look.problems:
        yield Paragraph(f"Not looked at: {each}", is_note=True)
    simple = [field for field in look.fields if not field.is_record]
    if simple:
        yield Panels([_describe_field(field) for field in simple])
    for field in look.fields:
        if field.is_record:
            members = field.members
            said = f"{field.name}: records of {len(members)} members, {field.lengths or 'one each'}"
            panels = [_describe_values(*each) for each in members.items()]
            yield Fold(said, [Panels(panels)])


def _describe_field(field: FieldLook) -> Panel:
    (found,) = field.members.values() or (Distribution("no values"),)
    rows = [Paragraph(field.lengths)] if field.lengths else []
    return Panel(field.name, str(field.field), [*rows, *_show(found)])


def _describe_values(name: str, found: Distribution) -> Panel:
    return Panel(name, "", _show(found))


def _show(found: Distribution) -> list[Part]:
    return [Paragraph(found.words), *([found.chart] if found.chart else [])]


def tabulate_first(look: Look) -> Table:
    """Return the first few samples as a table, with images where fields hold one."""
    header = ("sample", *(field.name for field in look.fields))
    rows: list[list[Cell]] = [[str(index), *words] for index, words in look.first]
    for column, field in enumerate(look.fields, 1):
        if field.layout and not field.layout.is_many:
            for row, thumbnail in zip(rows, field.thumbnails, strict=False):
                row[column] = Picture(thumbnail.png, thumbnail.description, is_small=True)
    return Table(header, rows)


def show_thumbnails(field: FieldLook) -> list[Picture]:
    """Return some images of a field."""
    return [Picture(each.png, each.description, is_small=True) for each in field.thumbnails]
