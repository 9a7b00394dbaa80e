"""The engine without a terminal: the same loop, told as log lines."""
