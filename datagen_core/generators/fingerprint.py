"""What the code of a generator is, by its parts, and what changed between two of them: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from datagen_core.generators.identity import sha256_of


@dataclass(frozen=True)
class Code:
    """What decides the samples of a generator.

    Attributes
    ----------
    parts
        A digest of each function, class and constant, by module and name: `physics.force`. Names
        in the file of the generator stand alone, since it may be moved, and loaded in two ways.
    packages
        The versions of the installed distributions that it uses, by name.
    environment
        The values of the environment variables that the generator declares; None where not set.
    kinds
        What each part is, for people: "function", "class", "constant", "value" or "module".
    """

    parts: Mapping[str, str]
    packages: Mapping[str, str]
    environment: Mapping[str, str | None] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict, compare=False)

    @cached_property
    def fingerprint(self) -> str:
        """The digest of parts and environment, 64 hexadecimal digits; versions do not count."""
        return sha256_of([self.parts, self.environment] if self.environment else self.parts)

    @cached_property
    def id(self) -> str:
        """The name under which a cache keeps it: 16 hexadecimal digits of all that it has."""
        found = [self.parts, self.packages, self.environment]
        return sha256_of(found if self.environment else found[:2])[:16]

    def changes_since(self, earlier: Code) -> list[str]:
        """Return the parts and packages that differ from earlier ones, sorted, for people.

        A part is its name with its kind, `helper (function)`; a package has its versions.
        Environment variables follow, as `$NAME`.
        """
        kinds = {**earlier.kinds, **self.kinds}
        parts = _differing(self.parts, earlier.parts)
        named = [f"{name} ({kinds[name]})" if name in kinds else name for name in parts]
        now, before = self.packages, earlier.packages
        named += [
            f"{name} {before.get(name, '(not used)')} -> {now.get(name, '(not used)')}"
            for name in _differing(now, before)
        ]
        here, there = self.environment, earlier.environment
        return named + [f"${name}" for name in _differing(here, there)]


def _differing(now: Mapping[str, str | None], before: Mapping[str, str | None]) -> list[str]:
    return [n for n in sorted(now.keys() | before.keys()) if now.get(n) != before.get(n)]
