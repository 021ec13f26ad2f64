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
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from datagen_core.files import replacing
from datagen_partitions.client_files.clients import ClientData
from datagen_partitions.client_files.folders import write_client
from datagen_partitions.client_files.manifest import MANIFEST, describe_division
from datagen_partitions.errors import ExportOptionError

if TYPE_CHECKING:
    from datagen_core import Samples, Selection

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold."""

_UNIX, _FILE_MODE = 3, 0o100644


def write_declearn(
    path: Path, selection: Selection, *, name: str = "", client: str = "", archive: str = ""
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
        Numbers of the clients to write, separated by commas; all if empty.
    archive
        `zip` for one archive per client instead of a folder.

    Returns
    -------
    counts
        Number of clients written, by the name of the part.

    Raises
    ------
    ExportOptionError
        When the samples are not of `image_partition`, a client is not among them, or an option has
        another value.
    """
    samples = _samples_of(selection)
    if archive not in {"", "zip"}:
        raise ExportOptionError(f"archive should be zip, not {archive!r}; leave it out for folders")
    places = {int(index): place for place, index in enumerate(samples.indices)}
    chosen = _choose(client, list(places))
    folder = path / (_check_name(name) or f"mnist_{selection.param_set.params['scheme']}")
    folder.mkdir(parents=True)
    entries = {}
    for number in chosen:
        target = folder / f"client_{number}"
        entries[target.name] = write_client(target, ClientData.from_sample(samples[places[number]]))
        if archive:
            _pack(target)
    manifest = describe_division(selection.param_set, entries)
    with replacing(folder / MANIFEST, "w") as file:
        file.write(json.dumps(manifest, indent=1) + "\n")
    return dict.fromkeys(selection.parts, len(chosen))


def _samples_of(selection: Selection) -> Samples:
    samples = next(iter(selection.parts.values()))
    if selection.view is not None or not {"indices", "validation"} <= set(samples.schema.fields):
        raise ExportOptionError(
            "the format declearn takes samples of image_partition in their present form, not those "
            f"of {selection.param_set}; generate them again"
        )
    return samples


def _choose(client: str, known: list[int]) -> list[int]:
    """Return the numbers of clients that a text lists; all if it is empty."""
    if not client:
        return known
    words = [word.strip().removeprefix("client_") for word in client.split(",")]
    wrong = next((word for word in words if word not in map(str, known)), None)
    if wrong is not None:
        there = ", ".join(map(str, known[:10])) + (", …" if len(known) > 10 else "")
        raise ExportOptionError(f"this selection has no client {wrong!r}; there are {there}")
    return sorted({int(word) for word in words})


def _check_name(name: str) -> str:
    if name in {".", ".."} or "/" in name:
        raise ExportOptionError(f"name should be a folder's name without slashes, not {name!r}")
    return name


def _pack(folder: Path) -> None:
    """Replace a folder of files with `<folder>.zip`, which has the same bytes each time.

    Times and permissions of the files are left out.
    """
    archive = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.iterdir()):
            _add(file, path)
    shutil.rmtree(folder)


def _add(archive: zipfile.ZipFile, path: Path) -> None:
    entry = zipfile.ZipInfo(f"{path.parent.name}/{path.name}", _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system, entry.external_attr = _UNIX, _FILE_MODE << 16
    entry.file_size = path.stat().st_size  # it decides whether sizes need 64 bits
    with path.open("rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, 2**20)
