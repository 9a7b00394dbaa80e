"""Observe, compare, record: one module per verb, and a loop that reads as that checklist."""
