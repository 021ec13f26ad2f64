"""Pages from templates: all text is escaped, and a page needs no other file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_core.files import require
from datagen_pictures.drawing.figures import encode_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def render_page(template: Path, values: Mapping[str, Any]) -> str:
    """Return a page of HTML, in which all values are escaped.

    The template may extend `base.html`, which shows the value `title`, import `table`, `td` and
    `picture` from `macros.html`, and turn figures into pictures by the filter `data_uri`. A name
    without a value is an error, which guards against templates that are out of date.

    Raises
    ------
    MissingPackageError
        When jinja2 is not installed.
    """
    require("jinja2", "plots")
    import jinja2  # checked above

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, Path(__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["data_uri"] = _encode_data
    return environment.get_template(template.name).render(values)


def _encode_data(figure: Figure) -> str:
    return "data:image/png;base64," + base64.b64encode(encode_png(figure)).decode("ascii")
