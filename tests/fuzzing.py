"""Odd inputs for the whole program, one after another in this process, and what they led to.

`python tests/fuzzing.py 10000 0` tries that many: damaged caches (`damaged_caches.py`) and then odd
command lines (`odd_command_lines.py`). The same number and seed give the same inputs.
"""

from __future__ import annotations

import io
import os
import random
import resource
import shlex
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from datagen_core.cli import main
from patience import patience

CODES = {0, 1, 2, 3, 4, 5, 6, 130}
"""The exit codes that `datagen --help` names."""

LONGEST = 500
"""The most characters of a line on standard error."""

SECONDS = 10
"""When a command counts as one that hangs."""

_ROOT = Path(__file__).parents[1]

_MEMORY = 2 << 30
"""The most memory that an input may cost, in bytes."""

_KINDS = ("traceback", "hang", "long", "wrong", "exit")
"""The first words of what may be wrong."""

_PAUSE = 0.001
"""Reading a damaged file is tried again after pauses, which the inputs need not wait for."""


class HangError(BaseException):
    """Time is up; not an Exception, so that nobody takes it for an error of their own."""


class Answer(NamedTuple):
    """What a command printed, its exit code, and what is wrong with that, if anything."""

    code: int
    out: str
    err: str
    trouble: str


class Input(NamedTuple):
    """A command line, the folder to call it in, and what the input is called in reports.

    `check` returns what is wrong with an answer that is in good form, or nothing.
    """

    name: str
    folder: Path
    words: Sequence[str]
    check: Callable[[Answer], str]


class Finding(NamedTuple):
    """An input with which something is wrong."""

    trouble: str
    name: str
    words: Sequence[str]

    def __str__(self) -> str:
        line = shlex.join(self.words)
        return f"{self.trouble}\n    {self.name}: datagen {line[:300]!r}"


def call(words: Sequence[str]) -> Answer:
    """Call `datagen` with words, and return its answer."""
    code, trouble = 0, ""
    with _streams(words) as (out, err), _time_limit():
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        except HangError as error:
            trouble = f"hang {_place_of(error)}"
        except BaseException as error:
            what = traceback.format_exception_only(error)[-1].strip()
            trouble = f"traceback {_place_of(error)}: {what[:150]}"
    printed, told = (each.buffer.getvalue().decode(errors="replace") for each in (out, err))
    return Answer(code, printed, told, trouble or _look_at(code, told))


@contextmanager
def _streams(words: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """Give the process other standard streams, which encode as real ones do."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(3)]
    sleep = time.sleep
    with (
        mock.patch.multiple(sys, argv=["datagen", *words], stdin=streams[0], stdout=streams[1],
                            stderr=streams[2]),
        mock.patch("time.sleep", lambda seconds: sleep(min(seconds, _PAUSE))),
    ):  # fmt: skip
        yield streams[1], streams[2]


@contextmanager
def _time_limit() -> Iterator[None]:
    """Raise HangError in the block when it takes too long, again and again until it ends."""

    def stop(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, patience(SECONDS), 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _place_of(error: BaseException) -> str:
    """Return the innermost line of this repository that an exception came from."""
    places = [
        f"{Path(frame.filename).relative_to(_ROOT)}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_ROOT)
        and "site-packages" not in frame.filename
        and frame.filename != __file__
    ]
    return places[-1] if places else "elsewhere"


def _look_at(code: int, told: str) -> str:
    """Return what is wrong with the form of an answer."""
    if code not in CODES:
        return f"exit code {code}"
    if "Traceback (most recent" in told:
        return f"printed traceback: {told.splitlines()[-1][:150]}"
    longest = max(told.splitlines(), key=len, default="")
    if len(longest) > LONGEST:
        return f"long message of {len(longest)} characters: {longest[:80]}"
    return "" if told.strip() or code == 0 else f"exit code {code} and no word"


def _memory_folder() -> str | None:
    """Return a folder in memory if there is one: each input makes and removes sixty folders."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@contextmanager
def fuzzing_ground() -> Iterator[Path]:
    """Yield a folder for inputs, which is also the home of the user meanwhile."""
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-", dir=_memory_folder()) as name,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), f"{name}/home")
        with mock.patch.dict(os.environ, {**places, "DATAGEN_CACHE": "cache"}):
            Path(name, "home").mkdir()
            yield Path(name).resolve()


@contextmanager
def _little_memory() -> Iterator[None]:
    """Let what the block reserves fail when it is far more than a file of a few bytes needs."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def fuzz(count: int, seed: int) -> Iterator[Finding]:
    """Try inputs, of which a third are command lines, and yield what is wrong."""
    from damaged_caches import damaged_inputs, make_cache
    from odd_command_lines import odd_inputs

    rng, lines = random.Random(seed), count // 3
    with fuzzing_ground() as ground, _little_memory():
        made = make_cache(ground)
        inputs = chain(damaged_inputs(made, rng, count - lines), odd_inputs(made, rng, lines))
        yield from filter(None, map(_try, inputs))


def _try(each: Input) -> Finding | None:
    before = Path.cwd()
    os.chdir(each.folder)
    try:
        answer = call(each.words)
        trouble = answer.trouble or each.check(answer)
    finally:
        os.chdir(before)
    return Finding(trouble, each.name, each.words) if trouble else None


def _report(findings: Sequence[Finding], count: int, seconds: float) -> None:
    """Print each kind of finding once, with one input that leads to it, and the numbers."""
    first = {finding.trouble: finding for finding in reversed(findings)}
    for trouble, times in Counter(finding.trouble for finding in findings).most_common():
        sys.stdout.write(f"{times:5} x {first[trouble]}\n")
    kinds = Counter(finding.trouble.split()[0] for finding in findings)
    told = "; ".join(f"{kind}: {kinds[kind]}" for kind in dict.fromkeys((*_KINDS, *kinds)))
    sys.stdout.write(f"{count} inputs in {seconds:.0f} s; {told}\n")


if __name__ == "__main__":
    count, seed = map(int, sys.argv[1:3])
    begun = time.monotonic()
    found = list(fuzz(count, seed))
    _report(found, count, time.monotonic() - begun)
    sys.exit(bool(found))
