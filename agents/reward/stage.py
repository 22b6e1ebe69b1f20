"""Where acting learners are trained: trials of trained combinations, which they play and the expert labels.

Axes of array names: B trials, K episodes of each, H steps of an episode, L = K * H most steps of a trial, O objects, A actions.
"""

import dataclasses

import numpy as np
import torch

from compworld import randomness
from compworld.agents.context.learner import ActingLearner
from compworld.agents.context.player import drawn
from compworld.agents.context.seen import Seen, to_float
from compworld.agents.context.trials import Trials
from compworld.envs.lockstep import Lockstep
from compworld.envs.trials import TrialEngine
from compworld.families.grid import GridFamily
from compworld.families.relative import relative_rows, relative_size
from compworld.modules.splits import Split


class Stage:
    """So many trials at a time. Batch n has trial n of each of as many random streams: any batch can be made on its own.

    Args:
        family: whose tasks are hidden.
        split: of its combinations.
        which: of them are played: ``"train"``.
        trials: B, of a batch.
        episodes: K, of a trial.
        seed: of the streams.
    """

    def __init__(self, family: GridFamily, split: Split, which: str, trials: int, episodes: int, seed: int) -> None:
        if trials < 1:
            raise ValueError(f"trials are {trials}; allowed: at least 1 in a batch")
        self.family, self.episodes = family, episodes
        self.engine = TrialEngine(trials, episodes, family, None, split, None, which)
        key = randomness.key_of("trials to learn from", seed, which)
        self.engine.keys[:] = randomness.stream(np.full(trials, key), np.arange(trials))
        self.nothing = relative_size(family)

    @torch.no_grad()
    def play(self, learner: ActingLearner, number: int, generator: torch.Generator) -> Trials:
        """Let a learner play batch ``number``, by actions drawn from its policy, and label every state that it visits.

        Raises:
            NotFinite: the policy puts out what is no probability.
        """
        engine, family, episodes = self.engine, self.family, self.episodes
        trials, most = len(engine.keys), episodes * family.horizon
        engine.episodes[:] = number * episodes - 1
        engine.reset(np.arange(trials))
        lockstep = Lockstep(engine)
        like = next(learner.parameters())
        rows = np.full((trials, most, family.rows), self.nothing, dtype=np.int32)
        actions = np.zeros((trials, most), dtype=np.uint8)
        rewards, left = (np.zeros((trials, most), dtype=np.float32) for _ in range(2))
        begins = np.zeros((trials, most), dtype=bool)
        logits = np.zeros((trials, most, family.actions), dtype=np.float32)
        visited = Visited(engine)
        running, state = np.arange(trials), learner.start(trials)
        rows_before = np.full((trials, family.rows), self.nothing)
        action_B, reward_B = np.zeros(trials, dtype=np.int64), np.zeros(trials)
        for step in range(most):
            seen_B = relative_rows(family, engine.state)
            elapsed = engine.state.elapsed_B
            rows[running, step] = seen_B[running]
            begins[running, step] = elapsed[running] == 0
            left[running, step] = 1 - elapsed[running] / family.horizon
            visited.note(running, step)
            seen = Seen(
                torch.as_tensor(seen_B[running], device=like.device),
                torch.as_tensor(rows_before[running], device=like.device),
                torch.as_tensor(action_B[running], device=like.device),
                to_float(reward_B[running], like),
                to_float(begins[running, step], like),
                to_float(left[running, step], like),
                to_float(engine.state.weights_BM[running], like),
            )
            outputs, state = learner.step(seen.by(learner.evidence), state)
            chosen = learner.logits(outputs).float().cpu()
            logits[running, step] = chosen
            action_B = np.zeros(trials, dtype=np.int64)
            action_B[running] = drawn(chosen, generator).numpy()
            rows_before = seen_B
            reward_B, _ = lockstep.step(action_B)
            actions[running, step], rewards[running, step] = action_B[running], reward_B[running]
            on = ~lockstep.over_B[running]
            if not on.all():
                kept = torch.as_tensor(np.flatnonzero(on), device=like.device)
                state = {name: value[kept] for name, value in state.items()}
                running = running[on]
                if not len(running):
                    break
        arrays = rows, actions, rewards, begins, left, logits, visited.labels()
        lengths, codes = engine.steps_B.copy(), engine.state.weights_BM.astype(np.float32)
        return Trials(*map(torch.as_tensor, (*arrays, lengths, codes)))


class Visited:
    """The states that are visited in trials, for labels; of each only what changes within an episode is noted.

    Args:
        engine: whose trials have just begun.
    """

    def __init__(self, engine: TrialEngine) -> None:
        family, self.engine = engine.family, engine
        shape = engine.per_trial, len(engine.keys)
        streams_KB = randomness.stream(engine.streams_B[None, :], np.arange(engine.per_trial)[:, None])
        self.start = family.place(streams_KB.reshape(-1), np.tile(engine.state.weights_BM, (engine.per_trial, 1)))
        # A step that is not reached stands at the start; its label is not used.
        self.agent_HKB = np.tile(self.start.agent_B.reshape(1, *shape), (family.horizon, 1, 1))
        self.remaining_HKBO = np.ones((family.horizon, *shape, family.objects), dtype=bool)
        self.noted: list[tuple[np.ndarray, int, np.ndarray, np.ndarray]] = []

    def note(self, running: np.ndarray, step: int) -> None:
        """Remember the states of the trials ``running``, int64 indices, before their step number ``step``."""
        state = self.engine.state
        elapsed, episode = state.elapsed_B[running], self.engine.episode_B[running]
        self.agent_HKB[elapsed, episode, running] = state.agent_B[running]
        self.remaining_HKBO[elapsed, episode, running] = state.remaining_BO[running]
        self.noted.append((running, step, elapsed, episode))

    def labels(self) -> np.ndarray:
        """Values of the actions, float32 [B, L, A]; all episodes are planned once, together."""
        family, episodes, start = self.engine.family, self.engine.per_trial, self.start
        expert, plan = family.expert, family.expert.exact_plan(start)
        values = np.zeros((*self.agent_HKB.shape, family.actions), dtype=np.float32)
        reached = 1 + max(int(elapsed.max()) for _, _, elapsed, _ in self.noted)
        for step in range(reached):
            remaining = self.remaining_HKBO[step].reshape(len(start), -1)
            state = dataclasses.replace(start, agent_B=self.agent_HKB[step].reshape(-1), remaining_BO=remaining)
            left = np.full(len(start), family.horizon - step)
            values[step] = expert.exact_values(plan, state, left).reshape(*self.agent_HKB.shape[1:], -1)
        found = np.zeros((len(self.engine.keys), episodes * family.horizon, family.actions), dtype=np.float32)
        for running, number, elapsed, episode in self.noted:
            found[running, number] = values[elapsed, episode, running]
        return found
