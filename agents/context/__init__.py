"""Learners that act in trials: what they have seen so far goes through a sequence, and a policy acts by what came out."""
