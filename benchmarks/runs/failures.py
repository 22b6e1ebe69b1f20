"""The error that says that some runs have no result; loads nothing."""


class RunsFailed(RuntimeError):
    """Runs are missing, and why: one line."""
