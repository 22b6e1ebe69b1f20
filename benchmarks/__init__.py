"""Where environments and learners meet: recipes, runs, evaluation, leaderboard, plots, video, command line."""
