"""Trained methods that are shipped: their runs, an index of names, and each as an agent that anyone can let act."""
