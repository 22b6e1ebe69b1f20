"""The simplest agent
==================

A function of one observation is an agent: this one acts at random. Its score is 0 but for chance."""

import random

import compworld

chance = random.Random(0)


def random_agent(observation: dict[str, object]) -> int:
    return chance.randrange(5)


print(compworld.evaluate(random_agent, "CompWorld-Preferences-Small-v0", track="rewarded", world=0, split="held_out", tasks=64))
