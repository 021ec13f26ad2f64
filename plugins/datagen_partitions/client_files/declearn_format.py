"""The folders that declearn's scripts read, for `datagen export --format declearn`.

::

    mnist_<scheme>/client_<i>/train_data.npy      whatever the data set; -o name= for another name
                              train_target.npy
                              valid_data.npy      where a row is for validation
                              valid_target.npy
    mnist_<scheme>/client_<i>.zip                 instead of these, with -o archive=zip
    mnist_<scheme>/manifest.json                  not declearn's: where the files come from
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datagen_partitions.client_files.archives import pack_folder
from datagen_partitions.client_files.clients import ClientData
from datagen_partitions.client_files.folders import write_client
from datagen_partitions.client_files.manifest import MANIFEST, describe_division
from datagen_partitions.errors import ClientFilesError


def write_declearn(
    path: Path, selection: Any, *, name: str = "", client: str = "", archive: str = ""
) -> dict[str, int]:
    """Write clients of `image_partition` as folders of npy files, with a manifest.

    Parameters
    ----------
    path
        The folder to make.
    selection
        What to export: clients of one parameter set, all or those of a split. A client's number is
        the index of its sample.
    name
        The folder inside, instead of `mnist_<scheme>`; `data_<scheme>` is declearn-split's.
    client
        Write these alone: numbers with commas between.
    archive
        `zip` for an archive instead of a folder for each client.

    Returns
    -------
    counts
        How many clients were written, under the name of the part.

    Raises
    ------
    ClientFilesError
        When the samples are others, a client is not among them, or an option has no such value.
    """
    samples = _samples_of(selection)
    if archive not in {"", "zip"}:
        message = f"archive is zip, not {archive!r}; leave it out for folders"
        raise ClientFilesError(message)
    places = {int(index): place for place, index in enumerate(samples.indices)}
    chosen = _choose(client, list(places))
    folder = path / (_check_name(name) or f"mnist_{selection.param_set.params['scheme']}")
    folder.mkdir(parents=True)
    entries = {}
    for number in chosen:
        target = folder / f"client_{number}"
        entries[target.name] = write_client(target, ClientData.from_sample(samples[places[number]]))
        if archive:
            pack_folder(target)
    manifest = describe_division(selection.param_set, entries)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return dict.fromkeys(selection.parts, len(chosen))


def _samples_of(selection: Any) -> Any:
    samples = next(iter(selection.parts.values()))
    if selection.view is not None or not {"indices", "validation"} <= set(samples.schema.fields):
        message = (
            f"the format declearn takes samples of image_partition as it makes them now, not those "
            f"of {selection.param_set}; generate them again"
        )
        raise ClientFilesError(message)
    return samples


def _choose(client: str, known: list[int]) -> list[int]:
    """Return the numbers of clients that a text lists, all where it is empty."""
    if not client:
        return known
    words = [word.strip().removeprefix("client_") for word in client.split(",")]
    wrong = next((word for word in words if word not in map(str, known)), None)
    if wrong is not None:
        there = ", ".join(map(str, known[:10])) + (", …" if len(known) > 10 else "")
        message = f"there is no client {wrong!r} in this selection; there are {there}"
        raise ClientFilesError(message)
    return sorted({int(word) for word in words})


def _check_name(name: str) -> str:
    if name in {".", ".."} or "/" in name:
        message = f"name is that of a folder, without slashes, not {name!r}"
        raise ClientFilesError(message)
    return name
