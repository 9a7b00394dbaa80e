"""Carrying out plans: `runner` decides what goes on and what stops, `cluster_hands` writes to clusters."""
