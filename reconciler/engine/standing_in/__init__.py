"""Standing in for GKO: what a resource of a cluster means is brought to its control plane, and kept there.

The knowledge (status, finalizers, events, patience) is `rules.apim.standing_in`; here are the effects.
Nothing in this room decides that it may write: `in_charge` and `taking_over` do (ENGINE §8).
"""
