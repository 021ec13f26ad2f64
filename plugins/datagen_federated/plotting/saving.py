"""Writing a picture, whole or not at all."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_federated.errors import PlotError
from datagen_federated.plotting.style import house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Without times, the same picture is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def check_picture_name(path: Path) -> str:
    """Return the format of a picture by its name: `png`, `svg` or `pdf`.

    Raises
    ------
    PlotError
        When it is none of them.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in _METADATA:
        raise PlotError(f"{path} is no picture; give it a name that ends in .png, .svg or .pdf")
    return form


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture; the file appears, or takes the place of an older one, only when whole.

    The same picture is the same bytes, with the same version of matplotlib.

    Raises
    ------
    PlotError
        When its name says no format that there is, or it cannot be written.
    """
    form = check_picture_name(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _write(figure, unfinished, form)
        unfinished.replace(path)
    except OSError as error:
        raise PlotError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _write(figure: Figure, path: Path, form: str) -> None:
    with house_style(), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, and that is all there is to say.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(path, format=form, metadata=_METADATA[form])
