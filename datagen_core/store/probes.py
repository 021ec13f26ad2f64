"""Probes: whether other code, or other versions, make the samples that a parameter set has.

There is a document for each code that may go on with a set though it made none of its samples: it
made some of them anew and they were equal, or the user accepted it as it is. `list` reads these, so
nothing here opens a shard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from datagen_core.ranges import IntervalSet
from datagen_core.store import forms
from datagen_core.store.documents import parsing, publish_document, read_document, user_name
from datagen_core.store.layout import SetPaths, list_names

PROBE_FORMAT = "1.0"


@dataclass(frozen=True, slots=True)
class Probe:
    """Why a code may go on with a set.

    Attributes
    ----------
    code
        Its id.
    against
        The ids of the codes that made the samples; an empty one where nobody knows.
    accepted
        Whether the user accepted it without a comparison, or though samples differ. The set is
        mixed from then on.
    samples
        The samples that it made anew, all of which were equal; empty where it was accepted.
    machine
        Where it made them, as `describe_machine` says.
    created, by, host
        When, by whom and where this was found.
    """

    code: str
    against: tuple[str, ...]
    accepted: bool = False
    samples: IntervalSet = field(default_factory=IntervalSet)
    machine: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    by: str = ""
    host: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it in plain JSON types."""
        return {
            "code": self.code,
            "against": list(self.against),
            "accepted": self.accepted,
            "samples": [list(part) for part in self.samples],
            "machine": dict(self.machine),
            "created": self.created,
            "by": self.by,
            "host": self.host,
        }


def keep_probe(paths: SetPaths, probe: Probe) -> None:
    """Keep a probe with time, user and host, unless there is one of its code."""
    import socket  # reading needs no name

    now = datetime.now(UTC).isoformat(timespec="microseconds")
    stamp = {"created": now, "by": user_name(), "host": socket.gethostname()}
    content = {"format": PROBE_FORMAT, **probe.to_json(), **stamp}
    publish_document(paths.probe(probe.code), content, paths.temporary)


def read_probes(paths: SetPaths) -> list[Probe]:
    """Return the probes of a set, oldest first."""
    names = [name[:-5] for name in list_names(paths.probes) if name.endswith(".json")]
    found = [_read(paths, name) for name in names]
    return sorted(found, key=lambda probe: probe.created)


def _read(paths: SetPaths, code: str) -> Probe:
    probe = read_document(paths.probe(code), PROBE_FORMAT, _parse)
    with parsing(paths.probe(code)):
        if probe.code != code:
            raise forms.wrong(probe.code, "the code of its name")
    return probe


_FORMS: Mapping[str, forms.Form] = {
    "code": forms.code_id, "against": forms.each(forms.code_id), "accepted": forms.flag,
    "samples": forms.samples, "machine": forms.tree, "created": forms.text, "by": forms.text,
    "host": forms.text,
}  # fmt: skip


def _parse(content: Mapping[str, Any]) -> Probe:
    found = forms.take(content, _FORMS)
    return Probe(**{**found, "against": tuple(found["against"])})


def is_mixed(paths: SetPaths) -> bool:
    """Return whether a user accepted other code for a set, whose samples may differ in kind."""
    return any(probe.accepted for probe in read_probes(paths))
