"""Learners that are told the task: zero-shot."""
