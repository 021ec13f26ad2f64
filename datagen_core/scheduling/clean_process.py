"""Whether jobs would run the generator that was passed: a clean process loads it and is asked.

A job loads a generator by its name. Closures, globals that were changed, helpers that were replaced
and files that were edited since are not what it finds then.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from datagen_core.errors import ChangedCodeError, DatagenError
from datagen_core.executors.processes import describe_process
from datagen_core.generators.code import (
    code_of_generator,
    edited_functions,
    values_of_generator,
)
from datagen_core.generators.descriptions import Describer, show
from datagen_core.generators.fingerprint import Code
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.registry import Loaded, load_recorded
from datagen_core.generators.schema import Schema
from datagen_core.scheduling.surroundings import search_last
from datagen_core.streams import StdoutDiversion

_MOST_NAMED = 3
_ADVICE = (
    "define it at the top level of a file, pass what differs as a parameter or put it into the "
    "file, or use the executor inline"
)

Values = Mapping[str, tuple[str, str]]
"""Digest and short text of values by name."""


class _Description(NamedTuple):
    """A generator as one process has it."""

    declared: Values
    values: Values
    parts: Mapping[str, str]


def check_unedited(generator: DatasetGenerator) -> None:
    """Refuse a generator whose files were edited after this process had loaded them.

    Raises
    ------
    ChangedCodeError
        If another text would be recorded than the one that makes the samples.
    """
    edited = edited_functions(generator, describe_process()["started"])
    if edited:
        names = ", ".join(dict.fromkeys(name for name, _ in edited))
        raise ChangedCodeError(
            f"{names}: {edited[0][1]} was edited after this session had loaded it, so that what "
            "runs here is not what it says; restart Python, or reload the module"
        )


def check_same(loaded: Loaded) -> None:
    """Refuse a generator that is another one, or none, where a job loads it by its name.

    Raises
    ------
    ChangedCodeError
        If another process would not run the same; the message names what differs.
    """
    name = loaded.generator.name
    here, there = _describe(loaded.generator), _ask(loaded.source)
    found = list(_compare(here, there))
    if found:
        again = _ask(loaded.source)  # what two loads do not agree upon is no change of the user's
        volatile = _differing(there.values, again.values)
        found = [(key, words) for key, words in found if key not in volatile]
    if found:
        more = f" (and {len(found) - _MOST_NAMED} more)" if len(found) > _MOST_NAMED else ""
        told = "; ".join(words for _, words in found[:_MOST_NAMED])
        raise ChangedCodeError(
            f"{name} is not the same in a job, which loads {loaded.source}: {told}{more}; {_ADVICE}"
        )


def code_in_process(loaded: Loaded) -> Code:
    """Return the code of a generator that runs in this process, with data that differs here.

    Where a module computes data, a clean process is asked for it, once for each code.
    """
    code = code_of_generator(loaded.generator)
    here = values_of_generator(loaded.generator, uncounted=True)
    if not here or not loaded.source:
        return code
    there = _ask_for_values(loaded.source, code.id)
    seen = {key: value for key, value in here.items() if _is_seen(key, there) or not there}
    changed = _differing(seen, there)
    if changed and there:
        changed -= _differing(there, _ask_for_values(loaded.source, code.id, again=True))
    parts = {name: f"{code.parts.get(name, '')} {here[name][0]}".strip() for name in changed}
    kinds = {**dict.fromkeys(changed, "value"), **code.kinds}
    return replace(code, parts=dict(sorted({**code.parts, **parts}.items())), kinds=kinds)


@lru_cache(256)
def _ask_for_values(source: str, code: str, *, again: bool = False) -> Values:  # noqa: ARG001
    """Return the values that a clean process finds; none where it does not find the generator."""
    with suppress(ChangedCodeError):
        return _ask(source).values
    return {}


def _differing(values: Values, others: Values) -> set[str]:
    return {key for key in values if values[key][0] != others.get(key, ("", ""))[0]}


def _is_seen(key: str, values: Values) -> bool:
    """Whether a process must have a value; modules that are imported late may not be there yet."""
    return key in values or not ("." in key or "(" in key)


def _compare(here: _Description, there: _Description) -> Iterator[tuple[str, str]]:
    told = set()
    pairs = ((here.declared, there.declared), (here.values, there.values))
    for ours, theirs in pairs:
        for key in sorted(ours):
            if not _is_seen(key, theirs):
                continue
            digest, shown = theirs.get(key, ("", "nothing"))
            if ours[key][0] != digest:
                told.add(key)
                same = ours[key][1] == shown
                yield (
                    key,
                    f"{key} {'differs' if same else f'is {ours[key][1]} here, {shown} there'}",
                )
    names = sorted(here.parts.keys() | there.parts.keys())
    changed = [name for name in names if here.parts.get(name) != there.parts.get(name)]
    if changed and not told:
        yield "", f"the code of {', '.join(changed)} differs"


def _describe(generator: DatasetGenerator) -> _Description:
    parts = code_of_generator(generator).parts
    return _Description(_declared(generator), values_of_generator(generator), parts)


def _declared(generator: DatasetGenerator) -> dict[str, tuple[str, str]]:
    """Return what a generator declares that samples depend on."""
    schema = generator.schema
    values: dict[str, Any] = {
        "version": generator.version,
        "batch_size": generator.batch_size,
        "compress": generator.compress,
        "environment": sorted(generator.environment),
        "schema": schema.to_json() if isinstance(schema, Schema) else schema,
    }
    fields = generator.params_type.model_fields
    values |= {f"parameter {name}": field.default for name, field in fields.items()}
    describer = Describer()
    return {name: (describer.digest(value), show(value)) for name, value in values.items()}


def _ask(source: str) -> _Description:
    """Return a generator as a clean process has it that loads it by its name.

    Raises
    ------
    ChangedCodeError
        If it does not find it.
    """
    flags = ["-O"] * sys.flags.optimize
    done = subprocess.run(  # noqa: S603 (our own module, no shell)
        [sys.executable, *flags, "-P", "-m", __name__, source],
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {"error": f"the process that loads it ends with exit code {done.returncode}"}
    if "error" in answer:
        raise ChangedCodeError(
            f"a job would not find the generator that was passed, {source}: "
            f"{answer['error']}; {_ADVICE}"
        )
    declared, values = (
        {key: (digest, shown) for key, (digest, shown) in answer[each].items()}
        for each in ("declared", "values")
    )
    return _Description(declared, values, answer["parts"])


def main() -> None:
    """Print the description of the generator that the first argument names, as JSON."""
    answer = StdoutDiversion()  # what its file prints goes elsewhere
    search_last()
    try:
        found: dict[str, Any] = _describe(load_recorded(sys.argv[1]).generator)._asdict()
    except DatagenError as error:
        found = {"error": str(error)}
    answer.write(json.dumps(found))


if __name__ == "__main__":
    main()
