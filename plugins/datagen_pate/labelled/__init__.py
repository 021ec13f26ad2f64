"""Labelled digits of any origin: real ones, and the synthetic ones that a student learns from."""

from datagen_pate.labelled.digits import Labelled, check_labelled
from datagen_pate.labelled.files import load_combined, load_file
from datagen_pate.labelled.sources import load_parameter_set, load_real, load_source

__all__ = [
    "Labelled",
    "check_labelled",
    "load_combined",
    "load_file",
    "load_parameter_set",
    "load_real",
    "load_source",
]
