"""Acting: what the engine knows becomes a plan, and a plan becomes writes whose outcomes are kept."""
