"""What an expert's choices tell: for which values of objects it would have acted as it did.

Axes: P particles, N steps, F features, O objects.
"""

import dataclasses

import numpy as np

from compworld.bayes.agent import BayesAgent, Scene
from compworld.families.samples import Samples


def would_act_so(agent: BayesAgent, worth_PF: np.ndarray, shown: Samples) -> np.ndarray:
    """Whether the family's expert would take every action of one task's demonstrations, bool [P].

    Args:
        agent: that reads the scenes.
        worth_PF: values of features.
        shown: the demonstrations, [1, N].
    """
    expert, valid = agent.family.expert, np.flatnonzero(shown.valid_TN[0])
    agree_P = np.ones(len(worth_PF), dtype=bool)
    for episode in np.unique(shown.episode_TN[0, valid]):
        steps = valid[shown.episode_TN[0, valid] == episode]
        left = np.flatnonzero(agree_P)
        if not len(left):
            break
        scene = agent.read(shown.rows_TNR[0, steps])
        first = Scene(*(field[:1].repeat(len(left), axis=0) for field in scene))
        start = agent.imagined(first, worth_PF[left][:, scene.feature_BO[0]])
        plan, as_shown = expert.plan(start), np.ones(len(left), dtype=bool)
        # Cells are taken by one object each: what was there at first is there as long as its cell is.
        remaining_NO = (scene.cell_BO[:, None, :] == scene.cell_BO[0, :, None]).any(axis=2)
        for number, step in enumerate(steps):
            agent_P = scene.agent_B[number].repeat(len(left))
            state = dataclasses.replace(start, agent_B=agent_P, remaining_BO=remaining_NO[[number]].repeat(len(left), axis=0))
            as_shown &= expert.action_values(plan, state).argmax(axis=1) == shown.actions_TN[0, step]
        agree_P[left] = as_shown
    return agree_P
