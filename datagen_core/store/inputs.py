"""Keeping the input files of parameters in the cache."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen_core.generators.inputs import input_path, references_in
from datagen_core.store.layout import inputs_folder
from datagen_core.store.publishing import publication


def keep_inputs(cache: Path, params: Mapping[str, Any]) -> None:
    """Copy the files that parameters refer to into the cache, those that are not there yet.

    Raises
    ------
    CacheError
        When one is nowhere, or was changed since it was named.
    """
    folder = inputs_folder(cache)
    for reference in sorted(references_in(dict(params))):
        kept = folder / reference.removeprefix("sha256:")
        if not kept.exists():
            with publication(folder / "tmp", kept) as temporary:
                shutil.copyfile(input_path(reference), temporary)
