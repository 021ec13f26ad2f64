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

import inspect
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args

from numpy import bool_
from numpy.random import Generator

from datagen_core.checks import check_kind, whole_number
from datagen_core.errors import DatagenError, GeneratorError, ParamsError, in_one_line
from datagen_core.generators.identity import digest_of
from datagen_core.generators.preprocessor import Preprocessor, parameters_of
from datagen_core.generators.schema import Schema
from datagen_core.ranges import MOST_SAMPLES

if TYPE_CHECKING:
    from datagen_core.generators.params import Params

Reproducible = Literal["bits", "machine", "no"]

_ARGUMENTS = ("size", "params", "rng", "start", "seed", "secret")


def _no_params() -> type[Params]:
    from datagen_core.generators.params import Params  # pydantic is slow: only where it is needed

    return Params


@dataclass(frozen=True)
class DatasetGenerator:
    """A recipe for samples, made by the decorator `generator` and returned by a plugin's hook.

    Attributes
    ----------
    name
        The name of the generator and of its folder in a cache.
    function
        Makes one batch. It has any of the arguments `size` (the number of samples), `params`,
        `rng` (the batch's `numpy.random.Generator`), `start` (the index of the batch's first
        sample), `seed` (the set's, for what all its samples share) and, for private sets, `secret`
        (32 bytes of the batch's own, None for other sets). A sample must depend on nothing else.
    params_type
        The class of its parameters.
    batch_size
        Number of consecutive samples that share one random stream. Samples depend on it: to change
        it, change `version` too.
    schema
        The fields of a sample, or a function that returns them for given parameters; None to infer
        them from the first batch of a parameter set.
    version
        To be raised when the same parameters are to give different samples.
    memory
        Memory of a job, in sbatch's form ("1GB"); None for the cluster's default.
    options
        Other options of sbatch, by name; True for a flag.
    setup
        Shell commands that a Slurm job runs before the worker.
    compress
        Whether to compress files (gzip and shuffle), to 57 % for Fashion-MNIST. A reader
        decompresses a file when it first needs it (0.25 s for those 47 MB), and keeps up to four in
        memory, where random minibatches take four times as long as from a mapped file. From more
        than four files they are hundreds of times slower: run `datagen compact` first.
    limit
        Returns the largest number of samples that a parameter set can have; None for no limit.
    preflight
        Checks parameters, and `seed` if it has that argument, before a run begins. Raises a
        `DatagenError` if the samples cannot be made, and returns lines for the user, such as what
        the run leaves out.
    account
        Takes parameters and a number of samples, and returns what these cost together, such as
        `{"epsilon": 1.5}`, which is kept with every run and shown by `datagen list`. Raises a
        `DatagenError` to refuse that many. A third argument named `others` gets the generator's
        other parameter sets in the cache, as pairs of parameters and number of samples, for costs
        that add up over parameter sets.
    environment
        The names of environment variables that the samples depend on. Their values are kept with
        the code and compared like code: a job with other values than its plan's makes nothing.
    reproducible
        How far a sample made anew equals the first one: "bits" for always, "machine" where
        instruction set, device and number of threads are the same, "no" for never. With "no",
        samples are not compared when the code changed.
    private
        Whether parameter sets are private, such as noisy votes: True, or a function of parameters.
        `rng` and `secret` of such a set follow from a key that only its owner has, who alone adds
        samples; no sample is ever made a second time, and sets with equal parameters are never the
        same set. `rng` is no cryptographic generator: noise that must stand up to those who see
        much of it is drawn from `secret`, as by `hashlib.shake_256(secret)`.
    preprocessors
        Preprocessors by name; the decorator `preprocessor` adds them.
    """

    name: str
    function: Callable[..., Any]
    params_type: type[Params] = field(default_factory=_no_params)
    batch_size: int = 1
    schema: Schema | Callable[[Any], Schema] | None = None
    version: str = "1"
    memory: str | None = None
    options: Mapping[str, str | bool] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    compress: bool = False
    limit: Callable[[Any], int | None] | None = None
    preflight: Callable[..., Iterable[str] | None] | None = None
    account: Callable[..., Mapping[str, float | str]] | None = None
    environment: tuple[str, ...] = ()
    preprocessors: dict[str, Preprocessor] = field(default_factory=dict)
    reproducible: Reproducible = "bits"
    private: bool | Callable[[Any], bool] = False

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise GeneratorError(
                f"{self.name}: a batch has at least one sample, not batch_size={self.batch_size}"
            )
        if self.batch_size > MOST_SAMPLES:
            raise GeneratorError(f"{self.name}: batch_size is above 2**63 - 1; use a smaller one")
        if self.reproducible not in get_args(Reproducible):
            raise GeneratorError(
                f'{self.name}: reproducible is "bits", "machine" or "no", not {self.reproducible!r}'
            )
        # A user may write `generator(50, noisy_sine_params)`; nothing has checked the type yet.
        given: object = self.params_type
        if not (isinstance(given, type) and issubclass(given, _no_params())):
            raise GeneratorError(
                f"{self.name}: its parameters must be a subclass of datagen_core.Params"
            )
        unknown = [name for name in parameters_of(self.function) if name not in _ARGUMENTS]
        if unknown:
            known = ", ".join(_ARGUMENTS)
            raise GeneratorError(
                f"{self.name}: unknown argument {unknown[0]!r} of the function; it may have {known}"
            )
        if self.private is False and "secret" in parameters_of(self.function):
            raise GeneratorError(
                f"{self.name}: only private sets have a `secret`; use private=True"
            )

    def __call__(
        self,
        size: int,
        params: Params,
        rng: Generator,
        start: int = 0,
        seed: int = 0,
        secret: bytes | None = None,
    ) -> Any:
        """Call the function with the arguments that it has."""
        given = {"size": size, "params": params, "rng": rng, "start": start, "seed": seed}
        given["secret"] = secret
        named = parameters_of(self.function)
        return self.function(**{name: given[name] for name in named})

    def is_private(self, params: Params) -> bool:
        """Return whether a parameter set is private."""
        if not callable(self.private):
            return self.private
        with self._calling("private"):
            private = self.private(params)
            check_kind(f"private of {self.name}", private, (bool, bool_), "True or False")
            return bool(private)

    def digest_of(self, params: Params, seed: int = 0) -> str:
        """Return the digest of a new parameter set, 64 hexadecimal digits.

        A set that was begun before a parameter was added may have another one, which stays. Private
        sets have digests of their own.
        """
        from datagen_core.generators.params import identity_of  # pydantic is slow, as above

        try:
            return digest_of(self.name, self.version, identity_of(params), seed)
        except ValueError as error:  # infinity, or more digits than Python writes
            raise ParamsError(
                f"{self.name}: parameters cannot be written as JSON: {error}"
            ) from None

    def inspect(self, params: Params, seed: int) -> tuple[str, ...]:
        """Return the lines of `preflight` for the user, before anything is begun.

        Raises
        ------
        DatagenError
            If `preflight` or a function `schema` raises it, or anything else.
        """
        lines: tuple[str, ...] = ()
        if self.preflight is not None:
            named = {"seed": seed} if "seed" in parameters_of(self.preflight) else {}
            with self._calling("preflight"):
                found = self.preflight(params, **named) or ()
                lines = (found,) if isinstance(found, str) else tuple(map(str, found))
        self.schema_of(params)
        return lines

    @contextmanager
    def _calling(self, what: str) -> Iterator[None]:
        """Name the user's function that raises an error, or that would end the process."""
        try:
            yield
        except DatagenError:
            raise
        except (Exception, SystemExit) as error:
            raise GeneratorError(f"{what} of {self.name}: {in_one_line(error)}") from error

    def account_of(
        self, params: Params, samples: int, others: Callable[[], Sequence[tuple[Params, int]]]
    ) -> dict[str, float | str]:
        """Return what the first `samples` samples cost together; empty without an `account`."""
        if self.account is None:
            return {}
        named = {"others": others()} if "others" in parameters_of(self.account) else {}
        with self._calling("account"):
            return dict(self.account(params, samples, **named))

    def schema_of(self, params: Params) -> Schema | None:
        """Return the fields of a sample with these parameters; None to infer them."""
        if not callable(self.schema):
            return self.schema
        with self._calling("schema"):
            schema = self.schema(params)
            if schema is not None:
                check_kind(f"the schema of {self.name}", schema, Schema, "a Schema")
            return schema

    def limit_of(self, params: Params) -> int | None:
        """Return the number of samples that there are with these parameters; None for any."""
        if self.limit is None:
            return None
        with self._calling("limit"):
            return self.limit(params)

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def preprocessor(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register a function as a preprocessor of splits, and return it unchanged; a decorator.

        The function takes samples as `Split.get` returns them: two arrays `X, y` for pair samples,
        otherwise a dict of columns; and `params`, if it has that argument. It returns as many
        samples in one of these forms, or one array. It must treat each sample alone, because only
        the new samples of a split are preprocessed. One function may serve several generators.
        """
        made = Preprocessor(function.__name__, function)
        self.preprocessors[made.name] = made
        return function


def generator(  # noqa: PLR0913 (each is one declaration of the recipe)
    batch_size: int = 1,
    params: type[Params] | None = None,
    memory: str | None = None,
    options: str | Mapping[str, str | bool] = "",
    *,
    name: str | None = None,
    schema: Schema | Callable[[Any], Schema] | None = None,
    version: str | int = "1",
    setup: Sequence[str] = (),
    compress: bool = False,
    limit: Callable[[Any], int | None] | None = None,
    preflight: Callable[..., Iterable[str] | None] | None = None,
    account: Callable[..., Mapping[str, float | str]] | None = None,
    environment: Sequence[str] = (),
    reproducible: Reproducible = "bits",
    private: bool | Callable[[Any], bool] = False,
) -> Callable[[Callable[..., Any]], DatasetGenerator]:
    """Turn a function into a `DatasetGenerator`; a decorator.

    The parameters are the attributes of `DatasetGenerator`. `options` may also be text, as on
    sbatch's command line: `"--qos=test --exclusive"`. The default name is the function's.
    """
    if callable(batch_size):
        raise GeneratorError("write @datagen_core.generator() above a function, with parentheses")
    _check_kinds(memory=memory, options=options, name=name, setup=setup, compress=compress,
                 environment=environment)  # fmt: skip
    _check_functions(schema=schema, limit=limit, preflight=preflight, account=account)
    if not callable(private):
        check_kind("private", private, (bool,), "True, False, or a function of the parameters")
    batch_size = whole_number("batch_size", batch_size)

    def decorate(function: Callable[..., Any]) -> DatasetGenerator:
        return DatasetGenerator(
            name=name or _name_of(function),
            function=function,
            params_type=_no_params() if params is None else params,
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
            environment=tuple(environment),
            reproducible=reproducible,
            private=private,
        )

    return decorate


def _name_of(function: Callable[..., Any]) -> str:
    name: str | None = getattr(function, "__name__", None)
    if name is None:
        raise GeneratorError(
            f"a {type(function).__name__} has no name; give one: @datagen_core.generator(name=...)"
        )
    return name


_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "memory": ((str, NoneType), 'text as for sbatch, such as "4G"'),
    "options": ((str, Mapping), 'text as for sbatch, such as "--qos=test", or a mapping'),
    "name": ((str, NoneType), "text"),
    "setup": ((list, tuple), 'a list of shell commands, such as ["module load gcc"]'),
    "compress": ((bool,), "True or False"),
    "environment": ((list, tuple), 'a list of names of variables, such as ["SIM_DATA"]'),
}
"""The kind of each declaration, and what to write."""


def _check_kinds(**declared: object) -> None:
    for name, value in declared.items():
        check_kind(name, value, *_KINDS[name])


def _check_functions(**declared: object) -> None:
    for name, value in declared.items():
        if not (value is None or callable(value) or isinstance(value, Schema)):
            check_kind(name, value, (), f"a {'Schema or a ' * (name == 'schema')}function")


def parse_options(text: str) -> dict[str, str | bool]:
    """Return the options in a part of sbatch's command line, by name without dashes."""
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
