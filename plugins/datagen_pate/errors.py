"""Errors of the PATE pipeline.

DatagenError
    PateError           a file or an input that cannot be used; exit code 1
        ArgumentError   a wrong option or argument; exit code 2
"""

from datagen_core import DatagenError


class PateError(DatagenError):
    """A file or an input of the PATE pipeline that cannot be used."""


class ArgumentError(PateError):
    """An option or argument with a wrong value, or that does not go with another one."""

    exit_code = 2
