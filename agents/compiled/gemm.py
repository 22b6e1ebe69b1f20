"""A matrix product that can add to its result, and takes parts of larger matrices: BLAS's ``gemm``, the one behind ``np.dot``.

In compiled code ``np.dot`` overwrites its result and takes contiguous arrays only.

Axes of array names: M rows, N columns, K summed over.
"""

import numpy as np
from numba import types
from numba.extending import overload

from agents.compiled.compiler import OPTIONS

SMALL = 1_000_000
"""Multiplications up to which OpenBLAS multiplies matrices where they lie. It copies larger ones first, which takes as long
as the product itself where one factor is narrow; hence a large product is made of blocks of columns."""


def gemm(left_MK, right_KN, beta, out_MN):
    """``out = left @ right + beta * out`` for beta 0 or 1, in compiled code only.

    Rows or columns of each factor, and rows of the result, must be contiguous.
    """
    raise NotImplementedError("gemm is for compiled code")


@overload(gemm, jit_options=OPTIONS)
def _gemm(left_MK, right_KN, beta, out_MN):
    kind = ord({"float32": "s", "float64": "d"}[str(out_MN.dtype)])
    blas, betas = _blas(out_MN.dtype), np.asarray([0, 1], str(out_MN.dtype))
    plain, transposed = ord("N"), ord("T")

    def compute(left_MK, right_KN, beta, out_MN):
        (rows, terms), columns = left_MK.shape, right_KN.shape[1]
        at_once = SMALL // (rows * terms) // 64 * 64
        if at_once == 0:
            at_once = columns
        # A matrix of BLAS has contiguous columns: what it calls the left factor's transpose is our left factor, and so on.
        left_kind, left_step = (plain, 0) if left_MK.strides[1] == left_MK.itemsize else (transposed, 1)
        right_kind, right_step = (plain, 0) if right_KN.strides[1] == right_KN.itemsize else (transposed, 1)
        for first in range(0, columns, at_once):
            right, out = right_KN[:, first : first + at_once], out_MN[:, first : first + at_once]
            blas(
                kind,
                right_kind,
                left_kind,
                out.shape[1],
                rows,
                terms,
                betas[1:].ctypes,
                right.ctypes,
                right.strides[right_step] // right.itemsize,
                left_MK.ctypes,
                left_MK.strides[left_step] // left_MK.itemsize,
                betas[beta:].ctypes,
                out.ctypes,
                out.strides[0] // out.itemsize,
            )

    return compute


def _blas(dtype):
    """Numba's own entry to BLAS."""
    size, matrix = types.intp, types.CPointer(dtype)
    arguments = (types.char, types.char, types.char, size, size, size, matrix, matrix, size, matrix, size, matrix, matrix, size)
    return types.ExternalFunction("numba_xxgemm", types.intc(*arguments))
