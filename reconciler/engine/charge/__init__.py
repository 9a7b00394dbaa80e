"""Who is in charge of the hop to the control plane, and how that changes hands (ENGINE §8)."""
