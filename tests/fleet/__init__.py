"""Fleets made for tests and benchmarks: many APIs in a Git repository, the same ones on clusters."""
