"""A run on a cluster
==================

The runs of a preset, by as many processes on as many machines as there are: all that they share is a folder.

Each worker takes a run that nobody works on, trains and scores it, and takes the next until none is left. What a killed one
left behind goes on from its checkpoint. On a cluster the same command is what a job does::

    sbatch --array=1-20 --wrap "compworld work --preset quick --runs /shared/runs"

Or one command starts the jobs, waits for them and makes the table (extras ``slurm`` and ``ray``)::

    compworld leaderboard --preset quick --runs /shared/runs --executor slurm --slurm timeout_min=60 slurm_partition=long
    compworld leaderboard --preset quick --runs /shared/runs --executor ray
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryDirectory

CHOSEN = ("--preset", "quick", "--family", "goals-small", "--method", "random")  # quick's floor in three worlds: seconds


def compworld(command: str, runs: str) -> str:
    """What ``compworld COMMAND`` prints about the chosen runs of a folder."""
    line = [sys.executable, "-m", "compworld.benchmarks", command, *CHOSEN, "--runs", runs]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


# %%
# Two workers on one folder, as on two machines. Neither does what the other does, and each ends when nothing is left to begin.
folder = TemporaryDirectory()
with ThreadPoolExecutor() as machines:
    print("".join(machines.map(compworld, ["work", "work"], [folder.name] * 2)))

# %%
# What is done, who works on what and since when, and how long the rest will take: asked from anywhere that sees the folder.
print(compworld("status", folder.name))
folder.cleanup()

# %%
# The same choices for ``compworld leaderboard`` then make the table of what lies there, and train nothing. A run is a function
# of its config, so that it does not matter who made it.
