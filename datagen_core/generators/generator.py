"""What a plugin provides: a named recipe for samples, and functions that preprocess them.

::

    @datagen_core.generator(50, NoisySineParams, "1GB")
    def noisy_sine(size, params, rng):
        for x in rng.uniform(params.left, params.right, size):
            yield x, np.sin(x) + rng.normal(scale=params.std_dev)

    @noisy_sine.preprocessor
    def square_both(X, y):
        return X**2, y**2
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import shlex
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_core.errors import GeneratorError
from datagen_core.generators.identity import digest_of
from datagen_core.generators.params import Params
from datagen_core.generators.schema import Schema

_ARGUMENTS = ("size", "params", "rng", "start", "seed")


@dataclass(frozen=True)
class DatasetGenerator:
    """A recipe for samples. Make one with `generator`; a plugin's hook returns it.

    Attributes
    ----------
    name
        Its name, also the name of its folder in a cache.
    function
        Makes one batch. It names any of `size` (how many samples), `params`, `rng` (the batch's
        `numpy.random.Generator`), `start` (the index of the batch's first sample) and `seed` (the
        set's, for what all its samples share). Sample i must follow from these alone.
    params_type
        The class of its parameters.
    batch_size
        How many consecutive samples share one random stream. Part of what a sample is: to change
        it, change `version` too.
    schema
        The fields of a sample, or a function that returns them for given parameters; None to infer
        them from the first batch of a parameter set.
    version
        Raise it when the same parameters shall mean other samples.
    memory
        What a job needs, in sbatch's form ("1GB"); None for the cluster's default.
    options
        Further options of sbatch, by name; True for a flag.
    setup
        Shell commands that a Slurm job runs before the worker.
    compress
        Store gzip + shuffle: smaller files, but random minibatches get hundreds of times slower.
    limit
        Gives the largest number of samples that a parameter set can have; None for no limit.
    preflight
        Looks at parameters before a run begins, and at `seed` when it names that: raises a
        `DatagenError` for what cannot be made, and returns lines that the user should read, such as
        what a run leaves out.
    account
        Says what the first so many samples cost together, such as `{"epsilon": 1.5}`; it is kept
        with every run, and `datagen list` shows it. Raises a `DatagenError` to refuse that many. A
        third argument named `others` gets what else the cache has of the generator: pairs of
        parameters and number of samples, for costs that add up over parameter sets.
    preprocessors
        By name; filled by `preprocessor`.
    """

    name: str
    function: Callable[..., Any]
    params_type: type[Params] = Params
    batch_size: int = 1
    schema: Schema | Callable[[Any], Schema] | None = None
    version: str = "1"
    memory: str | None = None
    options: Mapping[str, str | bool] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    compress: bool = False
    limit: Callable[[Any], int | None] | None = None
    preflight: Callable[..., Iterable[str]] | None = None
    account: Callable[..., Mapping[str, float | str]] | None = None
    preprocessors: dict[str, Preprocessor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise GeneratorError(
                f"{self.name}: a batch has at least one sample, not {self.batch_size}"
            )
        # Users write `generator(50, noisy_sine_params)`, and nothing has checked the type yet.
        given: object = self.params_type
        if not (isinstance(given, type) and issubclass(given, Params)):
            raise GeneratorError(
                f"{self.name}: its parameters must be a class of datagen_core.Params"
            )
        unknown = [name for name in _parameters(self.function) if name not in _ARGUMENTS]
        if unknown:
            known = ", ".join(_ARGUMENTS)
            raise GeneratorError(
                f"{self.name}: the function may name {known}; what is {unknown[0]!r}?"
            )

    def __call__(self, size: int, params: Params, rng: Any, start: int = 0, seed: int = 0) -> Any:
        """Call the function with those of the arguments that it names."""
        given = {"size": size, "params": params, "rng": rng, "start": start, "seed": seed}
        named = _parameters(self.function)
        return self.function(**{name: given[name] for name in named})

    def digest_of(self, params: Params, seed: int = 0) -> str:
        """Return the digest by which caches know a parameter set, in 64 hexadecimal digits."""
        return digest_of(self.name, self.version, params.canonical(), seed)

    def inspect(self, params: Params, seed: int) -> tuple[str, ...]:
        """Return what `preflight` says of parameters; nothing when there is none."""
        if self.preflight is None:
            return ()
        named = {"seed": seed} if "seed" in _parameters(self.preflight) else {}
        return tuple(self.preflight(params, **named))

    def account_of(
        self, params: Params, samples: int, others: Callable[[], Sequence[tuple[Params, int]]]
    ) -> dict[str, float | str]:
        """Return what the first `samples` samples cost together; empty when nothing is counted."""
        if self.account is None:
            return {}
        named = {"others": others()} if "others" in _parameters(self.account) else {}
        return dict(self.account(params, samples, **named))

    def schema_of(self, params: Params) -> Schema | None:
        """Return the fields of a sample with these parameters; None to infer them."""
        return self.schema(params) if callable(self.schema) else self.schema

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def preprocessor(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register a function over splits, and return it unchanged; a decorator.

        It takes what `Split.get` returns for some samples: two arrays `X, y` for pair samples,
        else a dict of columns (and `params`, when it names that), and returns as many of
        its own in the same forms, or one array. It must treat each sample alone, since a split that
        grows is preprocessed where it grew. One function may serve several generators.
        """
        made = Preprocessor(function.__name__, function)
        self.preprocessors[made.name] = made
        return function


@dataclass(frozen=True)
class Preprocessor:
    """A function over splits; its results are kept under its name and the version of its source."""

    name: str
    function: Callable[..., Any]

    @property
    def version(self) -> str:
        """Digest of the function's source, without comments, docstring and decorators."""
        return source_digest(self.function)

    def __call__(self, values: Any, params: Mapping[str, Any]) -> Any:
        """Apply the function to what `Split.get` returned."""
        arguments = values if isinstance(values, tuple) else (values,)
        if "params" in _parameters(self.function):
            return self.function(*arguments, params=params)
        return self.function(*arguments)


def generator(  # noqa: PLR0913 (each is one declaration of the recipe)
    batch_size: int = 1,
    params: type[Params] = Params,
    memory: str | None = None,
    options: str | Mapping[str, str | bool] = "",
    *,
    name: str | None = None,
    schema: Schema | Callable[[Any], Schema] | None = None,
    version: str | int = "1",
    setup: Sequence[str] = (),
    compress: bool = False,
    limit: Callable[[Any], int | None] | None = None,
    preflight: Callable[..., Iterable[str]] | None = None,
    account: Callable[..., Mapping[str, float | str]] | None = None,
) -> Callable[[Callable[..., Any]], DatasetGenerator]:
    """Turn a function into a `DatasetGenerator`; a decorator.

    Parameters are described at `DatasetGenerator`; `options` may also be text as for the command
    line of sbatch, `"--qos=test --exclusive"`. The name is the function's unless given.
    """

    def decorate(function: Callable[..., Any]) -> DatasetGenerator:
        return DatasetGenerator(
            name=name or function.__name__,
            function=function,
            params_type=params,
            batch_size=batch_size,
            schema=schema,
            version=str(version),
            memory=memory,
            options=parse_options(options) if isinstance(options, str) else dict(options),
            setup=tuple(setup),
            compress=compress,
            limit=limit,
            preflight=preflight,
            account=account,
        )

    return decorate


def parse_options(text: str) -> dict[str, str | bool]:
    """Return the options in a piece of sbatch's command line, by name without dashes."""
    options: dict[str, str | bool] = {}
    last = None
    for word in shlex.split(text):
        if word.startswith("--"):
            last, has_value, value = word[2:].partition("=")
            options[last] = value if has_value else True
        elif last is not None and options[last] is True:
            options[last] = word
        else:
            raise GeneratorError(f"cannot read sbatch options {text!r}; write them as --name=value")
    return options


def _parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def source_digest(function: Callable[..., Any]) -> str:
    """Return the SHA-256 of a function's code; comments, docstring and decorators do not count."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
        code = _bare_source(text)
    except (OSError, SyntaxError, TypeError):  # typed into a session: the byte code must do
        code = repr((function.__code__.co_code, function.__code__.co_consts))
    return hashlib.sha256(code.encode()).hexdigest()


def _bare_source(text: str) -> str:
    tree = ast.parse(text)
    definition = tree.body[0]
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        definition.decorator_list = []
        if ast.get_docstring(definition, clean=False) is not None:
            definition.body = definition.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
