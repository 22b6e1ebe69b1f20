"""Runs: their records, training and scoring one, many side by side."""
