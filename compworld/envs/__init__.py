"""Gymnasium's face of the families: single and vector environments over one rulebook."""
