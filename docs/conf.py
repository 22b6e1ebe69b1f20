"""How the pages of this folder become the documentation site, see ``make docs``.

Pages that follow from the code (environments, methods) are written to ``generated`` first, where nothing is committed.
"""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded, as in runs

# Importable from here on.
from generate import environments, figures, links, methods, order, results  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402
from sphinx.util import logging  # noqa: E402

from compworld import VERSION  # noqa: E402

project = "CompWorld"
author = "The CompWorld developers"
copyright = author
version = release = VERSION

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["generate", "generated/examples/*.py"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
napoleon_use_ivar = True

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["generated/examples"],
    "filename_pattern": r"/[a-z]\w*\.py$",
    "ignore_pattern": r"__init__\.py",
    "within_subsection_order": order.Tutorials,
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "reset_modules": (),
    "image_scrapers": (figures.figures_of,),
    "default_thumb_file": str(DOCS / "generated/environments/CompWorld-Preferences-v0.png"),
}

suppress_warnings = ["config.cache"]  # some settings of the gallery are functions

html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = f"CompWorld {VERSION}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0063a0", "color-brand-content": "#0063a0"},
    "dark_css_variables": {"color-brand-primary": "#6bb8f0", "color-brand-content": "#6bb8f0"},
}
copybutton_exclude = ".linenos, .gp, .go"

linkcheck_timeout = 20


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", write_pages, priority=100)  # before the tutorials add families of their own
    app.connect("source-read", link_results)
    app.connect("autodoc-process-docstring", keep, priority=400)
    app.connect("autodoc-process-docstring", put_back, priority=600)
    app.connect("build-finished", check_links)


def write_pages(app: Sphinx) -> None:
    """Write what follows from the registries."""
    generated = Path(app.srcdir) / "generated"
    environments.write_pages(generated / "environments")
    methods.write_pages(generated / "methods")
    results.write_pages(generated / "results")


def link_results(app: Sphinx, page: str, source: list[str]) -> None:
    """Links to committed results, as they are right where the source is read, lead to their pages."""
    source[0] = results.linked(source[0])


Docstring = tuple[Sphinx, str, str, object, object, list[str]]
ATTRIBUTES = ("attribute", "property", "data")
kept: dict[str, list[str]] = {}


def keep(*event: *Docstring) -> None:
    """Keep an attribute's docstring from napoleon, which takes what stands before its first colon for a type."""
    _, kind, name, _, _, lines = event
    if kind in ATTRIBUTES:
        kept[name] = list(lines)


def put_back(*event: *Docstring) -> None:
    """Undo what napoleon did to an attribute's docstring."""
    _, kind, name, _, _, lines = event
    if kind in ATTRIBUTES:
        lines[:] = kept.pop(name)


def check_links(app: Sphinx, problem: Exception | None) -> None:
    """Warn of every link of the site that leads nowhere."""
    if problem is None and app.builder.name == "html":
        for broken in links.broken_links(Path(app.outdir)):
            logging.getLogger(__name__).warning("link that leads nowhere: %s", broken)
