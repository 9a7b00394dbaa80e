"""What is written on a cluster in GKO's place."""
