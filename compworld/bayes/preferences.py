"""Bayes agent of Preferences: which modules with which weights, from the exact values of objects that were collected.

Axes: B batch, C combinations of the prior, M modules, F features, O objects, N points of the posterior, P particles.
"""

from typing import Any, NamedTuple

import numpy as np

from compworld.bayes.agent import BayesAgent, Scene, bayes_for
from compworld.bayes.motives import would_act_so
from compworld.bayes.slices import NODES, condition
from compworld.families.samples import Samples
from compworld.families.state import State

AT_ONCE = 1_000_000
"""Numbers in an array of points times features: the batch is worked through in parts of that size."""

PARTICLES, BINS = 512, 16
"""Particles of a posterior, and, for the value of information, how finely they are told apart by one feature's value."""

CERTAIN = 1 - 1e-9
"""Probability of a combination that leaves nothing to ask why the expert did what it did."""

MISREAD = 0.1
"""Width of values where no hypothesis explains those seen (only a prior without the task's combination comes to that)."""


class Points(NamedTuple):
    """A posterior as weighted points."""

    worth_BNF: np.ndarray
    """Value of each feature."""
    weight_BN: np.ndarray
    """Rows sum to 1."""
    combination_N: np.ndarray
    """Place of the point's combination in the prior."""


class PreferencesState(NamedTuple):
    maze_B: np.ndarray
    agent_B: np.ndarray
    cell_BO: np.ndarray
    feature_BO: np.ndarray
    """The scene before."""
    seen_BF: np.ndarray
    """Value of each feature that was collected; not a number for the others."""
    mean_BF: np.ndarray
    """Posterior mean of each feature's value."""
    bonus_BF: np.ndarray
    """Value of information of each feature for one later episode."""
    chance_BC: np.ndarray
    """Posterior probability of each combination."""


@bayes_for("preferences")
class PreferencesBayes(BayesAgent):
    """Posterior from the value of each feature that was collected, which is exact and linear in the weights.

    Under each combination the values seen have a density, an integral over the weights that they leave (see
    :mod:`compworld.bayes.slices`). Values that determine more than a combination's weights and still agree with it prove it:
    a hypothesis with fewer weights than values seen has, if it fits, infinitely larger density than those with more.

    ``greedy`` maximises the posterior mean of the return of the rest of the episode over plans that do not react to what they
    will see, and plans anew at each step: as rewards are linear, this is the expert's optimum for mean values. ``seeking``
    maximises that plus, for each object whose feature's value is unknown, the one-step value of information of that feature
    times the number of later episodes. The value of a later episode is counted as ``O * mean over F of max(0, mean value)``
    (every liked object collected, no other), and information is worth by how much that is expected to rise when the feature's
    value is told (to one of 16 equally likely intervals), through everything that it tells of other features (the knowledge
    gradient, Frazier, Powell & Dayanik 2008). Bonuses of several features are added as if they told different things.

    Args:
        nodes: of the quadrature over weights, by number of free ones.
    """

    family: Any
    options = ("nodes",)

    def __init__(self, *arguments: Any, nodes: dict[int, tuple[int, ...]] = NODES) -> None:
        super().__init__(*arguments)
        self.nodes = nodes
        counts = self.active_CM.sum(axis=1)
        self.groups = [(int(k), np.flatnonzero(counts == k)) for k in np.unique(counts)]
        self.members = [np.stack([np.flatnonzero(self.active_CM[c]) for c in of]) for _, of in self.groups]
        nothing = np.full((1, self.family.features), np.nan)
        self.prior = self.points(nothing)
        self.first = self._digest(nothing)

    def new_state(self, batch: int) -> PreferencesState:
        nothing = np.zeros(batch, dtype=np.int64)
        objects = np.full((batch, self.family.objects), -1)
        told = (np.repeat(part, batch, axis=0) for part in self.first)
        return PreferencesState(nothing, nothing, objects, objects, np.full((batch, self.family.features), np.nan), *told)

    def learn(
        self, state: PreferencesState, scene: Scene, action_B: np.ndarray, reward_B: np.ndarray, begins_B: np.ndarray
    ) -> PreferencesState:
        acted = action_B < self.family.actions
        before = Scene(state.maze_B, state.agent_B, state.cell_BO, state.feature_BO)
        cell_B = self.after(before, np.where(acted, action_B, 0))
        taken_BO = (state.cell_BO == cell_B[:, None]) & acted[:, None]
        where, number = np.nonzero(taken_BO)
        feature = state.feature_BO[where, number]
        new = np.isnan(state.seen_BF[where, feature])
        where, feature = where[new], feature[new]
        mean, bonus, chance, seen = (part.copy() for part in (state.mean_BF, state.bonus_BF, state.chance_BC, state.seen_BF))
        seen[where, feature] = reward_B[where]
        if len(where):
            mean[where], bonus[where], chance[where] = self._digest(seen[where])
        return PreferencesState(*scene, seen, mean, bonus, chance)

    def watch(self, shown: Samples) -> PreferencesState:
        """Also why the expert acted like that: particles under which it would have acted in another way are dropped.

        None is dropped where that would leave none, as with a prior that does not have the task.
        """
        state: PreferencesState = super().watch(shown)
        for task in np.flatnonzero(state.chance_BC.max(axis=1) < CERTAIN):
            one = slice(task, task + 1)
            points = self.points(state.seen_BF[one])
            if not points.weight_BN.any():
                continue
            index_P = self._particles(points)[0]
            agree_P = would_act_so(self, points.worth_BNF[0, index_P], shown[one])
            if agree_P.any():
                kept = np.bincount(index_P[agree_P], minlength=points.weight_BN.shape[1]) / agree_P.sum()
                told = self._told(state.seen_BF[one], points._replace(weight_BN=kept[None]))
                state.mean_BF[one], state.bonus_BF[one], state.chance_BC[one] = told
        return state

    def act(
        self, state: PreferencesState, scene: Scene, steps_B: np.ndarray, later_B: np.ndarray
    ) -> tuple[np.ndarray, PreferencesState]:
        worth_BF = state.mean_BF + later_B[:, None] * state.bonus_BF if self.seeking else state.mean_BF
        return self.family.expert.optimal_action(self._worth(scene, worth_BF), steps_B), state

    def values(self, state: PreferencesState, scene: Scene) -> np.ndarray:
        expert, imagined = self.family.expert, self._worth(scene, state.mean_BF)
        return np.asarray(expert.action_values(expert.plan(imagined), imagined))

    def _worth(self, scene: Scene, worth_BF: np.ndarray) -> State:
        """The scene as a state in which features are worth so much."""
        found_BO = np.take_along_axis(worth_BF, np.maximum(scene.feature_BO, 0), axis=1)
        return self.imagined(scene, np.where(scene.cell_BO >= 0, found_BO, 0.0))

    def posterior(self, state: PreferencesState) -> np.ndarray:
        return state.chance_BC

    def points(self, seen_BF: np.ndarray) -> Points:
        """The posterior given values of features (not a number: not seen), all rows with the same number of values seen."""
        n = int((~np.isnan(seen_BF[0])).sum())
        feature_Bn = np.argsort(np.isnan(seen_BF), axis=1, kind="stable")[:, :n]
        value_Bn = np.take_along_axis(seen_BF, feature_Bn, axis=1)
        worths, logs, owners = [], [], []
        for (k, of), member_Ck in zip(self.groups, self.members, strict=True):
            preferences_CkF = self.family.preferences[member_Ck]
            a = preferences_CkF[:, :, feature_Bn].transpose(2, 0, 3, 1) / 2  # [B, C, n, k]
            u, log_weight = condition(a, value_Bn[:, None] - a.sum(axis=3), self.nodes)
            worths.append((((1 + u) / 2) @ preferences_CkF).reshape(len(seen_BF), -1, self.family.features))
            # Of hypotheses that fit, those with the fewest weights are infinitely likelier.
            logs.append((log_weight + 200.0 * (n - min(n, k))).reshape(len(seen_BF), -1))
            owners.append(of.repeat(u.shape[2]))
        worth_BNF, log_BN = np.concatenate(worths, axis=1), np.concatenate(logs, axis=1)
        best_B1 = log_BN.max(axis=1, keepdims=True)
        possible = np.isfinite(best_B1)
        weight_BN = np.exp(np.where(possible, log_BN - np.where(possible, best_B1, 0.0), -np.inf))
        total = weight_BN.sum(axis=1, keepdims=True)
        return Points(worth_BNF, weight_BN / np.where(total > 0, total, 1), np.concatenate(owners))

    def _digest(self, seen_BF: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean [B, F], bonus [B, F] and probabilities of combinations [B, C]."""
        mean, bonus = np.empty(seen_BF.shape), np.empty(seen_BF.shape)
        chance = np.empty((len(seen_BF), len(self.combinations)))
        count_B = (~np.isnan(seen_BF)).sum(axis=1)
        for n in np.unique(count_B):
            rows = np.flatnonzero(count_B == n)
            size = self.points(seen_BF[rows[:1]]).weight_BN.shape[1]
            at_once = max(1, AT_ONCE // (size * self.family.features))
            for part in (rows[first : first + at_once] for first in range(0, len(rows), at_once)):
                points = self.points(seen_BF[part])
                fits = points.weight_BN.sum(axis=1) > 0
                found = points._replace(worth_BNF=points.worth_BNF[fits], weight_BN=points.weight_BN[fits])
                for where, chosen in ((part[fits], found), (part[~fits], self._nearest(seen_BF[part[~fits]]))):
                    mean[where], bonus[where], chance[where] = self._told(seen_BF[where], chosen)
        return mean, bonus, chance

    def _told(self, seen_BF: np.ndarray, points: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same of a posterior; values that were seen are known."""
        known = ~np.isnan(seen_BF)
        mean, chance = self._summary(points)
        bonus = self.information(points) if self.seeking and len(known) else np.zeros(seen_BF.shape)
        return np.where(known, seen_BF, mean), np.where(known, 0.0, bonus), chance

    def _summary(self, points: Points) -> tuple[np.ndarray, np.ndarray]:
        mean = np.einsum("bn,bnf->bf", points.weight_BN, points.worth_BNF)
        first = np.searchsorted(np.sort(points.combination_N), np.arange(len(self.combinations)))
        ordered = points.weight_BN[:, np.argsort(points.combination_N, kind="stable")]
        return mean, np.add.reduceat(ordered, first, axis=1)

    def _nearest(self, seen_BF: np.ndarray) -> Points:
        """Where no hypothesis fits: the prior's points by their distance from the values seen, as if those were blurred."""
        off_BN = np.nansum((self.prior.worth_BNF - seen_BF[:, None]) ** 2, axis=2)
        width = np.maximum(MISREAD**2, off_BN.min(axis=1, keepdims=True))
        weight = self.prior.weight_BN * np.exp(-(off_BN - off_BN.min(axis=1, keepdims=True)) / (2 * width))
        worth = np.broadcast_to(self.prior.worth_BNF, (len(seen_BF), *self.prior.worth_BNF.shape[1:]))
        return Points(worth, weight / weight.sum(axis=1, keepdims=True), self.prior.combination_N)

    def information(self, points: Points) -> np.ndarray:
        """Expected rise of a later episode's worth when the value of one feature is told, float64 [B, F]."""
        batch, features = len(points.weight_BN), self.family.features
        worth_BPF = np.take_along_axis(points.worth_BNF, self._particles(points)[..., None], axis=1)
        before = np.maximum(worth_BPF.mean(axis=1), 0.0).mean(axis=1)
        gain = np.empty((batch, features))
        for feature in range(features):
            order = worth_BPF[..., feature].argsort(axis=1, kind="stable")
            told = np.take_along_axis(worth_BPF, order[..., None], axis=1).reshape(batch, BINS, -1, features).mean(axis=2)
            gain[:, feature] = np.maximum(told, 0.0).mean(axis=(1, 2)) - before
        return self.family.objects * np.maximum(gain, 0.0)

    @staticmethod
    def _particles(points: Points) -> np.ndarray:
        """Numbers of points, each as often as its weight says, int64 [B, P]."""
        levels = (np.arange(PARTICLES) + 0.5) / PARTICLES
        return np.stack([np.searchsorted(row / row[-1], levels) for row in points.weight_BN.cumsum(axis=1)])
