"""Weights of Preferences given values of objects: exact conditioning within a combination, by linear algebra and quadrature.

A task's weights are ``w = (1 + u) / 2`` with ``u = e / (1 + sum(e))``, e from Exp(1). So u has, on the simplex u > 0,
s = sum(u) < 1, the density ``exp(-s / (1 - s)) * (1 - s) ** -(k + 1)`` (change of variables; k active modules). An object of
feature f is worth ``w @ preferences[:, f]``: n values are n linear equations ``a u = b``. With n < k they leave a slice of the
simplex: the coordinates are parted into n that the equations give and k - n free ones, and the density of the values is the
integral over the free ones of ``density(u) / |det a_given|``. With n >= k they give u, or contradict each other.

The quadrature is Gauss-Legendre over the free coordinates. The last one's range is found exactly, so that with one free
coordinate (the only case of two active modules) the integrand is smooth; those before range over their whole simplex.

Axes: B batch, C combinations with k modules, n values, Q nodes.
"""

from itertools import combinations as subsets_of

import numpy as np

NODES = {1: (24,), 2: (20, 16), 3: (10, 10, 10)}
"""Gauss-Legendre nodes for each free coordinate, by the number of free ones."""

TOLERANCE = 2e-5
"""Of values that are told in float32: larger differences are contradictions."""


def log_density(u_Qk: np.ndarray) -> np.ndarray:
    """Log density of u (the last axis), -inf outside of the simplex."""
    room = 1 - u_Qk.sum(axis=-1)
    inside = (room > 1e-9) & (u_Qk > 0).all(axis=-1)
    room = np.where(inside, room, 1.0)
    return np.where(inside, -(1 - room) / room - (u_Qk.shape[-1] + 1) * np.log(room), -np.inf)


def condition(
    a_BCnk: np.ndarray, b_BCn: np.ndarray, nodes: dict[int, tuple[int, ...]] = NODES
) -> tuple[np.ndarray, np.ndarray]:
    """Points that stand for the weights u given ``a u = b``, and their log weights.

    Args:
        a_BCnk, b_BCn: the equations; float64.
        nodes: of the quadrature, see :data:`NODES`.

    Returns:
        u [B, C, Q, k] and log weights [B, C, Q], -inf for points that are impossible. Weights of a combination sum to the
        density of the values under it (of the first k of them, where there are more).
    """
    batch, count, n, k = a_BCnk.shape
    if n >= k:
        return _determined(a_BCnk, b_BCn)
    given, free, det = _parted(a_BCnk)
    free_k = k - n
    outer_QF, outer_weight_Q = _simplex_nodes(nodes.get(free_k, (6,) * free_k)[:-1])
    points, weights = np.polynomial.legendre.leggauss(nodes.get(free_k, (6,) * free_k)[-1])
    a_given = np.take_along_axis(a_BCnk, given[:, :, None, :], axis=3)
    a_free = np.take_along_axis(a_BCnk, free[:, :, None, :], axis=3)
    inverse = np.linalg.inv(a_given) if n else np.zeros((batch, count, 0, 0))
    # u_given = base + slope * x, with x the last free coordinate.
    known = b_BCn[:, :, None, :] - np.einsum("bcnf,qf->bcqn", a_free[..., :-1], outer_QF)
    base = np.einsum("bcmn,bcqn->bcqm", inverse, known)
    slope = -np.einsum("bcmn,bcn->bcm", inverse, a_free[..., -1])[:, :, None, :]
    # x > 0; every given one > 0; the sum of all < 1.
    offset = np.concatenate([base, (1 - outer_QF.sum(axis=1))[None, None, :, None] - base.sum(axis=3, keepdims=True)], axis=3)
    rate = np.concatenate([slope, -1 - slope.sum(axis=3, keepdims=True)], axis=3)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = -offset / rate
    low = np.maximum(np.where(rate > 0, bound, 0.0).max(axis=3), 0.0)
    high = np.minimum(np.where(rate < 0, bound, 1.0).min(axis=3), 1.0)
    length = np.maximum(high - low, 0.0)
    x = low[..., None] + length[..., None] * (points + 1) / 2
    u = np.empty((*x.shape, k))
    place = np.broadcast_to(np.concatenate([given, free], axis=2)[:, :, None, None, :], u.shape)
    parts = [base[..., None, :] + slope[..., None, :] * x[..., None]]
    parts += [np.broadcast_to(outer_QF[:, None, :], (*x.shape, free_k - 1)), x[..., None]]
    np.put_along_axis(u, place, np.concatenate(parts, axis=-1), axis=4)
    with np.errstate(divide="ignore"):
        measure = np.log(outer_weight_Q)[:, None] + np.log(length[..., None] * weights / 2) - np.log(det)[:, :, None, None]
    log_weight = log_density(u) + measure
    return u.reshape(batch, count, -1, k), log_weight.reshape(batch, count, -1)


def _determined(a_BCnk: np.ndarray, b_BCn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    u = np.einsum("bckn,bcn->bck", np.linalg.pinv(a_BCnk), b_BCn)
    wrong = np.abs(np.einsum("bcnk,bck->bcn", a_BCnk, u) - b_BCn).max(axis=2) > TOLERANCE
    volume = np.sqrt(np.maximum(np.linalg.det(np.einsum("bcnk,bcnl->bckl", a_BCnk, a_BCnk)), 1e-300))
    log_weight = np.where(wrong, -np.inf, log_density(u) - np.log(volume))
    return u[:, :, None], log_weight[:, :, None]


def _parted(a_BCnk: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates that the equations give (those with the largest determinant), the free ones, and that determinant."""
    n, k = a_BCnk.shape[2:]
    choices = list(subsets_of(range(k), n))
    dets = np.stack([np.abs(np.linalg.det(a_BCnk[..., list(choice)])) for choice in choices], axis=2)
    best = dets.argmax(axis=2)
    free = np.asarray([[m for m in range(k) if m not in choice] for choice in choices])
    given = np.asarray(choices, dtype=np.int64).reshape(len(choices), n)
    return given[best], free[best], np.take_along_axis(dets, best[..., None], axis=2)[..., 0]


def _simplex_nodes(counts: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Points [Q, len(counts)] of the simplex and their weights [Q]; one empty point without coordinates."""
    points, weights = np.zeros((1, 0)), np.ones(1)
    for count in counts:
        node, weight = np.polynomial.legendre.leggauss(count)
        room = 1 - points.sum(axis=1)
        column = room[:, None] * (node + 1) / 2
        points = np.concatenate([points.repeat(count, axis=0), column.reshape(-1, 1)], axis=1)
        weights = (weights[:, None] * room[:, None] * weight / 2).reshape(-1)
    return points, weights
