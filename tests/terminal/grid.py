"""The screen as text that can be reviewed: one grid of characters, one of styles, a legend.

An SVG of the same screen has 50 to 170 KB and changes with every release of Textual; this has a few
KB, and a pull request shows which cell changed and how.
"""

from __future__ import annotations

from string import ascii_letters, digits
from typing import Any

from rich.style import Style
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App

_SIGNS = ascii_letters + digits + "!#$%&*+-/:<=>?@^_~"


class GridExtension(SingleFileSnapshotExtension):
    """Keeps a grid in a text file of its own."""

    _file_extension = "txt"
    _write_mode = WriteMode.TEXT

    def serialize(self, data: Any, **_: Any) -> str:
        return str(data)


def grid(app: App[Any], *, styles: bool = True) -> str:
    """What the app shows.

    Args:
        styles: with the second grid and the legend.
    """
    strips = _strips(app)
    lines = [strip.text.rstrip() for strip in strips]
    if not styles:
        return "\n".join(lines)
    signs: dict[str, str] = {}
    styled = []
    for strip in strips:
        out = []
        for segment in strip:
            name = _named(segment.style)
            sign = signs.setdefault(name, _SIGNS[len(signs) % len(_SIGNS)])
            out.append(sign * segment.cell_length)
        styled.append("".join(out))
    legend = [f"{sign}  {name}" for name, sign in signs.items()]
    return "\n".join([*lines, "", *styled, "", *legend, ""])


def _strips(app: App[Any]) -> list[Any]:
    """The lines as they would go to a terminal, the app's filters (colours, dimming) applied."""
    app.screen._compositor_refresh()
    strips = app.screen._compositor.render_strips()
    background = app.screen.background_colors[1]
    for line_filter in app._filters:
        if line_filter.enabled:
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
    return strips


def _named(style: Style | None) -> str:
    if style is None:
        return "none"
    words = [word for word in ("bold", "dim", "italic", "underline", "reverse") if getattr(style, word)]
    fore = style.color.name if style.color is not None else "default"
    back = style.bgcolor.name if style.bgcolor is not None else "default"
    return " ".join([*words, fore, "on", back])
