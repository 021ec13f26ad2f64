"""The sections of cards about LEAF's tasks: how many rows users have, and the views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datagen_core.cards import Bars, Facts, Paragraph, Section, Table
from datagen_leaf.preprocessing.statistics import bins_of, describe_sizes

if TYPE_CHECKING:
    from datagen_core import ParamSet

_MOST = 1_000_000
"""Users; of more, all lengths are too many to read for a page."""

_MOST_VIEWS = 50


def describe_users(param_set: ParamSet) -> Iterator[Section]:
    """Yield how many rows users have, as `datagen leaf stats` says it, and the parts of views."""
    samples = param_set.samples
    if len(samples) > _MOST:
        too_many = f"There are more than {_MOST:,} users; `datagen leaf stats` counts their rows."
        yield Section("Rows of users", [Paragraph(too_many)])
    else:
        found = describe_sizes(samples.lengths())
        facts = {
            "users": f"{found.users:,}", "rows": f"{found.samples:,}", "mean": f"{found.mean:.4g}",
            "standard deviation": f"{found.std:.4g}", "skewness": f"{found.skewness:.3g}",
        }  # fmt: skip
        yield Section("Rows of users", [Facts(facts), Bars(dict(bins_of(found)))])
    views = [param_set.view(name) for name in param_set.views[:_MOST_VIEWS]]
    if views:
        rows = [[view.full_name, part, len(view[part])] for view in views for part in view]
        yield Section("Views", [Table(("view", "part", "users"), rows)])
