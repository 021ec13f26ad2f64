"""A plugin to begin with: a distribution with a generator, tests and a README, which works at once.

The folder `template` is such a distribution, of the generator `my_sim`; a new one is a copy of it
under other names.
"""

from __future__ import annotations

import re
from importlib import metadata
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from typing import NamedTuple, Self

from datagen_core.errors import CacheError, ConfigurationError, shorten
from datagen_core.files import placing
from datagen_core.generators.installed import providers_of

_TEMPLATE = Path(__file__).with_name("template")
_FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "datagen_my_sim.py": "datagen_my_sim.py",
    "tests/test_my_sim.py": "tests/test_my_sim.py",
}
"""The files of the template, and their places in a plugin."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_LONGEST = 50
_PREFIX = "datagen-"


class PluginNames(NamedTuple):
    """What a plugin and its parts are called.

    Attributes
    ----------
    distribution, module, generator
        As in `datagen-my-sim`, `datagen_my_sim` and `my_sim`.
    """

    distribution: str
    module: str
    generator: str

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the names that follow from a plugin's name, such as `my-sim`.

        Raises
        ------
        ConfigurationError
            If that is not a name, or something that is installed has one of them.
        """
        if not _NAME.fullmatch(name) or len(name) > _LONGEST or name.startswith(_PREFIX):
            raise ConfigurationError(
                f"{shorten(name)!r} cannot name a plugin; use small letters, digits and dashes, up "
                f"to {_LONGEST} and without {_PREFIX!r} in front; {_suggest(name)}"
            )
        generator = name.replace("-", "_")
        if iskeyword(generator):
            raise ConfigurationError(
                f"{name!r} is a word of Python, so no function can have that name; choose another, "
                f"such as {name}-sim"
            )
        names = cls(f"{_PREFIX}{generator.replace('_', '-')}", f"datagen_{generator}", generator)
        names.refuse_taken()
        return names

    def refuse_taken(self) -> None:
        """Refuse names that something has which is installed.

        Raises
        ------
        ConfigurationError
            If there is such a generator, module or distribution.
        """
        taken = [f"the generator {self.generator!r} of {each.name}"
                 for each in providers_of(self.generator)]  # fmt: skip
        if self.distribution in {each.name for each in metadata.distributions()}:
            taken.append(f"a distribution {self.distribution!r}")
        if find_spec(self.module) is not None:
            taken.append(f"a module {self.module!r}")
        if taken:
            raise ConfigurationError(
                f"{taken[0]} is here already; choose another name, or see `datagen generators`"
            )

    def fill(self, text: str) -> str:
        """Return a text of the template with these names."""
        words = {
            "my-sim": self.generator.replace("_", "-"),
            "my_sim": self.generator,
            "MySim": "".join(part.capitalize() for part in self.generator.split("_")),
        }
        return re.sub("|".join(words), lambda found: words[found[0]], text)


def _suggest(name: str) -> str:
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower())
    near = "-".join(words).removeprefix(_PREFIX)[:_LONGEST].strip("-")
    is_near = name.isascii() and _NAME.fullmatch(near)
    return f"did you mean {near!r}?" if is_near else "for example 'my-sim'"


def _fill(names: PluginNames, draft: Path) -> None:
    for place, target in _FILES.items():
        path = draft / names.fill(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (_TEMPLATE / place).read_text(encoding="utf-8")
        path.write_text(names.fill(text), encoding="utf-8")


def make_plugin(names: PluginNames, folder: Path) -> list[Path]:
    """Make a distribution in a new folder, whole or not at all; return the paths of its files.

    Raises
    ------
    CacheError
        If the folder is there already, or cannot be made.
    """
    if folder.exists() or folder.is_symlink():
        raise CacheError(f"{folder} is there already; name another folder behind the plugin's name")
    try:
        with placing(folder, replace=False) as draft:
            _fill(names, draft)
    except OSError as error:
        raise CacheError(
            f"{folder} cannot be made: {error.strerror or error}; name another folder behind the "
            "plugin's name"
        ) from error
    return [folder / names.fill(target) for target in _FILES.values()]
