"""Published files, downloaded by pooch, which compares their hashes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datagen_core.files import require
from datagen_images.errors import ImagesError


@dataclass(frozen=True)
class Download:
    """A file as it was published.

    Attributes
    ----------
    urls
        Addresses of the same file, tried in this order.
    md5
        The MD5 of the file, 32 hexadecimal digits.
    """

    urls: tuple[str, ...]
    md5: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.urls[0].rpartition("/")[2]


@contextmanager
def downloading(downloads: Sequence[Download], folder: Path) -> Iterator[list[Path]]:
    """Yield downloaded files, unpacked, in a folder that the end of the block removes.

    Archives (.zip, .tar.gz) become the files in them. To keep files, move them: a move within
    `folder` is atomic, so that other processes never see half a file.

    Parameters
    ----------
    downloads
        What to download.
    folder
        Where to make the temporary folder; made if it does not exist.

    Raises
    ------
    ImagesError
        When no address of a file has the file with its hash, or an archive is damaged.
    MissingPackageError
        When pooch is not installed.
    """
    require("pooch", "images")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as scratch:
        yield [path for each in downloads for path in _fetch(each, Path(scratch))]


def _fetch(download: Download, scratch: Path) -> list[Path]:
    import pooch  # checked above

    pooch.get_logger().setLevel("WARNING")
    unpack = {
        ".zip": pooch.Unzip(),
        ".tar.gz": pooch.Untar(),
        ".gz": pooch.Decompress("gzip", download.name.removesuffix(".gz")),
    }
    matching = (one for ending, one in unpack.items() if download.name.endswith(ending))
    processor = next(matching, None)
    failures = []
    for url in download.urls:
        try:
            found = pooch.retrieve(
                url,
                known_hash=f"md5:{download.md5}",
                fname=download.name,
                path=scratch,
                processor=processor,
            )
        except Exception as error:  # network, hash or archive: the next address may do
            failures.append(f"{url}: {_first_line(error)}")
        else:
            return [Path(path) for path in (found if isinstance(found, list) else [found])]
    raise ImagesError("; ".join(failures))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
