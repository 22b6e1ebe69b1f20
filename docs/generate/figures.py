"""Pictures of tutorials."""

from typing import Any
from weakref import WeakSet

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

_drawn: WeakSet[Figure] = WeakSet()


def figures_of(block: tuple[Any, ...], variables: dict[str, Any], settings: dict[str, Any]) -> str:
    """Save the figures that a block of a tutorial names; sphinx-gallery itself looks for those of pyplot alone.

    Args:
        block: of the script.
        variables: of its execution.
        settings: of the gallery.

    Returns:
        reStructuredText that shows them.
    """
    paths = []
    for value in list(variables["example_globals"].values()):
        if isinstance(value, Figure) and value not in _drawn:
            _drawn.add(value)
            path = next(variables["image_path_iterator"])
            value.savefig(path, dpi=150)
            paths.append(path)
    return figure_rst(paths, settings["src_dir"]) if paths else ""
