"""Reading a result
================

Two agents on trials of tasks that they have to find out: which of them is better on combinations that were never trained?
Neither is trained. Both act by an exact posterior, one over all combinations, one over the trained ones alone.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import compworld
from compworld.bayes import bayes_agent
from compworld.evaluation.interval import DIFFERENCE, Tasks

ENV_ID = "CompWorld-Preferences-Small-v0"
family = compworld.make_family("preferences-small", world=0)
split = compworld.make_split(family.space)

results = {}
for prior in ("all", "trained"):
    agent = bayes_agent(family, split, prior=prior, episodes=4)
    results[prior] = compworld.evaluate(agent, ENV_ID, split="held_out", observation="indices", tasks=96, name=f"prior {prior}")

# %%
# A row is an episode of the trial. Normalised return 0 is what random actions are worth from the same starts, and 1 is the
# exact optimum of who knows the task: nobody has 1 in the first episode, for the task has to be found out.
print(results["all"])

# %%
# The same as a picture: a line that rises shows that something was found out.
figure = results["all"].plot()

# %%
# Both met the same tasks and starts, so that they are compared task by task: what the last episode gained over the other's.
# The interval is over tasks and holds for this one world; a claim needs several.
gain = results["all"].played.returns[:, -1] - results["trained"].played.returns[:, -1]
low, high = Tasks.of(gain, DIFFERENCE).interval()
print(f"all combinations minus trained ones, last episode: {gain.mean():+.3f} [{low:+.3f}, {high:+.3f}] of return")

# %%
# A record keeps every episode and what was asked for, the hash of the split among it. A file that was changed is refused.
with TemporaryDirectory() as folder:
    path = Path(folder) / "held_out.json"
    results["all"].save(path)
    again = compworld.Evaluation.load(path)
print(f"{len(again.finished)} tasks of split {again.settings['split_sha256'][:12]}")
