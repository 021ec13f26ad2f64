"""Errors of the PATE pipeline.

DatagenError
    PateError
"""

from datagen_core import DatagenError


class PateError(DatagenError):
    """An artefact, an option or an input of the PATE pipeline that cannot be used."""
