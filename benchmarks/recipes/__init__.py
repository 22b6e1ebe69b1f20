"""What a run is made of: its config, the methods by name, and presets, which are functions that return configs."""
