"""The teams of the demo, one module each: what they run, written as compactly as it can be read."""
