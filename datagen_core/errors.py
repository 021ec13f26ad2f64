"""Every error that datagen raises on purpose, with the exit code of a command that ends with it.

DatagenError                          1
    ConfigurationError                2
        ParamsError                   2
        GeneratorError                2
            ChangedCodeError          2
        SchemaError                   2
        StudyError                    2
        MissingPackageError           2
        UntrustedError                2
    CacheError                        1
        DamagedFileError              1
        NewerFormatError              6
        RemovedSetError               1
        UnreadableError               1
        SelectionError                2
        SplitError                    2
        InsufficientSamplesError      3
    ExecutionError                    1
        SchedulerUnavailableError     1
            SchedulerFullError        1
        IncompleteRunError            4
    RefusedSampleError                4
    VerificationError                 5

All of them can be pickled, since they cross the borders of processes and jobs.
"""

from __future__ import annotations


class DatagenError(Exception):
    """An error whose message is one line for the user and says what to do next."""

    exit_code = 1


class ConfigurationError(DatagenError):
    """A wrong option, argument or environment variable."""

    exit_code = 2


class ParamsError(ConfigurationError):
    """Parameters that do not fit the generator's params class."""


class GeneratorError(ConfigurationError):
    """A generator that cannot be found, loaded or called."""


class ChangedCodeError(GeneratorError):
    """Code that is not the one that samples were to be made by, or were made by so far.

    Attributes
    ----------
    whole_set
        Whether no batch of the parameter set can be made with it.
    """

    def __init__(self, message: str, *, whole_set: bool = False) -> None:
        super().__init__(message)
        self.whole_set = whole_set


class SchemaError(ConfigurationError):
    """Samples that do not fit the schema of their parameter set.

    Attributes
    ----------
    whole_set
        Whether the fault lies with the set and not with one batch: no schema can be inferred from
        batch 0, or a batch contradicts the schema that was inferred from it.
    """

    def __init__(self, message: str, *, whole_set: bool = False) -> None:
        super().__init__(message)
        self.whole_set = whole_set


class StudyError(ConfigurationError):
    """A space that cannot be drawn from, or a study that cannot begin."""


class MissingPackageError(ConfigurationError):
    """A package that is not installed and comes with an extra of datagen."""


class UntrustedError(ConfigurationError):
    """What a cache names and this user has neither run nor approved; nothing of it was used."""


class CacheError(DatagenError):
    """A cache that cannot be read or written."""


class DamagedFileError(CacheError):
    """A published file that does not hold what was written; it is named, never deleted."""


class NewerFormatError(CacheError):
    """A file of a newer datagen, which this one cannot read, or cannot add samples to."""

    exit_code = 6


class RemovedSetError(CacheError, FileNotFoundError):
    """A parameter set that somebody has removed since it was found."""

    # An OSError would look for a number and a file among its arguments.
    __str__ = Exception.__str__


class UnreadableError(CacheError):
    """What this user may not read in a cache, which others share; the rest of it is not affected.

    Attributes
    ----------
    path
        The folder or file that may not be read.
    owner
        The name of the user to whom it belongs.
    """

    def __init__(self, message: str, *, path: str = "", owner: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.owner = owner


class SelectionError(CacheError, KeyError):
    """A name or number that no parameter set, split, view or sample has, or that several have."""

    exit_code = 2

    # KeyError shows the repr of its message, which would put quotes around ours.
    __str__ = Exception.__str__


class SplitError(CacheError, ValueError):
    """A move, an exclusion or a freeze that is not allowed; nothing was changed."""

    exit_code = 2


class InsufficientSamplesError(CacheError):
    """Fewer samples than requested.

    Attributes
    ----------
    missing
        Number of missing samples.
    seconds
        Estimated compute time to make them, in seconds; None if nothing was ever timed.
    command
        The exact command that makes them.
    """

    exit_code = 3

    def __init__(self, message: str, missing: int, seconds: float | None, command: str) -> None:
        super().__init__(message, missing, seconds, command)
        self.missing = missing
        self.seconds = seconds
        self.command = command

    def __str__(self) -> str:
        return str(self.args[0])


class ExecutionError(DatagenError):
    """An executor that cannot run tasks."""


class SchedulerUnavailableError(ExecutionError):
    """A scheduler that cannot be reached right now; the same call may succeed later."""


class SchedulerFullError(SchedulerUnavailableError):
    """A scheduler that takes no more jobs now; fewer tasks, or the same ones later, may pass."""


class IncompleteRunError(ExecutionError):
    """A run that ended with samples missing; those that were made are kept."""

    exit_code = 4


class RefusedSampleError(DatagenError):
    """Samples that cannot be made by their own nature; generators raise it.

    The batch is not tried again and stays missing; other batches are made. A generator that may
    draw again does that instead, since each hole cuts a file in two.

    Attributes
    ----------
    whole_set
        Whether no batch of the parameter set can be made, so that a run stops.
    """

    exit_code = 4

    def __init__(self, message: str = "", *, whole_set: bool = False) -> None:
        super().__init__(message)
        self.whole_set = whole_set


class VerificationError(DatagenError):
    """Files or regenerated samples that differ from what they should be."""

    exit_code = 5


LONGEST_LINE = 500
"""The most characters of a line for the user, whatever it quotes."""


def in_one_line(error: BaseException) -> str:
    """Return the type of an exception of the user's code and what it says, in one line.

    Characters that would move the cursor or change the colours of a terminal are escaped.
    """
    name, message = type(error).__name__, message_of(error)
    return f"{name}: {message}" if message else name


def message_of(error: BaseException) -> str:
    """Return what an exception says in one line, at most 500 characters of it."""
    try:
        line = " ".join(str(error).split())
    except Exception:  # its own code may fail too
        return ""
    text = "".join(each if each.isprintable() else repr(each)[1:-1] for each in line[:LONGEST_LINE])
    return text if len(line) <= LONGEST_LINE else f"{text}..."


def as_line(text: str, most: int = LONGEST_LINE) -> str:
    """Return a text as one printable line; one that is longer than `most` lacks its middle.

    What a message says first and what it advises last stay.
    """
    line = without_middle(" ".join(text.split()), most)
    return without_middle(printable(line), most)


def without_middle(line: str, most: int, *, end: float = 1 / 3) -> str:
    """Return a line; one that is longer than `most` is cut, and `end` of it are its last ones."""
    tail = int(most * end)
    return line if len(line) <= most else f"{line[: most - tail - 1]}…{line[-tail:]}"


def printable(text: str) -> str:
    """Return a text with all escaped that could move a terminal's cursor or change its colours.

    So are line breaks, and what changes the direction of writing. Bytes of a file's name that are
    not UTF-8 stay, since the stream writes them as they are, unless they make up such a character.
    """
    if text.isprintable():
        return text
    escaped = "".join(map(_escape_letter, text))
    whole = escaped.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return "".join(map(_escape_letter, whole))


def _escape_letter(letter: str) -> str:
    is_byte = "\udca0" <= letter <= "\udcff"  # those below are control characters in Latin-1
    return letter if letter.isprintable() or is_byte else repr(letter)[1:-1]


def shorten(text: str, most: int = 40) -> str:
    """Return the first characters of a value that a message quotes, at most `most` and an "…"."""
    return text if len(text) <= most else f"{text[:most]}…"


def count_of(count: int, noun: str) -> str:
    """Return a number of things: `1 file`, `2 files`, `1000 batches`."""
    return f"{count} {noun_of(count, noun)}"


def noun_of(count: int, noun: str) -> str:
    """Return the name of a thing, or of several: with an `s`, or `es` behind `ch`, `s` and `x`."""
    ending = "es" if noun.endswith(("ch", "s", "x")) else "s"
    return noun if count == 1 else f"{noun}{ending}"


def human_bytes(size: float) -> str:
    """Return a size for people, such as "12.3 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
