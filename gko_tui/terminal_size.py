"""The terminal's size, where the news of a change of it got lost."""

from __future__ import annotations

import os
import sys

from textual.geometry import Size


def changed_size(drawn: Size) -> Size | None:
    """The terminal's size if it is not the one that is drawn for.

    While a window is dragged, size signals come faster than they are handled; now and then the last one
    does not arrive, and the screen would stay drawn for a size that is gone.

    Args:
        drawn: what the screen is drawn for.
    """
    try:
        columns, rows = os.get_terminal_size(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (OSError, ValueError):
        return None
    return Size(columns, rows) if Size(columns, rows) != drawn else None
