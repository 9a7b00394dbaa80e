"""Widgets of the terminal; the large ones draw line by line (Textual's Line API)."""
