"""What a shell offers for a word that is being typed, besides commands and options.

A parameter of a command is known by its name, so commands need not say anything. Nothing here runs
code of users or imports a plugin, and what cannot be read is not offered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    split_arg_string,
)

from datagen_core.files import expand_home

if TYPE_CHECKING:
    from datagen_core.store.layout import SetPaths

_Complete = Callable[[click.Context, str], Iterator[Any]]
"""Yields what a value may be, alone or with a description."""

_MAKERS = {"estimate", "generate", "generators", "study"}
"""Commands whose NAME is a generator; that of others is a data set of the cache."""

_DESCRIBED = 60
"""The most characters of a description."""


def attach(command: click.Command) -> click.Command:
    """Let a command, and those of a group, complete the values of their parameters."""
    for parameter in command.params:
        complete = _VALUES.get(str(parameter.name))
        if complete is not None and not isinstance(parameter.type, click.Choice):
            parameter.shell_complete = partial(_offer, complete)  # type: ignore[method-assign]
    if isinstance(command, click.Group) and not isinstance(command.get_command, partial):
        find = command.get_command
        command.get_command = partial(_find, find)  # type: ignore[method-assign]
    return command


def _find(
    find: Callable[[click.Context, str], click.Command | None], ctx: click.Context, cmd_name: str
) -> click.Command | None:
    found = find(ctx, cmd_name)
    return attach(found) if found is not None else None


def _offer(complete: _Complete, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return what fits the beginning of a word; nothing where something cannot be read."""
    found: list[CompletionItem] = []
    with suppress(Exception):  # a shell has no place for errors
        for each in complete(ctx, incomplete):
            value, text = each if isinstance(each, tuple) else (each, None)
            if value.startswith(incomplete) and "\n" not in value:
                found.append(CompletionItem(value, help=text))
    return list({item.value: item for item in found}.values())


def _names(ctx: click.Context, incomplete: str) -> Iterator[str]:
    command = str(ctx.info_name)
    if command in _MAKERS or (command == "show" and not ctx.params.get("selector")):
        from datagen_core.generators.outlines import outline_file, outline_names

        file, colon, _ = incomplete.rpartition(":")
        if colon:
            yield from (f"{file}:{name}" for name in outline_file(Path(file)))
        yield from outline_names(ctx.params.get("folder"))
    if command not in _MAKERS:
        from datagen_core.store.sets import list_generators

        yield from list_generators(_cache(ctx))


def _cache(ctx: click.Context) -> Path:
    from datagen_core.reading.cache import Cache

    root = ctx.find_root()
    return Cache(root.obj or root.params.get("cache")).path


def _name(ctx: click.Context) -> str:
    """Return the NAME of a command, also before an option that has no value yet."""
    return str(ctx.params.get("name") or next(iter(ctx.args), ""))


def _sets(ctx: click.Context) -> Iterator[tuple[int, SetPaths]]:
    from datagen_core.store.sets import list_sets

    name = _name(ctx)
    yield from list_sets(_cache(ctx) / name, []).items() if name else ()


def _selectors(ctx: click.Context, incomplete: str) -> Iterator[str | tuple[str, str]]:
    """Yield the numbers of sets; parameters, and of one that is named its values."""
    from datagen_core.generators.identity import short_text
    from datagen_core.store.sets import read_set

    if str(ctx.info_name) == "estimate":
        yield from _assignments(ctx, incomplete)
        return
    key, equals, _ = incomplete.partition("=")
    for number, paths in _sets(ctx):
        with suppress(Exception):  # other sets can be read
            record = read_set(paths)
            known = {**record.params, "seed": record.seed}
            if equals and key in known:
                yield f"{key}={_text(known[key])}"
            elif not equals:
                shown = ", ".join(f"{k}={short_text(v)}" for k, v in record.changed.items())
                yield str(number), shown[:_DESCRIBED]
                yield from (f"{name}=" for name in known)


def _text(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _assignments(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """Yield parameters of a generator, and of one that is named the values of its type."""
    from datagen_core.generators.outlines import outline_generator

    if incomplete.startswith("@"):
        yield from _files(incomplete)
        return
    outline = outline_generator(_name(ctx), ctx.params.get("folder"))
    key, equals, given = incomplete.partition("=")
    before = given.rpartition(",")[0]
    first = f"{key}={before}," if before else f"{key}="
    yield from (
        [f"{first}{value}" for value in outline.get(key, ()) if value]
        if equals
        else [f"{name}=" for name in outline]
    )


def _files(incomplete: str) -> Iterator[str]:
    folder, slash, _ = incomplete[1:].rpartition("/")
    place = expand_home(folder or slash or ".")
    for path in sorted(place.iterdir()):
        if path.is_dir() or path.suffix in {".json", ".toml"}:
            yield f"@{folder}{slash}{path.name}{'/' * path.is_dir()}"


def _splits(ctx: click.Context, _: str) -> Iterator[str]:
    from datagen_core.store.ledger import read_ledger

    found: dict[str, None] = {}
    for _number, paths in _sets(ctx):
        with suppress(Exception):
            found |= dict.fromkeys(read_ledger(paths).splits)
    yield from found
    if ctx.info_name == "export":
        yield "raw"


def _formats(_: click.Context, __: str) -> Iterator[str]:
    from importlib.metadata import entry_points

    yield from ("csv", "npz", "parquet")
    yield from sorted(point.name for point in entry_points(group="datagen.formats"))


def _executors(_: click.Context, __: str) -> Iterator[str]:
    from datagen_core.executors.choice import BUILT_IN
    from datagen_core.generators.installed import installed_executors

    yield from [*BUILT_IN, *installed_executors()]


def _profiles(_: click.Context, __: str) -> Iterator[str]:
    from datagen_core.store.profiles import list_profiles

    yield from list_profiles()


def _preprocessors(ctx: click.Context, _: str) -> Iterator[str]:
    from datagen_core.store.derived import list_derived
    from datagen_core.store.ledger import read_ledger

    for _number, paths in _sets(ctx):
        for split in read_ledger(paths).splits:
            yield from (each.name for each in list_derived(paths, split))


_VALUES: dict[str, _Complete] = {
    "name": _names,
    "names": _names,
    "selector": _selectors,
    "assignments": _assignments,
    "sweeps": _assignments,
    "split": _splits,
    "splits": _splits,
    "old": _splits,
    "words": _splits,
    "form": _formats,
    "executor": _executors,
    "profile": _profiles,
    "preprocessor": _preprocessors,
}
"""What completes the values of parameters of commands, by the parameter's name."""

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' type value
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            open) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_BREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


@add_completion_class
class _Bash(BashComplete):
    """Completion for bash, which cuts words at `=` and `:`; click asks for these as one word."""

    source_template: ClassVar[str] = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words of the line before the cursor, and the one that is being typed."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        is_new = line[-1:].isspace()
        self._word = "" if is_new or not words else words[-1]
        return words[: len(words) - (not is_new)], self._word

    def format_completion(self, item: CompletionItem) -> str:
        """Return a completion as bash takes it: without what stands before the last break."""
        breaks = set(os.environ.get("COMP_BREAKS", "")) - set("\"'@$ \t\n")  # these begin words
        places = [place for place, letter in enumerate(self._word, 1) if letter in breaks]
        cut = max(places, default=0)
        kind = "open" if item.type == "plain" and item.value.endswith(("=", "/")) else item.type
        return f"{kind},{item.value[cut:]}"
