"""Scores of predictions: how near they come to the query demonstrations. Axes: T tasks, E episodes, N samples, A actions."""

import numpy as np
import torch

from compworld import Samples
from compworld.agents import Examples, Learner
from compworld.benchmarks.scores.r_squared import r_squared
from compworld.benchmarks.worlds.problems import VALUE_LOSSES


@torch.no_grad()
def open_loop(
    learner: Learner, outputs_TNA: torch.Tensor, query: Examples, samples: Samples, imitation: str
) -> dict[str, np.ndarray]:
    """Compare predictions with the query demonstrations; each score [T].

    Args:
        learner: whose loss is reported.
        outputs_TNA: predicted for the query's inputs.
        query: the query as the learner's examples.
        samples: the query as the family made it.
        imitation: what demonstrations teach; R² is for action values.
    """
    loss_T = learner.loss(outputs_TNA, query.targets, query.weights)
    explained = {"r2": _explained(outputs_TNA, query)} if imitation in VALUE_LOSSES else {}
    valid, episode = samples.valid_TN, samples.episode_TN
    right = (outputs_TNA.argmax(-1).cpu().numpy() == samples.actions_TN) & valid
    shape = (len(valid), int(episode.max()) + 1)
    steps, hits = np.zeros(shape), np.zeros(shape)
    task = np.broadcast_to(np.arange(len(valid))[:, None], valid.shape)
    np.add.at(steps, (task, episode), valid)
    np.add.at(hits, (task, episode), right)
    return {
        "query_loss": loss_T.cpu().numpy(),
        "action_accuracy": hits.sum(1) / steps.sum(1),
        "trajectory_accuracy": (hits == steps).mean(1),
        "first_step_accuracy": _at_border(right, valid, episode, -1),
        "last_step_accuracy": _at_border(right, valid, episode, 1),
        **explained,
    }


def _explained(outputs_TNA: torch.Tensor, query: Examples) -> np.ndarray:
    """R² of each task [T], against the task's mean target (arXiv 2507.07207, appendix)."""
    weights = query.weights[..., None]
    mean = (query.targets * weights).sum(1, keepdim=True)
    return r_squared(outputs_TNA, query.targets, mean, (1, 2), weights).cpu().numpy()


def _at_border(right_TN: np.ndarray, valid_TN: np.ndarray, episode_TN: np.ndarray, side: int) -> np.ndarray:
    """Share of correct actions on the first (side -1) or last (side 1) step of the episodes, [T]."""
    marked = np.where(valid_TN, episode_TN, -1)
    border = np.full((len(marked), 1), -1)
    pair = (border, marked[:, :-1]) if side < 0 else (marked[:, 1:], border)
    at_border = valid_TN & (marked != np.concatenate(pair, axis=1))
    return np.asarray((right_TN & at_border).sum(1) / at_border.sum(1))
