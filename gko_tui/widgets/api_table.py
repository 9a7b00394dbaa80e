"""The table of resources: a virtual table that draws only the lines on show.

Textual's DataTable measures every new cell and forgets its rows on every update; with 10,000 rows
and 500 changes a second that is seconds to open and half a core. Here rows are a list of keys over
the store, a line is built when it is painted, and about four screens of built lines are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from gko_tui.view.columns import APIS_VIEW, STRIP, Placed, needed_widths, place_columns
from gko_tui.view.lines import safe
from gko_tui.view.listing import Listing, owner
from gko_tui.view.store import RowStore
from gko_tui.view.words import Marks, age, since
from gko_tui.widgets.sheet import Sheet
from gko_tui.widgets.strips import app_of, fit
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict

RESORT_AFTER_S = 0.5
"""Rows do not move within this time after the reader moved the cursor, nor more often than this."""
FLASH_S = 1.0
_SAMPLE = 400
_CONTROL_PLANE = list(Place).index(Place.CONTROL_PLANE)

Look = tuple[bool, str, bool, bool, bool]
"""On the cursor, the age, whether the row is stale, flashing, and whether its control plane is stale."""


_TEXTS: dict[str, Callable[[Row], str]] = {
    "api": lambda row: row.key.name,
    "namespace": lambda row: row.key.namespace,
    "cluster": lambda row: row.key.cluster,
    "kind": lambda row: row.key.kind,
    "state": lambda row: row.state.word,
    "owner": owner,
    "revision": lambda row: row.git_trace.revision[:7] if row.git_trace else "",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A kept line and what it was drawn from."""

    row: Row
    look: Look
    strip: Strip


class ApiTable(Sheet, can_focus=True):
    """Rows of a `Listing` over a `RowStore`.

    Args:
        store: the rows; listing: which of them, in which order.
        marks: the character set.
        clock: seconds since the epoch, for ages.
        timer: a monotonic clock in seconds, for what waits and what flashes.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ApiTable { height: 1fr; scrollbar-size-vertical: 0; scrollbar-size-horizontal: 0; overflow-x: hidden; }
    """

    class Moved(Message):
        """The cursor stands on another resource (None: there is none)."""

        def __init__(self, key: ResourceKey | None) -> None:
            super().__init__()
            self.key = key

    class Opened(Message):
        """A resource was opened with the mouse."""

        def __init__(self, key: ResourceKey) -> None:
            super().__init__()
            self.key = key

    class Laid(Message):
        """The columns have other places."""

    def __init__(
        self,
        store: RowStore,
        listing: Listing,
        marks: Marks,
        clock: Callable[[], float],
        *,
        timer: Callable[[], float] = monotonic,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._store = store
        self.listing = listing
        self._marks = marks
        self._clock = clock
        self._timer = timer
        self.view: Sequence[str] = APIS_VIEW
        self.columns: tuple[Placed, ...] = ()
        self.cursor = 0
        self.cursor_key: ResourceKey | None = None
        self.stale: dict[str, float] = {}
        """Seconds for which clusters have been silent (control planes too, for what only they have)."""
        self.stale_planes: dict[str, float] = {}
        self.empty: tuple[str, ...] = ()
        self._needed: dict[str, int] = {}
        self._drawn: LRUCache[ResourceKey, Drawn] = LRUCache(256)
        self._flashing: dict[ResourceKey, float] = {}
        self._moved_at = self._settled_at = float("-inf")

    # --- what is shown ---------------------------------------------------------------------

    def relist(self, *, home: bool = False) -> None:
        """Choose and sort all rows anew; the cursor stays on its resource where that is still shown.

        Args:
            home: the reader asked for another order or choice: go to its first row.
        """
        self.listing.rebuild()
        if home:
            self.cursor_key = None
        self._reordered(home=home)

    def changed(
        self, keys: frozenset[ResourceKey], removed: frozenset[ResourceKey], turned: Iterable[ResourceKey]
    ) -> None:
        """Hear which rows changed; paints the lines on show, and lets rows move when it is time.

        Args:
            turned: those whose state is another one now: they are bold for a second.
        """
        repaint = self.listing.touch(keys, removed)
        if app_of(self).motion:
            until = self._timer() + FLASH_S
            first, last = self._window()
            for key in turned:
                if first <= self.listing.positions.get(key, -1) < last:
                    self._flashing[key] = until
        self._repaint(repaint)
        self.settle()

    def settle(self, *, now: bool = False) -> None:
        """Let waiting rows move, unless the reader has just moved (or `now`)."""
        if not self.listing.is_unsettled:
            return
        instant = self._timer()
        waits = instant - max(self._moved_at, self._settled_at) < RESORT_AFTER_S
        if waits and not now and self.listing.order:
            return
        self._settled_at = instant
        if self.listing.settle():
            self._reordered()

    def tick(self) -> None:
        """Called about ten times a second: ends flashes, lets rows move that waited."""
        if self._flashing:
            instant = self._timer()
            over = [key for key, until in self._flashing.items() if until <= instant]
            for key in over:
                del self._flashing[key]
            self._repaint(over)
        self.settle()

    def lay_out(self) -> None:
        """Choose the columns for the present width and texts."""
        order = self.listing.order
        step = max(1, len(order) // _SAMPLE)
        rows = self._store.rows
        self._needed = needed_widths(rows[key] for key in order[::step] if key in rows)
        placed = place_columns(self.view, self.size.width, self._needed)
        if placed != self.columns:
            self.columns = placed
            self._drawn.clear()
            self.refresh()
            self.post_message(self.Laid())

    def _reordered(self, *, home: bool = False) -> None:
        offset = self.cursor - round(self.scroll_offset.y)
        size = len(self.listing.order)
        self.set_content_size(Size(self.size.width, size))
        place = self.listing.positions.get(self.cursor_key) if self.cursor_key is not None else None
        if place is None:
            self.cursor = 0 if home else max(0, min(self.cursor, size - 1))
        else:
            self.cursor = place
        self._show_line(0 if home else max(0, self.cursor - offset), exact=True)
        self._show_cursor()
        self.lay_out()
        self.refresh()
        self._tell()

    def _tell(self) -> None:
        order = self.listing.order
        key = order[self.cursor] if order else None
        if key != self.cursor_key:
            self.cursor_key = key
        self.post_message(self.Moved(key))

    def _window(self) -> tuple[int, int]:
        first = round(self.scroll_offset.y)
        return first, first + self.size.height

    def _repaint(self, keys: Iterable[ResourceKey]) -> None:
        first, last = self._window()
        positions = self.listing.positions
        lines = sorted(y - first for key in keys if first <= (y := positions.get(key, -1)) < last)
        if lines:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in lines))

    # --- moving ----------------------------------------------------------------------------

    @property
    def page(self) -> int:
        """Lines on show."""
        return max(1, self.size.height)

    def move_to(self, index: int) -> None:
        """Put the cursor on the row at `index` (clamped)."""
        size = len(self.listing.order)
        if not size:
            return
        self._moved_at = self._timer()
        index = max(0, min(index, size - 1))
        if index == self.cursor and self.listing.order[index] == self.cursor_key:
            return
        old, self.cursor = self.cursor, index
        first, _ = self._window()
        self.refresh(*(Region(0, y - first, self.size.width, 1) for y in (old, index)))
        self._show_cursor()
        self._tell()

    def move_by(self, lines: int) -> None:
        """Move the cursor by some rows."""
        self.move_to(self.cursor + lines)

    def _show_cursor(self) -> None:
        first, last = self._window()
        if self.cursor < first:
            self._show_line(self.cursor)
        elif self.cursor >= last:
            self._show_line(self.cursor - self.page + 1)

    def _show_line(self, y: int, *, exact: bool = False) -> None:
        top = max(0, min(y, len(self.listing.order) - self.page))
        if exact and top == round(self.scroll_offset.y):
            return
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    # --- events ----------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.relist()

    def on_resize(self) -> None:
        self.set_content_size(Size(self.size.width, len(self.listing.order)))
        self._drawn.maxsize = max(64, 4 * self.page)
        self.lay_out()
        self._show_cursor()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()

    def on_click(self, event: events.Click) -> None:
        y = event.y + round(self.scroll_offset.y)
        if y < len(self.listing.order):
            self.move_to(y)
            if event.chain == 2 and self.cursor_key is not None:
                self.post_message(self.Opened(self.cursor_key))

    # --- drawing ---------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        index = y + round(self.scroll_offset.y)
        order = self.listing.order
        if index >= len(order):
            return self._beyond(y if not order else -1)
        key = order[index]
        row = self._store.rows.get(key)
        if row is None:  # taken away; the line closes when rows may move
            return Strip.blank(self.size.width, self.rich_style)
        now = self._clock()
        look = self._look(index, key, row, now)
        kept = self._drawn.get(key)
        if kept is not None and kept.row is row and kept.look == look:
            return kept.strip
        strip = self._draw(row, look)
        self._drawn.set(key, Drawn(row, look, strip))
        return strip

    def _look(self, index: int, key: ResourceKey, row: Row, now: float) -> Look:
        """What a line depends on besides its row: cursor, age, stale, flashing."""
        stale = self.stale.get(key.cluster)
        trace = row.control_plane_trace
        if stale is None and trace is not None and trace.control_plane == key.cluster:
            stale = self.stale_planes.get(key.cluster)  # only the control plane has it
        plane_stale = trace is not None and trace.control_plane in self.stale_planes
        aged = age(stale) if stale is not None else since(row.state_cell.since, now)
        return (index == self.cursor, aged, stale is not None, key in self._flashing, plane_stale)

    def repaint_aged(self) -> None:
        """Paint the lines on show whose age reads differently now."""
        now = self._clock()
        first, last = self._window()
        lines = []
        for index in range(first, min(last, len(self.listing.order))):
            key = self.listing.order[index]
            kept, row = self._drawn.get(key), self._store.rows.get(key)
            if kept is not None and row is not None and kept.look != self._look(index, key, row, now):
                lines.append(Region(0, index - first, self.size.width, 1))
        if lines:
            self.refresh(*lines)

    def _draw(self, row: Row, look: Look) -> Strip:
        on_cursor, aged, stale, flashing, plane_stale = look
        palette, base, marks = app_of(self).palette, self.rich_style, self._marks
        suffix = (" bold" if flashing else "") + (" on-cursor" if on_cursor else "")
        text_style = base + palette[("stale italic" if stale else "text") + suffix]
        blank = base + palette["text" + suffix]
        segments = [Segment("> " if on_cursor else "  ", base + palette["key bold" + suffix])]
        end = 2
        for placed in self.columns:
            if placed.x > end:
                segments.append(Segment(" " * (placed.x - end), blank))
            name, width = placed.column.name, placed.width
            if name == "hops":
                segments.extend(self._hops(row, stale=(stale, plane_stale), suffix=suffix, width=width))
            else:
                style = text_style
                if name == "state" and not stale:
                    style = base + palette[f"verdict:{row.state.name}{suffix}"]
                elif name in ("revision", "age", "owner", "kind") and not stale:
                    style = base + palette["quiet" + suffix]
                text = self._text(row, name, aged, stale=stale)
                segments.append(Segment(fit(text, width, marks.cut, right=placed.column.right), style))
            end = placed.x + width
        return Strip(segments, end).adjust_cell_length(self.size.width, blank)

    def _hops(self, row: Row, *, stale: tuple[bool, bool], suffix: str, width: int) -> list[Segment]:
        """The strip G K C W: cells right of the first break are dimmed, never hidden.

        Args:
            stale: whether the whole row is, and whether what its control plane says is.
        """
        palette, base = app_of(self).palette, self.rich_style
        segments = []
        for place, cell in enumerate(row.cells):
            if cell.verdict is None:
                style = "quiet dim"
            elif stale[0] or (stale[1] and place == _CONTROL_PLANE):
                style = "stale"
            else:
                style = f"verdict:{cell.verdict.name}" + (" dim" if place > row.break_at else "")
            segments.append(Segment(self._marks.verdict(cell.verdict), base + palette[style + suffix]))
            segments.append(Segment(" ", base + palette["text" + suffix]))
        if width > STRIP:
            count = fit(row.gateway_count, width - STRIP, self._marks.cut)
            style = "quiet" if row.gateway.verdict is Verdict.SYNCED or stale[0] else "text"
            segments.append(Segment(count, base + palette[style + suffix]))
        return segments

    def _text(self, row: Row, name: str, aged: str, *, stale: bool) -> str:
        if name == "age":
            return f"{self._marks.warn}{aged}"[:4] if stale else aged
        return safe(_TEXTS[name](row))

    def _beyond(self, y: int) -> Strip:
        """Below the last row: nothing, or why there are no rows."""
        base = self.rich_style
        if 1 <= y <= len(self.empty):
            style = base + app_of(self).palette["title" if y == 1 else "quiet"]
            return Strip(
                [Segment(f"  {fit(self.empty[y - 1], self.size.width - 2, self._marks.cut)}", style)]
            )
        return Strip.blank(self.size.width, base)
