"""A screen that shows one text: searching, scrolling, and its title."""

from __future__ import annotations

from datetime import datetime

from textual.app import ComposeResult

from gko_tui.screens.base import GkoScreen
from gko_tui.view.lines import Line, Span
from gko_tui.widgets.bars import badge
from gko_tui.widgets.prompt import Asking
from gko_tui.widgets.strips import Bar, app_of, between
from gko_tui.widgets.text_pane import TextPane


class TitleBar(Bar):
    """The program, what is open, and the time."""

    def __init__(self) -> None:
        super().__init__(id="header", classes="title-bar")

    def line(self, width: int) -> Line:
        app = app_of(self)
        screen = self.screen
        spans = screen.title_spans() if isinstance(screen, ReadingScreen) else ()
        time = datetime.fromtimestamp(app.clock()).astimezone().strftime("%H:%M:%S")
        mode = badge(self, app.clock())
        return between(((" gko  ", "key bold"), *spans, mode), ((f" {time} ", "quiet"),), width)


class ReadingScreen(GkoScreen):
    """One `TextPane` with a title."""

    def title_spans(self) -> tuple[Span, ...]:
        """What is open."""
        return ()

    def compose_top(self) -> ComposeResult:
        """What stands between the title and the text."""
        yield from ()

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield from self.compose_top()
        yield TextPane(id="text")
        yield from self.compose_edges()

    @property
    def pane(self) -> TextPane:
        """The text."""
        return self.query_one("#text", TextPane)

    @property
    def text_width(self) -> int:
        """Cells for a line of the text."""
        return max(20, self.size.width - 3)

    def position(self) -> str:
        """Where the reader is: hit 2 of 7, or line 10 of 120."""
        pane = self.pane
        if pane.query_text:
            return (
                f"/{pane.query_text}  {pane.at_hit}/{pane.hits}"
                if pane.hits
                else f"/{pane.query_text}  no hit"
            )
        total = len(pane.lines)
        last = min(total, round(pane.scroll_offset.y) + pane.size.height)
        return f"line {last}/{total}" if total > pane.size.height else ""

    def focus_main(self) -> None:
        self.set_focus(self.pane)

    def on_text_pane_searched(self) -> None:
        self.redraw_edges()

    def on_text_pane_scrolled(self) -> None:
        self.redraw_edges()

    # --- searching -------------------------------------------------------------------------

    def do_search(self) -> None:
        """Ask what to search."""
        self.open_prompt(Asking.SEARCH, "")

    def typed(self, asking: Asking, text: str) -> None:
        if asking is Asking.SEARCH:
            self.pane.search(text)
            self.prompt.note(f"{self.pane.at_hit}/{self.pane.hits}" if text else "")

    def cancelled(self, asking: Asking) -> None:
        if asking is Asking.SEARCH:
            self.pane.search("")

    def back(self) -> bool:
        if super().back():
            return True
        if self.pane.query_text:
            self.pane.search("")
            return True
        return False

    def do_next(self) -> None:
        """The next hit or change."""
        self.pane.next_stop()

    def do_previous(self) -> None:
        """The hit or change before."""
        self.pane.previous_stop()

    # --- scrolling -------------------------------------------------------------------------

    def do_down(self) -> None:
        """One line down."""
        self.pane.scroll_by(1)

    def do_up(self) -> None:
        """One line up."""
        self.pane.scroll_by(-1)

    def do_left(self) -> None:
        """To the left."""
        self.pane.scroll_sideways(-1)

    def do_right(self) -> None:
        """To the right."""
        self.pane.scroll_sideways(1)

    def do_top(self) -> None:
        """The first line."""
        self.pane.scroll_by(-len(self.pane.lines))

    def do_bottom(self) -> None:
        """The last line."""
        self.pane.scroll_by(len(self.pane.lines))

    def do_page_down(self) -> None:
        """One page down."""
        self.pane.scroll_by(self.pane.size.height - 1)

    def do_page_up(self) -> None:
        """One page up."""
        self.pane.scroll_by(1 - self.pane.size.height)

    def do_half_down(self) -> None:
        """Half a page down."""
        self.pane.scroll_by(self.pane.size.height // 2)

    def do_half_up(self) -> None:
        """Half a page up."""
        self.pane.scroll_by(-(self.pane.size.height // 2))
