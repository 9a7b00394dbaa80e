"""The simulated APIM held against recordings of a real one, which this repository does not hold."""
