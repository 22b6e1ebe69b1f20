"""``python -m benchmarks.leaderboard`` is ``compworld leaderboard``."""

from compworld.benchmarks.cli import leaderboard_main

if __name__ == "__main__":
    leaderboard_main()
