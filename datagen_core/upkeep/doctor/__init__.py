"""What `datagen doctor` looks at, in processes of their own: each may hang, or end, for itself.

A check of a dead file server, of a package that crashes as it is imported, or of a scheduler that
does not answer costs one line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from datagen_core.errors import as_line
from datagen_core.executors.base import Finding
from datagen_core.executors.processes import describe_exit

REACH_SECONDS = 10.0

SECONDS = 60.0
"""Time for all checks. Slurm's commands try for up to 18 s to find a controller, and from a busy
file server torch comes as slowly."""

_MODULE = "datagen_core.upkeep.doctor.parts"
_LOOK = "import os, sys; os.path.exists(sys.argv[1])"
_GRACE_SECONDS = 1.0


class _Part:
    """A part of the checks, which runs in a process."""

    def __init__(self, name: str, terms: Mapping[str, Any]) -> None:
        self.name, self._begun = name, time.monotonic()
        words = [sys.executable, "-P", "-m", _MODULE, name, json.dumps(terms)]
        self._process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def collect(self, deadline: float) -> Iterator[Finding]:
        """Yield what the process has found; where it ends early or not at all, what it was at."""
        left = max(deadline - time.monotonic(), _GRACE_SECONDS)
        try:
            output, errors = self._process.communicate(timeout=left)
        except subprocess.TimeoutExpired as late:
            seconds = time.monotonic() - self._begun
            yield from _parse(late.output or b"", self.name, f"no answer after {seconds:.0f} s")
            return
        code = self._process.returncode
        said = errors.decode(errors="replace").strip().splitlines()[-1:]
        why = f"its process {'; '.join([describe_exit(code), *said])}" if code else ""
        yield from _parse(output, self.name, why)

    def end(self) -> None:
        """End the process if it goes on."""
        if self._process.poll() is None:
            _kill(self._process)


def answers(path: Path, seconds: float = REACH_SECONDS) -> bool:
    """Return whether the file system of a path answers; a process asks that, which may hang."""
    words = [sys.executable, "-I", "-S", "-c", _LOOK, str(path)]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)  # noqa: S603 (no shell)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        return False
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process; what waits for a dead server does not hear it."""
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_GRACE_SECONDS)


def examine(terms: Mapping[str, Mapping[str, Any]], seconds: float = SECONDS) -> Iterator[Finding]:
    """Yield what checks find, part after part; all parts begin at once.

    Parameters
    ----------
    terms
        The parts, by name, with what each is to look at, in plain JSON types; see `parts`.
    seconds
        How long to wait for all of them.
    """
    deadline = time.monotonic() + seconds
    parts = [_Part(name, of_part) for name, of_part in terms.items()]
    try:
        for part in parts:
            yield from part.collect(deadline)
    finally:
        for part in parts:
            part.end()


def _parse(output: bytes, part: str, why: str) -> Iterator[Finding]:
    """Yield the findings in what a process printed: a line before each check, and for each finding.

    `why` says what became of the process, if it did not end as it should.
    """
    begun = part
    for line in output.decode(errors="replace").splitlines():
        told = []
        with suppress(ValueError):  # the last line of a process that was killed
            told = json.loads(line)
        if len(told) == 1:
            begun = told[0]
        elif len(told) == len(Finding._fields):
            yield Finding(*told)
    if why:
        yield Finding(begun, "error", as_line(why))
