"""Files that PATE goes on with, as later versions of datagen write them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from datagen_core.errors import NewerFormatError
from datagen_pate.files.writing import read_json, write_json
from datagen_pate.pools.files import read_pool, write_pool
from datagen_pate.teachers.artefact import FILES, read_report
from datagen_pate.teachers.parts import Parts


def write_pool_of(folder, content):
    images = np.zeros((2, 28, 28), np.uint8)
    write_pool(folder / "pool.npz", [(0, None, images)], 2, content)


def write_report(folder, content):
    for name in FILES:
        (folder / name).write_text(json.dumps(content))


def write_plan(folder, content):
    write_json(folder / "parts" / "plan.json", content)


KINDS = {
    "pool": (write_pool_of, lambda folder: read_pool(folder / "pool.npz").recipe),
    "report": (write_report, read_report),
    "plan": (write_plan, lambda folder: Parts(folder).read()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_a_later_minor_version_are_kept(tmp_path, kind):
    write, read = KINDS[kind]
    write(tmp_path, {"format": "1.7", "of_later": 1})

    assert read(tmp_path)["of_later"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_major_version_is_refused(tmp_path, kind):
    write, read = KINDS[kind]
    write(tmp_path, {"format": "2.0"})

    with pytest.raises(NewerFormatError, match="made by a newer datagen"):
        read(tmp_path)


def test_what_is_not_an_object_is_refused(tmp_path):
    write_json(tmp_path / "a.json", [1])

    with pytest.raises(ValueError, match="does not hold a JSON object"):
        read_json(tmp_path / "a.json", "1.0")
