"""An agent that remembers
=======================

An agent written by hand that adapts: it tries objects, remembers what each was worth, and leaves the bad ones alone.

Its memory is the state that it hands back: what an object of each feature was last worth in this trial, NaN where it does not
know. It reads the "indices" observation: row = cell * channels + feature of each object, then the agent's, then the maze's.
"""

import numpy as np

import compworld

ENV_ID = "CompWorld-Preferences-Small-v0"
family = compworld.make_family("preferences-small", world=0)  # for the sizes and the map, which every agent may know
NOTHING, MOVES = 0, range(1, 5)


def distances_to(goal: int) -> np.ndarray:
    """Moves from each cell to the goal."""
    distance = np.full(family.cells, np.inf)
    distance[goal] = 0
    for _ in range(family.cells):
        distance = np.minimum(distance, 1 + distance[family.next_cell[0]].min(axis=1))
    return distance


ROUTES = np.stack([distances_to(cell) for cell in range(family.cells)])


class Taster:
    """Batched: ``predict`` is asked for the actions of many trials at once, each with its own row of the memory."""

    def predict(self, observation, state, episode_start):
        rows = observation["observation"]
        if state is None:
            state = {"worth": np.full((len(rows), family.features), np.nan), "before": rows}
        worth, before = state["worth"].copy(), state["before"]
        actions = np.zeros(len(rows), dtype=np.int64)
        for i, row in enumerate(rows):
            reward = observation["previous_reward"][i, 0]
            new_episode = observation["episode_start"][i] == 1
            moved_onto = self.collected(before[i], row, int(observation["previous_action"][i]), new_episode)
            if moved_onto is not None:
                worth[i, moved_onto] = reward
            actions[i] = self.act(row, worth[i])
        return actions, {"worth": worth, "before": rows}

    def collected(self, before, now, action, new_episode):
        """Feature of the object that the last action collected, None if there was none."""
        if action == NOTHING or action == family.actions:
            return None
        cell = before[-2] // family.channels
        there = family.next_cell[0][cell, action - 1]
        for entry in before[:-2]:
            if entry < family.input_size and entry // family.channels == there:
                return entry % family.channels
        return None

    def act(self, row, worth):
        """One move towards the nearest object that is liked or not known, never onto a disliked one if it can be helped."""
        cell = row[-2] // family.channels
        objects = [divmod(int(entry), family.channels) for entry in row[:-2] if entry < family.input_size]
        wanted = [place for place, feature in objects if not worth[feature] <= 0]
        avoided = [place for place, feature in objects if worth[feature] <= 0]
        if not wanted:
            return NOTHING
        goal = min(wanted, key=lambda place: ROUTES[place][cell])
        after = family.next_cell[0][cell]
        return 1 + min(range(4), key=lambda move: ROUTES[goal][after[move]] + 100 * (after[move] in avoided))


# %%
# Four episodes of each hidden task: what the first ones find out, the last ones use.
print(compworld.evaluate(Taster(), ENV_ID, track="rewarded", world=0, split="held_out", observation="indices", tasks=64))
