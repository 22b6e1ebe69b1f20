"""Names that came from a file or a caller, made harmless where they are shown."""

import html
import re

from rich.console import Console

from compworld.arguments import in_terminal

MARKUP = re.compile(r"[|\\`*\[\]#~$]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown gives a meaning, besides what HTML does; none to an underscore within a word."""


def in_markdown(text: str) -> str:
    """The text as it is read in Markdown and HTML, on one line."""
    return MARKUP.sub(lambda found: f"&#{ord(found[0])};", html.escape(in_terminal(text), quote=False))


def terminal() -> Console:
    """A console that takes what it prints as it is: no markup, no emoji codes, no colours for numbers."""
    return Console(markup=False, emoji=False, highlight=False)
