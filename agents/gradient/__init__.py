"""Methods that adapt by gradient descent on demonstrations: fast parameters, an inner loop, a meta-gradient through it."""
