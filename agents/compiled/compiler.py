"""How functions are compiled."""

import numba

compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
"""Sums may be reordered and products fused; infinities and NaN keep their meaning, for a bad outer step must be seen."""
