"""The hop from the cluster to the control plane, planned and carried out (ENGINE §5, §8)."""
