"""Standing in for GKO, against the recordings of the real one."""
