"""What the journal of one task says about its latest start, and how reasons for its end begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from datagen_core.executors.base import DIED
from datagen_core.ranges import IntervalSet
from datagen_core.store.runs import Plan

NO_WORD = "ended without a word"
_DEATHS = (DIED, NO_WORD, "killed", "exit status", "its process was killed")
"""How reasons begin when a process died by itself; the later ones are of earlier versions."""

_BLAMELESS = ("preempted", "node lost", "lost by its scheduler")
"""Ends that say nothing about the samples."""


class Story(NamedTuple):
    """What the journal of one task says about its latest start."""

    began: bool
    end: str
    ended: float
    errors: tuple[Mapping[str, Any], ...]
    waiting: int
    infers: bool
    """Whether it was making batch 0, for its schema, when it was last heard of."""
    node: str = ""
    """Where it ran, if its scheduler has nodes."""
    last_made: float = 0.0
    """When it was last heard of having made a batch."""

    @property
    def is_refused(self) -> bool:
        """Whether the generator refused all that failed."""
        return all(error.get("refused") for error in self.errors)

    @property
    def failed(self) -> list[tuple[IntervalSet, float, str]]:
        """What failed by itself: the samples, when, and the message."""
        return [
            (IntervalSet([error["range"]]), error["time"], error["message"])
            for error in self.errors
            if not error.get("refused")
        ]


def read_story(plan: Plan, number: int) -> Story:
    """Return the story of a task."""
    events = plan.events(number)
    starts = [place for place, event in enumerate(events) if event["event"] == "start"]
    latest = events[starts[-1] :] if starts else []
    ends = [event for event in latest if event["event"] == "end"]
    batches = [event for event in latest if event["event"] == "batches"]
    waiting = [event["waiting"] for event in batches]
    made = [event["time"] for event in batches if {"first", "count"} & event.keys()]
    work = [event["event"] for event in latest if event["event"] != "end"]
    return Story(
        began=bool(starts),
        end=ends[-1]["reason"] if ends else "",
        ended=ends[-1]["time"] if ends else 0.0,
        errors=tuple(event for event in latest if event["event"] == "error"),
        waiting=waiting[-1] if waiting else 0,
        infers=work[-1:] == ["schema"],
        node=latest[0].get("node", "") if latest else "",
        last_made=made[-1] if made else 0.0,
    )


def is_death(reason: str) -> bool:
    """Return whether a process died by itself."""
    return reason.startswith(_DEATHS)


def is_blameless(reason: str) -> bool:
    """Return whether a task ended by what says nothing about its samples."""
    return reason.startswith(_BLAMELESS)
