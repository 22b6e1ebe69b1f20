"""A small driver of trials for the tests of the Bayes agents: T trials of K episodes, one step of all at a time."""

import numpy as np

from compworld import randomness
from compworld.families.state import State


def tasks(family, pool, trials, seed=0):
    """Random streams and weights of hidden tasks."""
    streams = randomness.stream(np.full(trials, randomness.key_of("bayes", seed)), np.arange(trials))
    return streams, family.draw_weights(streams, pool)


def seen(family, state, number, action_B, reward_B):
    """A trial's observation of a batch of states."""
    elapsed = state.elapsed_B
    return {
        "observation": family.active_rows(state),
        "previous_action": action_B,
        "previous_reward": reward_B.astype(np.float32)[:, None],
        "episode_start": (elapsed == 0).astype(np.int64),
        "episode": np.full(len(elapsed), number),
        "steps_left": (family.horizon - elapsed)[:, None],
    }


class Told:
    """Acts as the expert that knows the task: the driver hands it the states themselves."""

    def __init__(self, family):
        self.family = family

    def predict(self, observation, state, episode_start):
        steps = observation["steps_left"][:, 0]
        return self.family.expert.optimal_action(observation["state"], steps), state


def play(family, agent, streams_T, weights_TM, episodes, watch=None):
    """Returns, and the random and optimal return of each start, float64 [T, K] each.

    ``watch(memory, trials)`` is called after every prediction.
    """
    trials = len(streams_T)
    result = np.zeros((3, trials, episodes))
    memory, every = None, np.arange(trials)
    action_T, reward_T = np.full(trials, family.actions), np.zeros(trials)
    for number in range(episodes):
        placed = family.place(randomness.stream(streams_T, np.full(trials, number)), weights_TM)
        whole: State = placed.take(every)
        steps = np.full(trials, family.horizon)
        result[1, :, number] = family.expert.random_return(placed, steps)
        result[2, :, number] = family.expert.optimal_return(placed, steps)
        running = every
        while len(running):
            state = whole[running]
            observation = seen(family, state, number, action_T[running], reward_T[running])
            observation["state"] = state
            part = None if memory is None else type(memory)(*(field[running] for field in memory))
            action, part = agent.predict(observation, part, (state.elapsed_B == 0) & (number == 0))
            if watch is not None:
                watch(part, running)
            if part is not None:
                memory = memory if memory is not None else part
                for field, value in zip(memory, part, strict=True):
                    field[running] = value
            after, outcome = family.step(state, action)
            whole.put(running, after)
            action_T[running], reward_T[running] = action, outcome.reward_B
            result[0, running, number] += outcome.reward_B
            running = running[~outcome.terminated_B & (after.elapsed_B < family.horizon)]
    return result


def scores(result):
    """Normalised return of each episode number: ratio of sums over trials, float64 [K]."""
    returns, random, optimal = result.sum(axis=1)
    return (returns - random) / (optimal - random)
