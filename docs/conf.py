"""The configuration of the documentation's site, which `make docs` builds."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version as version_of
from pathlib import Path

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

# While a folder has no page yet, its table of contents is empty.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: "didn't match any documents" not in str(record.msg)
)
