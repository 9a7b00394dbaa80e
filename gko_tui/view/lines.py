"""Lines of styled text as plain data: what text panes show, before any terminal library sees it."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.rules.text import printable

Span = tuple[str, str]
"""Text and the name of its style (see `gko_tui.theme.Palette`)."""
Line = tuple[Span, ...]

EMPTY: Line = ()


def text_of(line: Line) -> str:
    """A line without its styles."""
    return "".join(text for text, _ in line)


def safe(text: str) -> str:
    """Text from outside, on one line and without anything that a terminal would act on."""
    return printable(text.replace("\n", " ⏎ ") if "\n" in text else text)


def wrapped(text: str, style: str, width: int, *, indent: str = "", hanging: str | None = None) -> list[Line]:
    """Break text at blanks into lines of at most `width` characters.

    Args:
        indent: what the first line begins with; hanging: what the others begin with (default: blanks).
    """
    rest = " " * len(indent) if hanging is None else hanging
    room = max(8, width - max(len(indent), len(rest)))
    lines: list[Line] = []
    current = ""
    for word in safe(text).split(" "):
        piece = word
        while len(piece) > room:  # a word longer than a line is cut, never lost
            head = room - len(current) - (1 if current else 0)
            if head <= 0:
                lines.append(_line(indent if not lines else rest, current, style))
                current = ""
                continue
            current = f"{current} {piece[:head]}" if current else piece[:head]
            piece = piece[head:]
            lines.append(_line(indent if not lines else rest, current, style))
            current = ""
        if current and len(current) + 1 + len(piece) > room:
            lines.append(_line(indent if not lines else rest, current, style))
            current = piece
        else:
            current = f"{current} {piece}" if current else piece
    if current or not lines:
        lines.append(_line(indent if not lines else rest, current, style))
    return lines


def _line(indent: str, text: str, style: str) -> Line:
    return ((indent, "text"), (text, style)) if indent else ((text, style),)


def joined(lines: Sequence[Line]) -> str:
    """Lines as one text, for the clipboard."""
    return "\n".join(text_of(line).rstrip() for line in lines)
