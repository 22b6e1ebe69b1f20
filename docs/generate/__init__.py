"""Pages that follow from the code: one for each environment, one for each method."""
