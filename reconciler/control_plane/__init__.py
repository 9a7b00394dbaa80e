"""The third place, APIM: where control planes are, what they hold, keeping up with them, and writing to one.

Everything that is read is told to a sink; what it means is the engine's to judge. Writing (`writing`) is one
thing at a time, at most once, with an outcome that says whether it may have arrived.
"""
