"""R², computed once for all that report it."""

from compworld.backends import Array, namespace

LEAST = 1e-12
"""A smaller error of the guess counts as this much."""


def r_squared(
    predicted: Array, targets: Array, guess: Array, axis: int | tuple[int, ...], weights: Array | float = 1.0
) -> Array:
    """How much better predictions are than a guess that knows nothing of the inputs; NumPy or torch.

    Args:
        predicted, targets: of one shape.
        guess: such as the mean target; broadcast to that shape.
        axis: over which squared errors are added up.
        weights: of the squared errors, broadcast.

    Returns:
        1 minus the summed squared error of ``predicted`` over that of ``guess``.
    """
    xp = namespace(targets)
    error, baseline = (xp.sum((values - targets) ** 2 * weights, axis=axis) for values in (predicted, guess))
    return 1 - error / xp.where(baseline < LEAST, xp.zeros_like(baseline) + LEAST, baseline)
