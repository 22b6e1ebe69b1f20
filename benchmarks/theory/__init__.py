"""Experiments on when modules can be recovered: one skeleton, one module for each question."""
