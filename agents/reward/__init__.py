"""Learning by acting: trials are played, labelled by the expert, and learned from."""
