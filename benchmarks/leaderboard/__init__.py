"""The leaderboard: run every cell of a preset, then write the table, its data, plots and a video.

``python -m benchmarks.leaderboard --preset quick``
"""
