"""The error that says that an entry was not confirmed; loads nothing."""


class NotConfirmed(RuntimeError):
    """An entry could not be recomputed, or claims more than was: one line."""
