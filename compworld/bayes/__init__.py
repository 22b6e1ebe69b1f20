"""Exact Bayes agents: what could be known of a hidden task by acting or from demonstrations, and what could be done with it.

They need no training and no torch. With a prior over all combinations they show what composition makes possible, with one over
the trained combinations what memorising alone can reach.
"""

from compworld.bayes.agent import AGENTS, POLICIES, PRIORS, BayesAgent, bayes_agent, bayes_for
from compworld.bayes.goals import GoalsBayes
from compworld.bayes.preferences import PreferencesBayes

__all__ = ["AGENTS", "POLICIES", "PRIORS", "BayesAgent", "GoalsBayes", "PreferencesBayes", "bayes_agent", "bayes_for"]
