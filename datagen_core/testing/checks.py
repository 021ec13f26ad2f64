"""The checks of generators: each finds one kind of fault, and says where it is and what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import SkipTest

from datagen_core.executors.conformance import ConformanceError
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.params import Params
from datagen_core.testing.declarations import (
    check_docstring,
    check_errors,
    check_loading,
    check_preflight,
)
from datagen_core.testing.effects import check_parameters
from datagen_core.testing.samples import (
    check_batches,
    check_jobs,
    check_order,
    check_repeatable,
    check_schema,
    check_size,
    check_verify,
)
from datagen_core.testing.subject import Subject


@dataclass(frozen=True)
class Check:
    """One check of a generator, which is called like `check_generator`.

    Attributes
    ----------
    name
        Its name, which pytest shows in the names of tests.
    needs
        The checks that must pass before this one says anything; where one fails it is skipped.
    """

    name: str
    examine: Callable[[Subject], None]
    needs: tuple[str, ...] = ()

    @property
    def __name__(self) -> str:
        """The name, where pytest looks for it."""
        return self.name

    def __call__(
        self,
        generator: str | DatasetGenerator,
        folder: Path,
        params: Mapping[str, Any] | Params | None = None,
        *,
        ignored: Collection[str] = (),
        others: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the check.

        Raises
        ------
        ConformanceError
            If it fails: one line that says what, where, and what to do.
        unittest.SkipTest
            If it says nothing of this generator; pytest then shows the test as skipped.
        """
        self.apply(Subject.of(generator, folder, params, ignored, others))

    def apply(self, subject: Subject) -> None:
        """Make the check of a subject."""
        for check in (each for each in checks if each.name in self.needs):
            try:
                check.apply(subject)
            except ConformanceError as error:
                raise SkipTest(f"check {check.name} fails, see there") from error
        self.examine(subject)


def check_generator(
    generator: str | DatasetGenerator,
    folder: Path,
    params: Mapping[str, Any] | Params | None = None,
    *,
    ignored: Collection[str] = (),
    others: Mapping[str, Any] | None = None,
) -> None:
    """Make all `checks` of a generator; what fails is a line each.

    It makes three batches in three processes, and some of them again in two jobs and in this
    process: choose `params` with which that is cheap.

    Parameters
    ----------
    generator
        An installed plugin's name, `path/to/file.py:name`, or a generator.
    folder
        An empty folder for caches, such as pytest's `tmp_path`.
    params
        Its parameters; those that are left out are at their defaults.
    ignored
        The names of parameters that change no sample, such as a label or a number of threads; one
        in another parameter has a dot, `"inner.label"`.
    others
        By name of a parameter another value that it may have, where none can be guessed from its
        type, such as the path of another file.

    Raises
    ------
    ConformanceError
        If a check fails.
    GeneratorError
        If there is no such generator, or it does not load.
    """
    subject = Subject.of(generator, folder, params, ignored, others)
    failures = [line for check in checks for line in _failure_of(check, subject)]
    if failures:
        raise ConformanceError("\n".join(failures))


def _failure_of(check: Check, subject: Subject) -> Iterator[str]:
    try:
        check.apply(subject)
    except SkipTest:
        return
    except ConformanceError as error:
        yield f"{check.name}: {error}"


_MADE = ("batches", "schema")

checks: tuple[Check, ...] = (
    Check("docstring", check_docstring),
    Check("loading", check_loading),
    Check("errors", check_errors),
    Check("preflight", check_preflight),
    Check("batches", check_batches),
    Check("schema", check_schema, ("batches",)),
    Check("size", check_size, ("batches",)),
    Check("repeatable", check_repeatable, _MADE),
    Check("order", check_order, (*_MADE, "repeatable")),
    Check("parameters", check_parameters, ("batches",)),
    Check("jobs", check_jobs, (*_MADE, "repeatable", "order")),
    Check("verify", check_verify, (*_MADE, "repeatable", "order")),
)
"""All checks of generators; the docstring of each `examine` says what holds where it passes."""
