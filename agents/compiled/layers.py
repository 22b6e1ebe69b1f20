"""What the layers of every network do besides products: rectify, add, sum over samples.

The second derivative of the rectifier is 0 almost everywhere, so its masks count as constants.

Axes of array names: N samples, H units. Arrays without axes have any shape and are contiguous.
"""

from compworld.agents.compiled.compiler import compiled


@compiled
def rectify(values):
    zero = values.dtype.type(0)
    flat = values.reshape(-1)
    for i in range(len(flat)):
        # Not max(), which would turn NaN into 0 and hide a step that failed.
        flat[i] = zero if flat[i] <= zero else flat[i]


@compiled
def mask(values, activations):
    """0 where the unit is off."""
    zero = values.dtype.type(0)
    flat, at = values.reshape(-1), activations.reshape(-1)
    for i in range(len(flat)):
        flat[i] = zero if at[i] <= zero else flat[i]


@compiled
def add(values, others):
    flat, other = values.reshape(-1), others.reshape(-1)
    for i in range(len(flat)):
        flat[i] += other[i]


@compiled
def sum_samples(values_NH, total_H):
    """Gradient of a bias."""
    total_H[:] = 0
    for n in range(len(values_NH)):
        for h in range(len(total_H)):
            total_H[h] += values_NH[n, h]


@compiled
def add_bias(values_NH, bias_H):
    for n in range(len(values_NH)):
        for h in range(len(bias_H)):
            values_NH[n, h] += bias_H[h]
