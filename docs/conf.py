"""How Sphinx builds these pages: ``make docs``; the pages are then in ``build/docs``."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "lasersampling"
author = "the lasersampling developers"
version = release = version_of("lasersampling")
project_copyright = author

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "generated_pages",
]
root_doc = "index"
exclude_patterns = ["images"]
nitpicky = True

# Markdown; `](page.md#heading)` works as on the pages of a forge.
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4

# Tutorials are programs: the build runs them anew, and fails where they fail.
nb_execution_mode = "force"
nb_execution_timeout = 1800  # of one cell [s], for busy machines; a tutorial takes a minute
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

# Docstrings state types in words; annotations would repeat them with the names of modules.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
default_role = "code"

html_theme = "furo"
html_title = "lasersampling"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#9c1f5c", "color-brand-content": "#9c1f5c"},
    "dark_css_variables": {"color-brand-primary": "#f08ab8", "color-brand-content": "#f08ab8"},
}
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_copy_source = False
copybutton_exclude = ".linenos, .gp, .go"
