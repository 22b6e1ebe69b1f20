"""Inner loops compiled for the CPU: adapted parameters, query loss and meta-gradient of one task after the other.

The plain definitions in :mod:`compworld.agents.gradient` run every small operation for all tasks at once; on a CPU their
time goes to dispatch and to arrays that pass through memory. Here Numba compiles the same mathematics, with the meta-gradient
written out,
for one task: support set, K steps, query set and the way back, before the next task begins, all in the processor's caches.
Tasks are shared out to threads. Everything is generic in the floating-point type, so that tests compare the very same code in
float64 with autograd's double backward. The derivative of a gradient along a direction is Pearlmutter's R-operator ("Fast exact
multiplication by the Hessian", Neural Computation 1994).

``bridges`` lead from learners to this code; :mod:`compworld.agents.accelerate` is the one door to them.
"""
