"""Memory that one outer step frees is kept for the next one.

By default glibc gives large blocks back to the system, which clears them page by page when it hands them out again: 23 MB in
each outer step of ANIL at the paper's settings for Goals. What is kept is at
most the sum of what each thread had in use at some time; single blocks above 32 MiB still go back.
"""

import ctypes
import sys
from functools import cache

# Parameters of mallopt(3), from glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
MOST_FOR_MMAP = 32 * 2**20
"""The largest threshold that glibc takes, in bytes."""


@cache
def keep_freed_memory() -> bool:
    """For this process, from now on; does nothing where the C library is another one.

    Returns:
        Whether memory is kept.
    """
    if sys.platform != "linux":
        return False
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return False
    return all([set_option(M_TRIM_THRESHOLD, 2**31 - 1), set_option(M_MMAP_THRESHOLD, MOST_FOR_MMAP)])
