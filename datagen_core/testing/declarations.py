"""Checks of what a generator declares: docstring, parameters, what is called before a run."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any

from datagen_core.errors import ChangedCodeError, in_one_line
from datagen_core.generators.params import Params
from datagen_core.generators.preprocessor import parameters_of
from datagen_core.generators.registry import Loaded
from datagen_core.scheduling.clean_process import check_same
from datagen_core.scheduling.trials import is_advice
from datagen_core.testing.other_values import WRONG
from datagen_core.testing.subject import Subject


def check_docstring(subject: Subject) -> None:
    """Check that the function says what it makes."""
    if not subject.generator.summary:
        raise subject.fail(
            "its function has no docstring; write one, whose first line `datagen show` prints"
        )


def check_loading(subject: Subject) -> None:
    """Check that other processes load the same generator, and parameters reach them."""
    if not subject.source:
        raise subject.fail(
            "no other process can load it; define it at the top level of a module that is installed"
        )
    try:
        check_same(Loaded(subject.generator, subject.source))
    except ChangedCodeError as error:
        raise subject.fail(str(error)) from error
    try:
        same = pickle.loads(pickle.dumps(subject.params)) == subject.params  # noqa: S301 (our own)
    except Exception as error:
        raise subject.fail(
            f"its parameters cannot be pickled: {in_one_line(error)}; define "
            f"{type(subject.params).__name__} at the top level of its module"
        ) from error
    if not same:
        raise subject.fail("its parameters differ after they were pickled; see their __getstate__")


def check_errors(subject: Subject) -> None:
    """Check that wrong parameters are refused in one line."""
    _bind_wrong(subject, "an unknown parameter", {**subject.given, "no such parameter": 1})
    for parameter in subject.parameters:
        for value in WRONG:
            changed = {**subject.given, **parameter.change(subject.params, value)}
            _bind_wrong(subject, parameter.show(value), changed)


def _bind_wrong(subject: Subject, what: str, values: Mapping[str, Any]) -> None:
    try:
        subject.generator.params_type.bind(values, subject.generator.name)
    except Exception as error:
        if not _is_one_line(error):
            raise subject.fail(
                f"{what}: it is refused by {in_one_line(error)}, which users see as a traceback or "
                "as several lines; raise a ValueError of one line in `check` or `prepare`"
            ) from error


def check_preflight(subject: Subject) -> None:
    """Check that what is called before a run refuses parameters in one line, or accepts them."""
    _inspect(subject, "its parameters", subject.params)
    for parameter in subject.parameters:
        for value, _, params in subject.alternatives(parameter)[:2]:
            _inspect(subject, parameter.show(value), params)
        for value in WRONG:
            odd = subject.bind(parameter.change(subject.params, value))
            if odd is not None:
                _inspect(subject, parameter.show(value), odd)


def _inspect(subject: Subject, what: str, params: Params) -> None:
    generator = subject.generator
    named = {"seed": 0} if "seed" in parameters_of(generator.preflight or len) else {}
    steps: dict[str, Callable[[], object]] = {
        "preflight": lambda: list((generator.preflight or _pass)(params, **named) or ()),
        "schema": lambda: generator.schema_of(params),
        "limit": lambda: generator.limit_of(params),
        "private": lambda: generator.is_private(params),
    }
    for name, step in steps.items():
        try:
            step()
        except Exception as error:
            if not _is_one_line(error):
                raise subject.fail(
                    f"{what}: {name} raises {in_one_line(error)}; raise a datagen_core.DatagenError"
                    " of one line, or refuse the value in `Params.check`"
                ) from error


def _pass(_: Params, **__: int) -> None:
    """Accept all parameters, as a generator without `preflight` does."""


def _is_one_line(error: BaseException) -> bool:
    """Return whether users should see an error: one of one line, raised on purpose."""
    return is_advice(error) and "\n" not in str(error).strip()
