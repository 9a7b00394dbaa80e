"""Who is in charge of the hop to the control plane: the product beside a stand-in for GKO."""
