"""How the scores are called. Which of them a family shows is the family's own, see ``Family.scores``."""

TITLES = {
    "success_rate": "success rate",
    "normalised_return": "normalised return",
    "r2": "R²",
    "action_accuracy": "action accuracy",
    "trajectory_accuracy": "whole trajectory",
    "first_step_accuracy": "first step",
    "last_step_accuracy": "last step",
    "query_loss": "query loss",
}
"""Name of each score in a run's results, and its words for tables and pictures."""
