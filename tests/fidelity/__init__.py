"""The simulated APIM held against recordings of a real one. The recordings are not part of this repository."""
