"""The inner loop compiled for the CPU: query loss and meta-gradient of one task after the other, in the processor's caches.

:mod:`agents.explicit` runs every small operation for all tasks at once; on a CPU its time then goes to dispatch and to arrays
that pass through memory. Here Numba compiles the same mathematics for one task: support set, K steps, query set and the way
back, before the next task begins. Tasks are shared out to threads. Everything is generic in the floating-point type, so that
tests compare the very same code in float64 with autograd's double backward.
"""
