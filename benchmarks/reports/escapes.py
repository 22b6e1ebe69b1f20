"""Names that came from a file or a caller, made harmless where they are shown."""

import html
import re

from rich.console import Console

MARKUP = re.compile(r"[|\\`*\[\]#~$]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown gives a meaning, besides what HTML does; none to an underscore within a word."""


def in_terminal(text: str) -> str:
    """The text with characters that cannot be printed, such as those that steer a terminal, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def in_markdown(text: str) -> str:
    """The text as it is read in Markdown and HTML, on one line."""
    return MARKUP.sub(lambda found: f"&#{ord(found[0])};", html.escape(in_terminal(text), quote=False))


def terminal() -> Console:
    """A console that takes what it prints as it is: no markup, no emoji codes, no colours for numbers."""
    return Console(markup=False, emoji=False, highlight=False)
