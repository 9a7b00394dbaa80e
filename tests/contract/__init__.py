"""One suite for two API servers: whatever holds for the real kube-apiserver holds for the simulated one.

Every test speaks plain HTTP to its peer and uses a kind of the suite's own. Where the two differ, the
simulator is wrong.
"""
