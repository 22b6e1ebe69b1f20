"""What methods are built of: first layers for sparse observations, networks shared by all tasks, networks of templates."""
