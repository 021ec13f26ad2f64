"""The sections of cards about labelled images: those of the report, of the first samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datagen_core.cards import Paragraph, Section
from datagen_core.files import require
from datagen_pate.report.document import make_sections
from datagen_pate.report.writing import Request, collect

if TYPE_CHECKING:
    from datagen_core import ParamSet

_MOST = 32
"""Samples; each is read whole."""


def describe_report(param_set: ParamSet) -> Iterator[Section]:
    """Yield the sections of `datagen pate report` about the largest split, without candidates.

    Samples whose privacy is limited are not compared with private images, which their account does
    not cover.
    """
    require("matplotlib.figure", "plots")  # before anything is read
    sizes = param_set.counts
    split = max(sizes, key=lambda name: sizes[name])
    request = Request(split, most=_MOST, compares=not param_set.has_secret, draws=False)
    contents = collect(param_set, request)
    shown = len(contents.findings.lines)
    which = f"the first {shown} of {sizes[split]:,}" if shown < sizes[split] else f"all {shown}"
    yield Section("Report", [Paragraph(f"What follows is about {which} samples in {split}.")])
    yield from make_sections(contents)
