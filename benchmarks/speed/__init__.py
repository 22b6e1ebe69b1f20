"""How fast things are, and how much memory they keep."""
