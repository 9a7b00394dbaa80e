"""From plain styled lines to Textual strips, and the one-line bar that most edges of the screen are."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from gko_tui.theme import Palette
from gko_tui.view.lines import Line

if TYPE_CHECKING:
    from textual import events

    from gko_tui.app import GkoApp


def fit(text: str, width: int, cut: str, *, right: bool = False) -> str:
    """Text in exactly `width` cells; what is too long ends in the `cut` mark."""
    size = len(text) if text.isascii() else cell_len(text)
    if size == width:
        return text
    if size > width:
        return set_cell_size(text, width - 1) + cut if width > 1 else set_cell_size(text, width)
    return " " * (width - size) + text if right else text + " " * (width - size)


def strip_of(line: Line, palette: Palette, base: Style) -> Strip:
    """A line as a strip, as long as its text."""
    return Strip([Segment(text, base + palette[style]) for text, style in line])


def app_of(widget: Widget) -> GkoApp:
    """The app, by its own type."""
    return cast("GkoApp", widget.app)


class Bar(Widget):
    """One line of spans that is drawn anew whenever something in it changes.

    Subclasses give `line(width)`; `actions` names what a click on a span does.
    """

    DEFAULT_CSS = """
    Bar { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._clicks: list[tuple[int, int, str]] = []
        self._drawn: Line = ()

    def line(self, width: int) -> Line:
        """What the bar says on `width` cells."""
        raise NotImplementedError

    def renew(self) -> None:
        """Draw the bar anew if it says something else now."""
        if self.size.width and self.line(self.size.width) != self._drawn:
            self.refresh()

    def clicks(self) -> dict[int, str]:
        """Which span (by its number) starts which action id."""
        return {}

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        if y:
            return Strip.blank(width, base)
        line = self._drawn = self.line(width)
        clicks, self._clicks, x = self.clicks(), [], 0
        for number, (text, _) in enumerate(line):
            end = x + cell_len(text)
            if number in clicks:
                self._clicks.append((x, end, clicks[number]))
            x = end
        return strip_of(line, app_of(self).palette, base).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        for start, end, action in self._clicks:
            if start <= event.x < end:
                event.stop()
                app_of(self).act_on_screen(action)
                return


def between(left: Line, right: Line, width: int) -> Line:
    """Two lines on one: `left` at the left edge, `right` at the right one; `left` gives way."""
    right_size = sum(cell_len(text) for text, _ in right)
    room = max(0, width - right_size - (1 if right else 0))
    out: list[tuple[str, str]] = []
    used = 0
    for text, style in left:
        size = cell_len(text)
        if used + size > room:
            out.append((set_cell_size(text, room - used), style))
            used = room
            break
        out.append((text, style))
        used += size
    out.append((" " * max(0, width - used - right_size), "text"))
    return (*out, *right)
