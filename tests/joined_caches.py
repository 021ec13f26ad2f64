"""Caches to be joined, and what is looked at in them."""

from __future__ import annotations

import shutil

import numpy as np

from datagen_core import Cache, generate
from datagen_core.upkeep.verify import verify
from generators_for_tests import sine


def make(cache, samples, generator=sine, **options):
    return generate(generator, samples, executor="inline", cache=cache, **options)


def values(param_set, split=None):
    samples = param_set.samples if split is None else param_set[split]
    return np.concatenate([column.reshape(-1) for column in samples.get(len(samples))])


def is_sound(cache):
    return all(not verify(each).problems for data_set in Cache(cache).values()
               for each in data_set.values())  # fmt: skip


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "tmp"
    }


def copy_over(source, target):
    """Do what `cp -rn SOURCE/. TARGET` does."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_file() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
