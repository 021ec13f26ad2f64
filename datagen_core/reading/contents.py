"""What is shown of samples that were looked at, in cards and in notebooks."""

from __future__ import annotations

from datagen_core.errors import count_of
from datagen_core.pages.parts import (
    Cell,
    Fold,
    Panel,
    Panels,
    Paragraph,
    Part,
    Picture,
    Table,
)
from datagen_core.reading.distributions import Distribution
from datagen_core.reading.looks import FieldLook, Look


def describe_fields(look: Look) -> list[Part]:
    """Return a box for each field, with its range and a chart; members of records are folded."""
    simple = [_describe_field(field) for field in look.fields if not field.is_record]
    records = [_describe_record(field) for field in look.fields if field.is_record]
    return [*([Panels(simple)] if simple else []), *records]


def _describe_record(field: FieldLook) -> Fold:
    members = field.members
    width = count_of(len(members), "member")
    said = f"{field.name}: records of {width}, {field.lengths or 'one each'}"
    return Fold(said, [Panels([Panel(name, "", _show(each)) for name, each in members.items()])])


def _describe_field(field: FieldLook) -> Panel:
    lengths = [Paragraph(field.lengths)] if field.lengths else []
    found = [part for each in field.members.values() for part in _show(each)]
    return Panel(field.name, str(field.field), [*lengths, *found])


def _show(found: Distribution) -> list[Part]:
    return [Paragraph(found.words), *([found.chart] if found.chart else [])]


def list_fields(look: Look) -> Table:
    """Return a line for each field: its type, its rows, and the range of its values."""
    rows = [_summarize(field) for field in look.fields]
    return Table(("field", "type", f"in {look.extent}"), rows)


def _summarize(field: FieldLook) -> list[Cell]:
    members = field.members
    if field.is_record:
        return [field.name, f"record of {count_of(len(members), 'member')}", field.lengths]
    words = [field.lengths, *(each.words for each in members.values())]
    return [field.name, str(field.field), "; ".join(filter(None, words))]


def tabulate_first(look: Look) -> Table:
    """Return the first few samples as a table, with images where fields hold one."""
    header = ("sample", *(field.name for field in look.fields))
    rows: list[list[Cell]] = [[str(index), *words] for index, words in look.first]
    for column, field in enumerate(look.fields, 1):
        if field.layout and not field.layout.is_many:
            for row, thumbnail in zip(rows, field.thumbnails, strict=False):
                row[column] = Picture(thumbnail.png, thumbnail.description, is_small=True)
    return Table(header, rows)


def show_images(look: Look) -> list[Picture]:
    """Return some images of fields that hold images."""
    found = [each for field in look.fields for each in field.thumbnails]
    return [Picture(each.png, each.description, is_small=True) for each in found]
