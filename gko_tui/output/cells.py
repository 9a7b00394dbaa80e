"""How wide text is on a terminal, and cutting and padding it to a width in cells."""

from __future__ import annotations

from unicodedata import category, east_asian_width


def cells(text: str) -> int:
    """The width of printable text in terminal cells."""
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def fitted(text: str, width: int, mark: str = "…") -> str:
    """Text cut to at most `width` cells; what was cut ends with the mark."""
    if cells(text) <= width:
        return text
    if width <= len(mark):
        return mark[:width]
    used, kept = 0, []
    for char in text:
        used += _cell(char)
        if used > width - len(mark):
            break
        kept.append(char)
    return "".join(kept) + mark


def padded(text: str, width: int) -> str:
    """Text with blanks to `width` cells."""
    return text + " " * (width - cells(text))


def _cell(char: str) -> int:
    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in ("W", "F") else 1
