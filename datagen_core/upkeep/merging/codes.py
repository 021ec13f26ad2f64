"""Whether samples that other code made may lie beside those of a set, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from datagen_core.errors import CacheError
from datagen_core.ranges import IntervalSet
from datagen_core.store.codes import codes_of, read_code
from datagen_core.store.documents import copy_document
from datagen_core.store.layout import SetPaths
from datagen_core.store.origins import Origin
from datagen_core.store.probes import Probe, keep_probe, read_probes
from datagen_core.store.runs import list_plans, list_runs

Proofs = Mapping[tuple[str, str], IntervalSet]
"""By the code there and the code here, samples that both made, and that are equal."""


def find_codes(paths: SetPaths, origins: Iterable[Origin]) -> list[str]:
    """Return the ids of the codes that made a set, or were to make it, of which there is a record.

    `origins` are those of its files.
    """
    plans = (plan for run in list_runs(paths) for plan in list_plans(paths.run(run.number)))
    names = {each.code for each in origins} | {plan.code or "" for plan in plans}
    names |= {probe.code for probe in read_probes(paths)}
    return sorted(name for name in names if _is_known(paths, name))


def _is_known(paths: SetPaths, name: str) -> bool:
    with suppress(FileNotFoundError, CacheError):  # it says nothing that a sample needs
        return read_code(paths, name).id == name
    return False


def import_codes(source: SetPaths, target: SetPaths, origins: Iterable[Origin]) -> None:
    """Keep what is known of the codes that made a set, or were to make it."""
    for name in find_codes(source, origins):
        if not target.code(name).exists():
            copy_document(source.code(name), target.code(name), target.temporary)


def find_strange(
    source: SetPaths, target: SetPaths, coming: Iterable[Origin], proofs: Proofs
) -> list[str]:
    """Return the codes that make a set mixed: of samples to come, and shown to be equal by nothing.

    Equal are those that some samples of both were made by, and those that were probed.
    """
    here = set(codes_of(target))
    new = {each.code for each in coming} - here
    if not here:
        return []
    links = [*proofs, *_links(source), *_links(target)]
    strange = []
    known = _reach(here, links)
    probed = {probe.code for probe in read_probes(source)}
    for code in sorted(new, key=lambda code: (code in probed, code)):
        if code not in known:
            strange.append(code)
            known = _reach(known | {code}, links)
    return strange


def _links(paths: SetPaths) -> list[tuple[str, str]]:
    probes = [probe for probe in read_probes(paths) if not probe.accepted]
    return [(probe.code, other) for probe in probes for other in probe.against]


def _reach(codes: set[str], links: Iterable[tuple[str, str]]) -> set[str]:
    """Return the codes that are linked with some, directly or not."""
    reached, before = set(codes), 0
    pairs = list(links)
    while len(reached) > before:
        before = len(reached)
        reached |= {each for pair in pairs if reached & set(pair) for each in pair}
    return reached


def keep_probes(
    source: SetPaths,
    target: SetPaths,
    coming: Iterable[Origin],
    strange: Iterable[str],
    proofs: Proofs,
) -> None:
    """Record why codes may lie beside one another in a set, before their samples do."""
    here, new = set(codes_of(target)), {each.code for each in coming}
    for (code, other), samples in proofs.items():
        if code in new - here and code:
            keep_probe(target, Probe(code, (other,), samples=samples))
    for code in strange:
        # Nothing is called by a code that nobody knows.
        for marked in [code] if code else sorted(here):
            against = tuple(sorted(here)) if code else ("",)
            keep_probe(target, Probe(marked, against, accepted=True))
    for probe in read_probes(source):
        if probe.code in new or not probe.accepted:
            copy_document(source.probe(probe.code), target.probe(probe.code), target.temporary)
