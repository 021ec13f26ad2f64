"""New figures, and the files that they are written to."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from datagen_core.files import replacing
from datagen_pictures.drawing.style import house_style, wrap
from datagen_pictures.errors import PictureError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CHARACTERS_PER_INCH = 9
_TITLE_LINES = 3

# Without times and versions, the same picture is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def make_figure(width: float, height: float, title: str = "", **options: Any) -> Figure:
    """Return an empty figure; call it inside `house_style`.

    Parameters
    ----------
    width, height
        Its size in inches.
    title
        The title, in at most three lines.
    options
        Options of matplotlib's `Figure`.
    """
    from matplotlib.figure import Figure  # after house_style, which requires it

    # Not pyplot's, which would have to be closed and look for a display.
    figure: Figure = Figure(figsize=(width, height), **{"layout": "constrained", **options})
    if title:
        figure.suptitle(wrap(title, int(width * _CHARACTERS_PER_INCH), _TITLE_LINES))
    return figure


def check_picture_path(path: Path) -> None:
    """Refuse a path that is not one of a picture in a folder that exists.

    Raises
    ------
    PictureError
        When its name does not end in .png, .svg or .pdf, or its folder does not exist.
    """
    _choose_format(path)
    if not path.parent.is_dir():
        raise PictureError(f"{path.parent} is not a folder; make it first")


def _choose_format(path: Path) -> str:
    form = path.suffix.lower().removeprefix(".")
    if form not in _METADATA:
        raise PictureError(
            f"{path} is not a picture; give it a name that ends in .png, .svg or .pdf"
        )
    return form


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture, which appears whole or not at all; one that exists is replaced.

    Missing folders are made. The same picture is the same bytes, with the same version of
    matplotlib.

    Raises
    ------
    PictureError
        When its name ends in another format, or it cannot be written.
    """
    form = _choose_format(path)
    try:
        with replacing(path) as file:
            _write(figure, file, form)
    except OSError as error:
        raise PictureError(f"{path} cannot be written: {error.strerror or error}") from error
    except ValueError as error:  # more pixels than matplotlib draws
        raise PictureError(f"{path} cannot be drawn: {error}; draw less at once") from error


def encode_png(figure: Figure) -> bytes:
    """Return a picture as the content of a PNG file."""
    buffer = io.BytesIO()
    _write(figure, buffer, "png")
    return buffer.getvalue()


def _write(figure: Figure, file: IO[bytes], form: str) -> None:
    with house_style(), warnings.catch_warnings():
        # Characters that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(file, format=form, metadata=_METADATA[form])
