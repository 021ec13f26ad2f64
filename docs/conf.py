"""The configuration of the documentation's site, which `make docs` builds."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "datagen"
author = "The datagen authors"
copyright = "The datagen authors"  # noqa: A001 (Sphinx has chosen the name)
release = version = version_of("datagen")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "screens",
]
exclude_patterns = ["README.md", "_made"]
default_role = "code"  # docstrings have single backticks
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # several names share a line
napoleon_use_rtype = False

html_theme = "furo"
html_title = "datagen"
html_static_path = ["_static"]
html_css_files = ["datagen.css"]
html_copy_source = False
html_show_sourcelink = False
copybutton_exclude = ".linenos, .gp, .go"

# Only public names of datagen have a place here; no other site is asked for those of others.
nitpick_ignore_regex = [("py:.*", r"(?!datagen_core\.\w+$).*")]

# Napoleon takes what stands before a colon in an attribute's docstring for a type. So these are
# kept as they are, unless they have sections.
_as_written: dict[str, list[str]] = {}


def _keep(*said: Any) -> None:
    _, what, name, _, _, lines = said
    if what in {"attribute", "property"} and not any(line.startswith("---") for line in lines):
        _as_written[name] = list(lines)


def _restore(*said: Any) -> None:
    _, _, name, _, _, lines = said
    lines[:] = _as_written.pop(name, lines)


def setup(app: Sphinx) -> None:
    """Stand before and behind napoleon."""
    app.connect("autodoc-process-docstring", _keep, priority=400)
    app.connect("autodoc-process-docstring", _restore, priority=600)
