"""The parameter sets that a cache has of a generator, to find those that a demand goes on with.

A set is found by its digest; if it was begun before a parameter was added or renamed, by its
parameters. A parameter that it does not have counts as being at its default.
"""

from __future__ import annotations

import os
import secrets
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from datagen_core.errors import CacheError, ParamsError
from datagen_core.generators.declarations import defaults_of, renamed_params
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.identity import (
    canonical_json,
    digest_of,
    format_assignments,
    plain,
    short_text,
)
from datagen_core.generators.inputs import references_in
from datagen_core.generators.params import Params, identity_of
from datagen_core.store.documents import user_name
from datagen_core.store.layout import SetPaths, list_names
from datagen_core.store.set_records import INSTANCE, SetRecord
from datagen_core.store.sets import list_sets, read_set, set_paths

Point = Mapping[str, Any] | Params | None
"""What a user gives to be bound; parameters that are left out are at their defaults."""


class Known(NamedTuple):
    """A parameter set that a cache has."""

    paths: SetPaths
    record: SetRecord


class KnownSets:
    """The sets of one generator and seed in a cache.

    Folders are listed once. Records of sets other than those asked for are read only when a set
    is not found by its digest, and then once.
    """

    def __init__(self, folder: Path, generator: DatasetGenerator, seed: int) -> None:
        self.folder, self.generator, self.seed = folder, generator, seed
        self.defaults = defaults_of(generator.params_type)

    def find(self, params: Params) -> Known | None:
        """Return the set with these parameters; None if there is none yet.

        Raises
        ------
        CacheError
            If it cannot be read.
        """
        if not self._names:
            return None
        digest = self.generator.digest_of(params, self.seed)
        return self._by_digest(digest, params) or self._by_params(params)

    def describe_new(self, params: Params, provenance: Mapping[str, Any]) -> Known:
        """Return the paths and the record of a set with these parameters that is to be begun."""
        generator, (digest, identity) = self.generator, self._identify(params)
        owner = None
        if generator.is_private(params):
            digest, identity = self._identify_private(params)
            owner = {
                "user": user_name(), "host": os.uname().nodename, "cache": str(self.folder.parent),
            }  # fmt: skip
        record = SetRecord(
            digest=digest,
            generator=generator.name,
            version=generator.version,
            params=plain(params.canonical()),
            seed=self.seed,
            defaults=self.defaults,
            batch_size=generator.batch_size,
            limit=generator.limit_of(params),
            provenance=provenance,
            compress=generator.compress,
            identity=identity,
            renamed=renamed_params(generator.params_type),
            owner=owner,
        )
        return Known(set_paths(self.folder.parent, record), record)

    def _identify(self, params: Params) -> tuple[str, dict[str, Any] | None]:
        """Return digest and `SetRecord.identity` of a new set."""
        identity, values = identity_of(params), params.canonical()
        digest = self.generator.digest_of(params, self.seed)
        if identity == values:
            return digest, None
        if any(found.record.digest == digest for found in self._ending_with(digest[:8])):
            # That set was made with another default of a later parameter.
            name, version = self.generator.name, self.generator.version
            return digest_of(name, version, values, self.seed), None
        return digest, identity

    def _identify_private(self, params: Params) -> tuple[str, dict[str, Any]]:
        """Return digest and `SetRecord.identity` of a new private set, which are never the same."""
        identity = {**identity_of(params), INSTANCE: secrets.token_hex(16)}
        return digest_of(self.generator.name, self.generator.version, identity, self.seed), identity

    def _by_digest(self, digest: str, params: Params) -> Known | None:
        fitting = (one for one in self._ending_with(digest[:8]) if one.record.digest == digest)
        return next((one for one in fitting if self._fits(one.record, params)), None)

    def _ending_with(self, digits: str) -> Iterator[Known]:
        """Yield the sets whose digests may begin so; then raise the error of one, if any failed."""
        errors: list[CacheError] = []
        for name in self._names[digits]:
            paths = SetPaths(self.folder / name)
            try:
                yield Known(paths, read_set(paths))
            except FileNotFoundError:  # its beginning was interrupted
                pass
            except CacheError as error:  # it may be a copy, or another set
                errors.append(error)
        if errors:
            raise errors[0]

    @cached_property
    def _names(self) -> Mapping[str, list[str]]:
        """The names of folders by their last eight characters, the start of a digest."""
        found = defaultdict(list)
        for name in sorted(list_names(self.folder)):
            if name[-9:-8] == "-" and not name.startswith("."):
                found[name[-8:]].append(name)
        return found

    def _fits(self, record: SetRecord, params: Params) -> bool:
        values = params.canonical()
        if record.private != self.generator.is_private(params):
            return False
        return record.params == values or self._key(record) == canonical_json(values)

    def _by_params(self, params: Params) -> Known | None:
        if not self._all:
            return None
        return self._by_key[canonical_json(params.canonical())].get(self.generator.version)

    def _key(self, record: SetRecord) -> str:
        """Return the parameters of a set as the generator has them now; empty if it cannot.

        So it is where the generator declares them private now and did not before, or the reverse.
        """
        try:
            params = bind_record(self.generator, record)
            same = self.generator.is_private(params) == record.private
            return canonical_json(params.canonical()) if same else ""
        except Exception:
            return ""

    @cached_property
    def _by_key(self) -> Mapping[str, dict[str, Known]]:
        """The sets by parameters and version; of those that are alike, the first one."""
        found: defaultdict[str, dict[str, Known]] = defaultdict(dict)
        for known in self._all:
            found[self._key(known.record)].setdefault(known.record.version, known)
        return found

    @cached_property
    def _all(self) -> list[Known]:
        """The readable sets of the seed, by number, then those that have no number yet."""
        found = []
        numbered = list(list_sets(self.folder, []).values())
        others = [SetPaths(self.folder / each) for names in self._names.values() for each in names]
        for paths in dict.fromkeys([*numbered, *others]):
            with suppress(CacheError, FileNotFoundError):
                found.append(Known(paths, read_set(paths)))
        return [known for known in found if known.record.seed == self.seed]

    def explain_new(self, params: Params, point: Point) -> list[str]:
        """Return why there is no set yet where a user may expect one, a line for each reason.

        `point` is what was bound; parameters that it leaves out are at their defaults.
        """
        if not self._names or not self._all:
            return []
        given = _present_names(self.generator, point)
        name, version = self.generator.name, self.generator.version
        values = params.canonical()
        versions = self._by_key[canonical_json(values)].keys() - {version}
        lines = [
            f"{name} has version {version} now, which cannot go on with sets of version {each}; "
            "this begins a new parameter set"
            for each in sorted(versions)
        ]
        private = self.generator.is_private(params)
        if any(one.record.private != private and one.record.params == values for one in self._all):
            kind = "private" if private else "public"
            lines += [
                f"{name} declares these parameters {kind} now; this begins a new parameter set"
            ]
        for before in self._earlier_defaults:
            changed = {
                key: value
                for key, value in before.items()
                if key not in given and values[key] == self.defaults[key]
            }
            if changed and version in self._by_key[canonical_json({**values, **changed})]:
                lines += [self._explain_default(changed)]
        return lines

    def _explain_default(self, changed: Mapping[str, Any]) -> str:
        changes = ", ".join(
            f"{key} (from {short_text(value)} to {short_text(self.defaults[key])})"
            for key, value in changed.items()
        )
        return (
            f"a default of {self.generator.name} has changed, {changes}, which begins a new "
            f"parameter set; go on with the old one with: {shlex.join(format_assignments(changed))}"
        )

    @cached_property
    def _earlier_defaults(self) -> list[dict[str, Any]]:
        """The defaults of sets that are others now, each combination once."""
        found = (dict(self._changed_defaults(known.record)) for known in self._all)
        return list({canonical_json(changed): changed for changed in found if changed}.values())

    def _changed_defaults(self, record: SetRecord) -> Iterator[tuple[str, Any]]:
        """Yield the parameters of a set that are at a default which is another one now."""
        renamed = renamed_params(self.generator.params_type)
        for key, default in record.defaults.items():
            name = renamed.get(key, key)
            is_changed = name in self.defaults and self.defaults[name] != default
            if is_changed and record.params.get(key) == default:
                yield name, record.params[key]  # 1.0 where the default is 1


def bind_record(generator: DatasetGenerator, record: SetRecord) -> Params:
    """Return the parameters of a set as the generator has them now.

    A generator may be older than the code that has gone on with the set: a parameter that is not
    part of the set's identity is left out where it is unknown, and an earlier name is tried.

    Raises
    ------
    ParamsError
        If the set's parameters do not fit the generator, or name a file by its path.
    """
    params_type, values = generator.params_type, dict(record.params)
    known = {*params_type.model_fields, *renamed_params(params_type)}
    for old, name in record.renamed.items():
        if name not in known and old in known and name in values:
            values[old] = values.pop(name)
    identity = record.params if record.identity is None else record.identity
    first = {record.renamed.get(name, name) for name in identity}
    later = {name for name in values if name not in known and name not in first}
    kept = {name: value for name, value in values.items() if name not in later}
    params = params_type.bind(kept, generator.name)
    given = {renamed_params(params_type).get(name, name): value for name, value in kept.items()}
    _refuse_paths(generator.name, given, plain(params.canonical()))
    return params


def _refuse_paths(owner: str, recorded: Mapping[str, Any], bound: Mapping[str, Any]) -> None:
    """Refuse what only whoever types it may say: where a file lies, which would then be read.

    Records have the content of files, or their references.
    """
    for name, value in recorded.items():
        is_read = isinstance(value, str) and isinstance(bound.get(name), Mapping)
        if is_read or references_in(bound.get(name)) - references_in(value):
            raise ParamsError(
                f"{owner}: the record of this set names a file as its {name}, and files of yours "
                "are read by your own words only; restore params.json from a backup"
            )


def tell_renamed(generator: DatasetGenerator, point: Point) -> list[str]:
    """Return a line for each parameter that is given by an earlier name."""
    renamed = renamed_params(generator.params_type)
    return [
        f"{generator.name} calls its parameter {old} {renamed[old]} now; use that name"
        for old in _names_in(point)
        if old in renamed
    ]


def _names_in(point: Point) -> Iterable[str]:
    names = point.model_fields_set if isinstance(point, Params) else point or ()
    return dict.fromkeys(str(name).partition(".")[0] for name in names)  # those of nested parts


def _present_names(generator: DatasetGenerator, point: Point) -> set[str]:
    renamed = renamed_params(generator.params_type)
    return {renamed.get(name, name) for name in _names_in(point)}
