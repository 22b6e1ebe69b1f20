"""A matrix product that can add to its result, and takes parts of larger matrices: BLAS's ``gemm``, the one behind ``np.dot``.

In compiled code ``np.dot`` overwrites its result and copies arrays that are not contiguous.

Axes of array names: M rows, N columns, K summed over.
"""

import numpy as np
from numba import types
from numba.extending import overload

from compworld.agents.compiled.compiler import OPTIONS, compiled

SMALL = 1_000_000
"""Multiplications up to which OpenBLAS multiplies matrices where they lie (with AVX-512). It copies larger ones first, which
takes as long as the product itself where one factor is narrow; hence such a product is made of blocks of columns."""
COLUMNS = 64
"""Blocks are multiples of that, whole vectors; a product of which not even one such block is small is left whole."""


def gemm(left_MK, right_KN, beta, out_MN):
    """``out = left @ right + beta * out`` for beta 0 or 1, in compiled code only.

    Rows or columns of each factor, and rows of the result, must be contiguous.

    Raises:
        ValueError: the shapes do not fit, or the result's rows are not contiguous.
    """
    raise NotImplementedError("gemm is for compiled code")


@overload(gemm, jit_options=OPTIONS)
def _gemm(left_MK, right_KN, beta, out_MN):
    kind = ord({"float32": "s", "float64": "d"}[str(out_MN.dtype)])
    blas, betas = _blas(out_MN.dtype), np.asarray([0, 1], str(out_MN.dtype))

    def compute(left_MK, right_KN, beta, out_MN):
        (rows, terms), columns = left_MK.shape, right_KN.shape[1]
        if right_KN.shape[0] != terms or out_MN.shape != (rows, columns) or rows * terms * columns == 0:
            raise ValueError("shapes of a product that do not fit")
        if out_MN.strides[1] != out_MN.itemsize:
            raise ValueError("the result of a product must have contiguous rows")
        at_once = SMALL // (rows * terms) // COLUMNS * COLUMNS
        if at_once == 0:
            at_once = columns
        left_kind, left_stride = _layout(left_MK)
        for first in range(0, columns, at_once):
            right, out = right_KN[:, first : first + at_once], out_MN[:, first : first + at_once]
            right_kind, right_stride = _layout(right)
            _, out_stride = _layout(out)
            # BLAS's matrices have contiguous columns: to it, ours are transposed, and so is their product.
            failed = blas(
                kind,
                right_kind,
                left_kind,
                out.shape[1],
                rows,
                terms,
                betas[1:].ctypes,
                right.ctypes,
                right_stride,
                left_MK.ctypes,
                left_stride,
                betas[1 if beta else 0 :].ctypes,
                out.ctypes,
                out_stride,
            )
            if failed:
                raise RuntimeError("a product failed: no BLAS is there, or it refused the arguments")

    return compute


@compiled
def _layout(matrix):
    """What BLAS has to do to a matrix with contiguous rows, or columns, and how far one is from the next."""
    if matrix.strides[1] == matrix.itemsize:
        return ord("N"), max(matrix.strides[0] // matrix.itemsize, matrix.shape[1])
    return ord("T"), max(matrix.strides[1] // matrix.itemsize, matrix.shape[0])


def _blas(dtype):
    """Numba's own entry to BLAS."""
    size, matrix = types.intp, types.CPointer(dtype)
    arguments = (types.char, types.char, types.char, size, size, size, matrix, matrix, size, matrix, size, matrix, matrix, size)
    return types.ExternalFunction("numba_xxgemm", types.intc(*arguments))
