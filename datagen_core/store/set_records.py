"""What is recorded of a parameter set, and how its record grows with its generator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from datagen_core.generators.identity import HASH_VERSION, changed_params, digest_of
from datagen_core.store import forms


@dataclass(frozen=True, slots=True)
class SetRecord:
    """What a parameter set is (its identity), how it is made, and where it came from.

    Attributes
    ----------
    digest
        The identity: see `datagen_core.generators.identity.digest_of`.
    generator, version, params, seed
        What the set is; `params` in plain JSON types, with parameters that were added since it was
        begun, under their present names.
    defaults
        The default values of `params`, which show how this set differs without its generator.
    batch_size, limit, compress
        The generator's values when the set was begun; all later runs use them.
    provenance
        How the set was begun: versions, commit, host, user, time, command.
    identity
        The parameters of which `digest` is the digest; None where they are `params`.
    renamed
        The present names of parameters that were renamed, by their earlier names.
    owner
        Of a private set who began it and where it belongs, `user`, `host` and `cache`; None for
        other sets.
    """

    digest: str
    generator: str
    version: str
    params: Mapping[str, Any]
    seed: int
    defaults: Mapping[str, Any]
    batch_size: int
    limit: int | None
    provenance: Mapping[str, Any]
    hash_version: int = HASH_VERSION
    compress: bool = False
    identity: Mapping[str, Any] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    owner: Mapping[str, str] | None = None

    @property
    def private(self) -> bool:
        """Whether only its owner adds samples, and nobody ever makes one a second time."""
        return self.owner is not None

    @property
    def instance(self) -> str:
        """The random id of a private set, which has a key of that name; empty for other sets."""
        return str((self.identity or {}).get(INSTANCE, "")) if self.private else ""

    @property
    def computed_digest(self) -> str:
        """The digest of what the record says, which is `digest` unless it is damaged."""
        params = self.params if self.identity is None else self.identity
        return digest_of(self.generator, self.version, params, self.seed)

    def is_called(self, folder: str) -> bool:
        """Whether the record is what it says, and a folder of this name is its own."""
        return self.digest == self.computed_digest and folder.endswith(self.digest[:8])

    @property
    def created(self) -> str | None:
        """When the set was begun, in ISO 8601; None where that was not recorded."""
        found = self.provenance.get("created")
        return found if isinstance(found, str) else None

    @property
    def changed(self) -> dict[str, Any]:
        """The parameters that differ from their defaults."""
        return changed_params(self.params, self.defaults)

    def with_later(self, params: Mapping[str, Any], renamed: Mapping[str, str]) -> SetRecord:
        """Return the record with parameters that were added at their defaults, or renamed."""
        return replace(
            self,
            params=_join(_rename(self.params, renamed), params),
            defaults=_join(_rename(self.defaults, renamed), params),
            identity=self.params if self.identity is None else self.identity,
            renamed={
                **{old: renamed.get(name, name) for old, name in self.renamed.items()},
                **renamed,
            },
        )


INSTANCE = "<instance>"
"""The key of the instance id among the parameters of an identity; no parameter has such a name."""

_FORMS: Mapping[str, forms.Form] = {
    "digest": forms.digest, "generator": forms.name, "version": forms.text, "params": forms.tree,
    "seed": forms.seed, "defaults": forms.tree, "batch_size": forms.positive,
    "limit": forms.maybe(forms.positive), "provenance": forms.tree,
}  # fmt: skip
_LATER_FORMS: Mapping[str, forms.Form] = {"hash_version": forms.whole, "compress": forms.flag}
_KEYS = [*_FORMS, *_LATER_FORMS]

_renamed = forms.mapping(forms.text)
_instance = forms.matching(r"[0-9a-f]{32}", "the id of a private set")


def _rename(values: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    return {renamed.get(name, name): value for name, value in values.items()}


def _join(values: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    new = {n: v for n, v in later.items() if n not in values or _is_grown(values[n], v)}
    return {**values, **new}


def _is_grown(old: object, new: object) -> bool:
    """Return whether a nested value has all that it had, and more."""
    return isinstance(old, dict) and isinstance(new, dict) and old.items() < new.items()


def to_document(record: SetRecord) -> dict[str, Any]:
    """Return the document of a record, of the lowest format that has all of it."""
    content = {name: getattr(record, name) for name in _KEYS}  # `asdict` would copy every value
    if record.identity is None:
        return {"format": "1.0", **content}
    grown = {"params": record.identity, "binding": record.params, "renamed": record.renamed}
    if record.owner is None:
        return {"format": "1.1", **content, **grown}
    return {"format": "1.2", **content, **grown, "owner": record.owner}


def from_document(content: Mapping[str, Any]) -> SetRecord:
    """Return the record that a document holds."""
    record = SetRecord(**forms.take(content, _FORMS, _LATER_FORMS))
    if "binding" not in content:
        return record
    grown = forms.take(content, {"binding": forms.tree, "renamed": _renamed})
    binding, renamed = grown["binding"], grown["renamed"]
    owner = _parse_owner(content.get("owner"))
    if owner is not None:
        _instance(record.params[INSTANCE])
    return replace(record, params=binding, identity=record.params, renamed=renamed, owner=owner)


def _parse_owner(content: object) -> dict[str, str] | None:
    if content is None:
        return None
    keys: Mapping[str, forms.Form] = dict.fromkeys(("user", "host", "cache"), forms.text)
    return forms.take(forms.tree(content), keys)


def parse_later(content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the later parameters that a document holds, and the present names by earlier ones."""
    found = forms.take(content, {"params": forms.tree, "renamed": _renamed})
    return found["params"], found["renamed"]


def growth_of(
    record: SetRecord, params: Mapping[str, Any], renamed: Mapping[str, str]
) -> dict[str, Any]:
    """Return what is to be recorded; empty if the record has all parameters."""
    names = {old: new for old, new in renamed.items() if old in record.params}
    known = {**_rename(record.params, names), **record.renamed}
    later = {n: v for n, v in params.items() if n not in known or _is_grown(known[n], v)}
    return {"params": later, "renamed": names} if later or names else {}
