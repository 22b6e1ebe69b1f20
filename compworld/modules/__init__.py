"""Which combinations of modules there are, and which of them are trained."""
