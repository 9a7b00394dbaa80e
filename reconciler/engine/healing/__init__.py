"""Healing: what changed decides by itself what may be done about it, and does that, at a measured pace."""
