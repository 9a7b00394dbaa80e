"""This machine's record of what was seen in sync: names, verdicts and keyed digests, never values."""
