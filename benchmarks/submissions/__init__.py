"""Submissions: entries that anyone may make, and that are recomputed before they are ranked."""
