"""A pane of styled lines that scrolls, is searched and selected; only the lines on show are built."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from gko_tui.view.lines import Line, text_of
from gko_tui.widgets.sheet import Sheet
from gko_tui.widgets.strips import app_of, strip_of

_SIDE_STEP = 8


class TextPane(Sheet, can_focus=True):
    """Lines of text.

    Its `stops` are line numbers that `next_stop` and `previous_stop` visit: the hits of a search
    while there is one, else those that came with the text.
    """

    ALLOW_SELECT = True
    DEFAULT_CSS = """
    TextPane { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-y: auto; }
    """

    class Searched(Message):
        """A search, or a step to a hit or a stop, was done."""

    class Scrolled(Message):
        """Other lines are on show."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: Sequence[Line] = ()
        self.query_text = ""
        self._stops: tuple[int, ...] = ()
        self._hits: list[int] = []
        self._at = -1
        self._strips: LRUCache[int, Strip] = LRUCache(256)

    def show(self, lines: Sequence[Line], stops: Sequence[int] = (), *, keep_place: bool = False) -> None:
        """Show other lines.

        Args:
            stops: where `next_stop` goes while nothing is searched.
            keep_place: the text is a newer form of the same one: stay at the same line.
        """
        if keep_place and lines == self.lines:
            self._stops = tuple(stops)
            return
        self.lines = lines
        self._stops = tuple(stops)
        self._strips.clear()
        widest = max((cell_len(text_of(line)) for line in lines), default=0)
        self.set_content_size(Size(max(widest, self.size.width), len(lines)))
        if not keep_place:
            self._at = -1
            self.scroll_to(0, 0, animate=False, force=True, immediate=True)
        if self.query_text:
            self._find()
        self.refresh()

    @property
    def has_stops(self) -> bool:
        """Whether there is a hit or a stop to go to."""
        return bool(self._places())

    @property
    def hits(self) -> int:
        """How many lines the search found."""
        return len(self._hits)

    @property
    def at_hit(self) -> int:
        """The number of the present hit, from 1; 0 if none."""
        return self._hits.index(self._at) + 1 if self._at in self._hits else 0

    @property
    def at_stop(self) -> int:
        """The number of the stop that was gone to last, else of the first one on show, from 0."""
        here = self._at if self._at in self._stops else round(self.scroll_offset.y)
        return bisect_left(self._stops, here)

    # --- search and stops ------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Mark every line that holds `text`, in any case, and go to the first one from here on."""
        self.query_text = text
        self._strips.clear()
        self._find()
        self._at = -1
        if text:
            self.next_stop(include_here=True)
        else:
            self.post_message(self.Searched())
        self.refresh()

    def next_stop(self, *, include_here: bool = False) -> bool:
        """Go to the next stop; from the last one to the first; whether there is any."""
        here = self._here()
        places = self._places()
        index = bisect_left(places, here) if include_here else bisect_right(places, here)
        return self._go(places, index if index < len(places) else 0)

    def previous_stop(self) -> bool:
        """Go to the stop before; from the first one to the last; whether there is any."""
        places = self._places()
        return self._go(places, bisect_left(places, self._here()) - 1)

    def _places(self) -> Sequence[int]:
        return self._hits if self.query_text else self._stops

    def _here(self) -> int:
        return self._at if self._at >= 0 else round(self.scroll_offset.y) - (0 if self.query_text else 1)

    def _go(self, places: Sequence[int], index: int) -> bool:
        if not places:
            self.post_message(self.Searched())
            return False
        self._at = places[index]
        self._strips.clear()
        top = max(0, self._at - self.size.height // 4)
        self.scroll_to(y=min(top, self.max_scroll_y), animate=False, force=True, immediate=True)
        self.refresh()
        self.post_message(self.Searched())
        return True

    def _find(self) -> None:
        wanted = self.query_text.lower()
        self._hits = (
            [number for number, line in enumerate(self.lines) if wanted in text_of(line).lower()]
            if wanted
            else []
        )

    # --- moving ----------------------------------------------------------------------------

    def scroll_by(self, lines: int) -> None:
        """Scroll by some lines."""
        self._at = -1
        target = max(0, min(round(self.scroll_offset.y) + lines, self.max_scroll_y))
        self.scroll_to(y=target, animate=False, force=True, immediate=True)

    def scroll_sideways(self, steps: int) -> None:
        """Scroll to the side."""
        target = max(0, min(round(self.scroll_offset.x) + steps * _SIDE_STEP, self.max_scroll_x))
        self.scroll_to(x=target, animate=False, force=True, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())

    # --- drawing ---------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._strips.maxsize = max(64, 4 * self.size.height)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = map(round, self.scroll_offset)
        number, width, base = y + scroll_y, self.size.width, self.rich_style
        if number >= len(self.lines):
            return Strip.blank(width, base)
        selection = self.text_selection
        strip = self._strips.get(number) if selection is None else None
        if strip is None:
            strip = self._build(number, selection)
            if selection is None:
                self._strips.set(number, strip)
        return strip.crop_extend(scroll_x, scroll_x + width, base).apply_offsets(scroll_x, number)

    def _build(self, number: int, selection: Selection | None) -> Strip:
        line = self.lines[number]
        palette, base = app_of(self).palette, self.rich_style
        strip = strip_of(line, palette, base)
        if self.query_text:
            strip = self._marked(strip, text_of(line), current=number == self._at)
        elif number == self._at and strip.cell_length:
            strip = strip.apply_style(palette["text on-cursor"])
        span = selection.get_span(number) if selection is not None else None
        if span is not None:
            start, end = span
            text = text_of(line)
            first = cell_len(text[:start])
            last = strip.cell_length if end == -1 else cell_len(text[:end])
            style = self.screen.get_component_rich_style("screen--selection")
            strip = _styled(strip, first, last, style)
        return strip

    def _marked(self, strip: Strip, text: str, *, current: bool) -> Strip:
        """Every hit on a line, on the colour of matches; those of the present line are underlined too."""
        style = app_of(self).palette["text bold underline on-match" if current else "text on-match"]
        lowered, wanted = text.lower(), self.query_text.lower()
        start = lowered.find(wanted)
        while start >= 0:
            first = cell_len(text[:start])
            last = first + cell_len(text[start : start + len(wanted)])
            strip = _styled(strip, first, last, style)
            start = lowered.find(wanted, start + max(1, len(wanted)))
        return strip

    # --- selection -------------------------------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract("\n".join(map(text_of, self.lines))), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 (Textual's signature)
        self._strips.clear()
        self.refresh()


def _styled(strip: Strip, first: int, last: int, style: object) -> Strip:
    """A strip with one more style on the cells from `first` up to `last`."""
    if last <= first:
        return strip
    before, middle, after = (
        strip.crop(0, first),
        strip.crop(first, last),
        strip.crop(last, strip.cell_length),
    )
    painted = Strip([Segment(s.text, (s.style + style) if s.style else style) for s in middle])  # type: ignore[operator,arg-type]
    return Strip.join([before, painted, after])
