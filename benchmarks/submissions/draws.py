"""Numbers that nobody could know when an entry was submitted: they follow from its files and from a salt that comes later."""

import hashlib

from compworld.arguments import LARGEST_SEED


def drawn(sha256: str, salt: str, purpose: str, index: int) -> int:
    """A world or a seed, from 0 to 2**63 - 1.

    Args:
        sha256: of the entry's files.
        salt: published after the entry.
        purpose: what it is for; other purposes have other numbers.
        index: of the number.
    """
    text = "\n".join((sha256, salt, purpose, str(index)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") & LARGEST_SEED
