"""Settings of Sphinx: `make site` writes the pages of docs/ as HTML to build/site."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from loader import __version__

project = "luc-load"
author = "The luc-load authors"
project_copyright = "The luc-load authors, MIT licence"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["notebooks"]
myst_heading_anchors = 3
autodoc_typehints = "none"
napoleon_google_docstring = False

# Blocks without a language hold console output, which is not Python.
highlight_language = "none"

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_title = f"luc-load {__version__}"
html_show_sphinx = False
