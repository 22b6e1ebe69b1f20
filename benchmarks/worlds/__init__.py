"""Where environments and learners meet: a config's world, its tasks as learners read them, and probe problems."""
