"""Time limits and memory in the forms that sbatch reads: pure."""

from __future__ import annotations

import re

from datagen_core.errors import ConfigurationError

_DAYS = re.compile(r"(\d{1,18})-(\d{1,18})(?::(\d{1,18}))?(?::(\d{1,18}))?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,18}):)?(\d{1,18}):(\d{1,18})", re.ASCII)
_MINUTES = re.compile(r"\d{1,18}", re.ASCII)
_MEMORY = re.compile(r"(\d{1,40})\s*([KMGT]?)B?", re.ASCII | re.IGNORECASE)

_MOST_MINUTES = 366 * 24 * 60 * 50
"""Fifty years: Slurm counts seconds in 32 bits, and takes a longer limit for another one."""

_MOST_MIB = 1024**4

_KIB = {"K": 1, "": 1024, "M": 1024, "G": 1024**2, "T": 1024**3}


def parse_time_limit(text: str) -> int:
    """Return the minutes of a time limit in any form of `sbatch --time`.

    The forms are minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes
    and days-hours:minutes:seconds. As in Slurm, "1:30" is a minute and a half, but "0-1:30" an
    hour and a half. Seconds round up to a minute, which is how the controller counts.

    Raises
    ------
    ConfigurationError
        For anything else, zero included: Slurm reads a limit of zero as no limit. For more than
        fifty years.
    """
    seconds = _parse_seconds(text.strip())
    if not seconds:
        raise ConfigurationError(
            f"{text[:40]!r} is not a time limit: write MINUTES, MINUTES:SECONDS, "
            "HOURS:MINUTES:SECONDS, DAYS-HOURS, DAYS-HOURS:MINUTES or DAYS-HOURS:MINUTES:SECONDS, "
            "such as 30 or 2-12:30:00"
        )
    if seconds > 60 * _MOST_MINUTES:
        raise ConfigurationError(f"the time limit {text} is above fifty years; use a shorter one")
    return -(-seconds // 60)


def _parse_seconds(text: str) -> int:
    if match := _DAYS.fullmatch(text):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    elif match := _CLOCK.fullmatch(text):
        days = 0
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
    elif _MINUTES.fullmatch(text):
        days, hours, minutes, seconds = 0, 0, int(text), 0
    else:
        return 0
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def format_minutes(minutes: int) -> str:
    """Return minutes in the form that sbatch and squeue share: "2-12:30:00" or "00:45:00"."""
    days, rest = divmod(minutes, 24 * 60)
    clock = f"{rest // 60:02}:{rest % 60:02}:00"
    return f"{days}-{clock}" if days else clock


def parse_memory(text: str) -> int:
    """Return the MiB of a memory size in any form of `sbatch --mem`.

    A number with K, M (the default), G or T, with or without B. A part of a MiB counts as a whole
    one. Zero is what Slurm makes of it: all the memory of a node.

    Raises
    ------
    ConfigurationError
        For anything else, fractions included, and for more than a million TB.
    """
    match = _MEMORY.fullmatch(text.strip())
    if not match:
        raise ConfigurationError(
            f"{text[:40]!r} is not a memory size: write a whole number with K, M, G or T, such as "
            "4G"
        )
    size = -(-int(match[1]) * _KIB[match[2].upper()] // 1024)
    if size > _MOST_MIB:
        raise ConfigurationError(f"the memory {text} is above a million TB; ask for less")
    return size
