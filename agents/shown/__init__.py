"""Learners that read demonstrations and act by what they have read: in context, without changing a parameter."""
