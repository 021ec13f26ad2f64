"""A generator that is looked at, with the parameters it gets, and batches that were made of it."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import SkipTest

from pydantic_core import to_jsonable_python

from datagen_core.errors import GeneratorError
from datagen_core.executors.conformance import ConformanceError
from datagen_core.generators.code import code_of_generator
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.params import Params
from datagen_core.generators.registry import load_generator, source_of
from datagen_core.scheduling.trials import Attempt, Question, Trial, batches_of
from datagen_core.testing.other_values import Parameter, other_values, parameters_in

SECONDS = 300.0
"""How long the batches of one question may take."""

_BATCHES = 3
_MOST_TRIED = 4


@dataclass(frozen=True)
class Subject:
    """What is looked at.

    Attributes
    ----------
    generator, source
        The generator, and the name by which other processes load it; empty where none can.
    folder
        An empty folder for caches.
    given
        Values of parameters, as they were given.
    ignored
        The names of parameters that change no sample.
    others
        By name of a parameter another value that it may have.
    """

    generator: DatasetGenerator
    source: str
    folder: Path
    given: Mapping[str, Any]
    ignored: Collection[str]
    others: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        generator: str | DatasetGenerator,
        folder: Path,
        params: Mapping[str, Any] | Params | None,
        ignored: Collection[str],
        others: Mapping[str, Any] | None,
    ) -> Subject:
        """Load a generator.

        Raises
        ------
        GeneratorError
            If there is none of that name, or it does not load.
        """
        if isinstance(generator, str):
            found, source = _load(generator)
        else:
            found, source = generator, source_of(generator)
        given = params.canonical() if isinstance(params, Params) else dict(params or {})
        return cls(found, source, folder, to_jsonable_python(given), ignored, others or {})

    def fail(self, what: str) -> ConformanceError:
        """Return the error of a check that fails."""
        return ConformanceError(f"{self.generator.name}: {what}")

    @cached_property
    def params(self) -> Params:
        """The parameters, bound.

        Raises
        ------
        ConformanceError
            If they do not fit, or one that has no default is missing.
        """
        try:
            return self.generator.params_type.bind(self.given, self.generator.name)
        except Exception as error:
            told = f"{error}; pass them: params={{'name': value}}"
            raise ConformanceError(told) from error

    @property
    def parameters(self) -> list[Parameter]:
        """All parameters with their values."""
        return parameters_in(self.params)

    @property
    def batches(self) -> list[int]:
        """The numbers of the batches that are made."""
        return batches_of(self.generator, self.params, _BATCHES)

    def bind(self, changed: Mapping[str, Any]) -> Params | None:
        """Return the parameters with other values; None where they are refused."""
        try:
            found = self.generator.params_type.bind({**self.given, **changed}, self.generator.name)
        except Exception:  # another check says what it should be
            return None
        return None if found == self.params else found

    def alternatives(self, parameter: Parameter) -> list[tuple[Any, dict[str, Any], Params]]:
        """Return other values that a parameter accepts: each alone, in its place, and bound."""
        known = self.others.get(parameter.name)
        near = other_values(parameter.annotation, parameter.value)
        found = []
        for value in near if known is None else [known]:
            changed = parameter.change(self.params, value)
            params = self.bind(changed)
            if params is not None:
                found.append((value, changed, params))
        return found[:_MOST_TRIED]

    def try_forward(self, again: int = 0) -> Attempt:
        """Return the first batches as a process makes them; `again` is for another process."""
        return self._attempt(Question(self.batches, self.given), variant=f"forward {again}")

    def try_backward(self, first: Attempt) -> Attempt:
        """Return the first batches as another process makes them, the last one first."""
        question = Question(self.batches[::-1], self.given, schema=first.batches[0].schema)
        made = self._attempt(question, variant="backward")
        return made._replace(batches=made.batches[::-1])

    def require_processes(self) -> None:
        """Skip a check where no other process can load the generator; the check `loading` fails."""
        if not self.source:
            raise SkipTest(f"no other process can load {self.generator.name}; see check loading")

    def open_trial(self, variant: str = "") -> Trial:
        """Return a process that makes batches; each kind sorts sets of text in another order."""
        self.require_processes()
        seed = {"PYTHONHASHSEED": str(1 + sum(variant.encode()))}
        return Trial(self.source, SECONDS, variables=seed)

    def _attempt(self, question: Question, variant: str) -> Attempt:
        self.require_processes()
        key = (self.source, code_of_generator(self.generator).id, json.dumps(self.given), variant)
        if key not in _attempts:
            with self.open_trial(variant) as trial:
                _attempts[key] = trial.make(question)
        return _attempts[key]

    @contextmanager
    def own_configuration(self) -> Iterator[None]:
        """Keep what runs write into the user's configuration in the folder."""
        before = os.environ.get(_CONFIGURATION)
        os.environ[_CONFIGURATION] = str(self.folder / "configuration")
        try:
            yield
        finally:
            os.environ.pop(_CONFIGURATION)
            os.environ.update({} if before is None else {_CONFIGURATION: before})


_CONFIGURATION = "XDG_CONFIG_HOME"
_attempts: dict[tuple[str, ...], Attempt] = {}
"""What was made, since several checks look at the same batches."""


def _load(name: str) -> tuple[DatasetGenerator, str]:
    try:
        return load_generator(name)
    except GeneratorError as error:
        if not str(error).startswith("there is no generator"):
            raise
        raise GeneratorError(f"{error}; install the plugin first: pip install -e .") from error
