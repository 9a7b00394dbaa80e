"""The terminal's screens, drawn over a replay and compared with what they looked like."""
