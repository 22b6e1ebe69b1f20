"""From learners to compiled code: each bridge turns a learner's parameters and examples into a kernel's arrays.

A bridge has two functions: ``query_loss(learner, support, query)`` gives the sum of the tasks' query losses after adaptation,
differentiable once, and ``adapt(learner, support)`` gives the adapted fast parameters as the learner names them.
"""
