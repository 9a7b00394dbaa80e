"""The third place, APIM: where control planes are, what they hold, and keeping up with them.

Nothing here writes to one. Everything is told to a sink; what it means is the engine's to judge.
"""
