"""The titles over the table; a click sorts by a column."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gko_tui.view.columns import Placed
from gko_tui.view.listing import Sort
from gko_tui.view.words import Marks
from gko_tui.widgets.strips import app_of, fit


class TableHeader(Widget):
    """One line of titles; the sorted one carries an arrow.

    Args:
        marks: the character set.
    """

    DEFAULT_CSS = "TableHeader { height: 1; }"

    class Clicked(Message):
        """A title was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, marks: Marks, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._marks = marks
        self._columns: tuple[Placed, ...] = ()
        self._sort = Sort()

    def lay_out(self, columns: tuple[Placed, ...], sort: Sort) -> None:
        """Take over the table's columns and order."""
        self._columns, self._sort = columns, sort
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if y:
            return Strip.blank(self.size.width, base)
        palette = app_of(self).palette
        segments: list[Segment] = []
        end = 0
        for placed in self._columns:
            segments.append(Segment(" " * (placed.x - end), base))
            column = placed.column
            title = column.title
            if column.name == self._sort.column:
                title += self._marks.fall if self._sort.reverse else self._marks.rise
            style = base + palette["title bold" if column.name == self._sort.column else "quiet bold"]
            width = placed.width
            # An arrow may use the gap before the next column: no title is cut because of it.
            room = max(width, min(len(title), width + 1)) if not column.right else width
            text = fit(title, room, self._marks.cut, right=column.right)
            segments.append(Segment(text, style))
            end = placed.x + room
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def on_click(self, event: events.Click) -> None:
        for placed in self._columns:
            if placed.x <= event.x < placed.x + placed.width:
                self.post_message(self.Clicked(placed.column.name))
                return
