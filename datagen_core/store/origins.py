"""Who made which samples of a shard, as its attributes say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from datagen_core.ranges import Interval
from datagen_core.store import forms


class Origin(NamedTuple):
    """Who made the samples `[start, stop)`: a run by its id, its plan, and the id of the code.

    `code` is empty where an earlier version made them, which did not write it down.
    """

    start: int
    stop: int
    run: str
    plan: int
    code: str = ""


def describe_origins(origins: Sequence[Origin], interval: Interval) -> dict[str, str | int]:
    """Return the attributes `run`, `plan`, `code` of a shard; `origins`, `codes` of a pack."""
    known = any(origin.code for origin in origins)
    if len(origins) == 1 and origins[0][:2] == interval:
        code = {"code": origins[0].code} if known else {}
        return {"run": origins[0].run, "plan": origins[0].plan, **code}
    codes = {"codes": json.dumps([origin.code for origin in origins])} if known else {}
    return {"origins": json.dumps([origin[:4] for origin in origins]), **codes} if origins else {}


def parse_origins(attributes: Mapping[str, Any], interval: Interval) -> tuple[Origin, ...]:
    """Return the origins that attributes of a shard describe; empty where nobody wrote them down.

    Raises
    ------
    KeyError, TypeError, ValueError
        If they describe none.
    """
    if "run" in attributes:
        code = str(attributes.get("code", ""))
        made = [*interval, str(attributes["run"]), int(attributes["plan"])]
        return (_parse_origin(made, code),)
    origins = json.loads(attributes.get("origins", "[]"))
    codes = json.loads(attributes["codes"]) if "codes" in attributes else [""] * len(origins)
    return tuple(_parse_origin(each, code) for each, code in zip(origins, codes, strict=True))


def _parse_origin(made: list[object], code: object) -> Origin:
    start, stop, run, plan = made
    interval = forms.interval([start, stop])
    return Origin(*interval, forms.text(run), forms.whole(plan), forms.text(code))


def join_origins(origins: Sequence[Origin]) -> tuple[Origin, ...]:
    """Return sorted origins with adjacent ranges of one plan joined."""
    joined: list[Origin] = []
    for origin in origins:
        last = joined[-1] if joined else None
        if last and (last.stop, *last[2:]) == (origin.start, *origin[2:]):
            joined[-1] = last._replace(stop=origin.stop)
        else:
            joined.append(origin)
    return tuple(joined)
