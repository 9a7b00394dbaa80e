"""One resource: its places, what differs on each hop, its documents, what happened. Live like the table."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.timer import Timer

from gko_tui.actions import BY_ID, DETAIL, DIFF, TEXT, bindings_for
from gko_tui.copying import copy_menu
from gko_tui.screens.ignoring import Ignoring
from gko_tui.screens.previewing import context_of
from gko_tui.screens.told import Told
from gko_tui.view.document_lines import document_lines
from gko_tui.view.hop_lines import hop_lines, only_beyond
from gko_tui.view.lines import Line, Span, joined, safe, wrapped
from gko_tui.view.plan_asked import ask_one
from gko_tui.view.store import ChangeSet
from gko_tui.view.tabs import DIFF_TAB, HOPS_TAB, TAB_ACTIONS, TAB_NAMES, TRACE_TAB, YAML_TAB
from gko_tui.view.trace_lines import trace_lines
from gko_tui.widgets.bars import TabBar
from gko_tui.widgets.hop_bar import HopBar
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState
from reconciler.model.trace import Station
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from textual.binding import BindingType

    from reconciler.model.rows import Row

_AGAIN_AFTER_S = 0.3
_SAY_READING_S = 0.2
_LOOK_AGAIN_S = 5
"""Beyond the cluster a value may change without the row changing: what is on show is asked for so often."""


class DetailScreen(Ignoring):
    """The tabs Hops, Diff, YAML and Trace of one resource.

    Args:
        key: the resource; tab: which tab to open on.
    """

    CONTEXTS: ClassVar[tuple[str, ...]] = (DETAIL, DIFF, TEXT)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(DETAIL, DIFF, TEXT)]

    def __init__(self, key: ResourceKey, *, tab: int = HOPS_TAB) -> None:
        super().__init__()
        self.key = key
        self.tab = tab
        self.told_once = asyncio.Event()
        """Set when the first answer of the engine is on show."""
        self._later: Timer | None = None
        self._news: tuple[object, ...] = ()
        self._seconds = 0
        self._filled_width = 0

    def compose_top(self) -> ComposeResult:
        """The name of the resource and the tabs."""
        yield TabBar(self.gko.marks, self._title, [BY_ID[tab] for tab in TAB_ACTIONS])
        bar = HopBar(self.gko.marks, lambda: self.row)
        bar.display = self.tab == DIFF_TAB  # turned later, it would have the whole screen laid out anew
        yield bar

    def on_mount(self) -> None:
        self.told = Told(self.gko.bridge, self.key)
        self._news = _news(self.row)
        self._turn_to(self.tab, opening=True)

    def looked_at(self) -> ResourceKey | None:
        return self.key

    # --- what it says ----------------------------------------------------------------------

    @property
    def row(self) -> Row | None:
        """The newest row; None when the resource has gone everywhere."""
        return self.gko.bridge.store.rows.get(self.key)

    def title_spans(self) -> tuple[Span, ...]:
        key = self.key
        where = (
            f"{safe(key.namespace)} {self._dot()} {safe(key.cluster)}" if key.namespace else safe(key.cluster)
        )
        return (
            (safe(key.name), "title bold"),
            (f"  {where}", "text"),
            (f"  {safe(key.kind)}", "quiet"),
        )

    def _dot(self) -> str:
        return "on" if self.gko.marks.ascii_only else "·"

    def _title(self) -> Line:
        row = self.row
        if row is None:
            return (("gone ", "state-error bold"),)
        spans: list[Span] = []
        for place, cell in zip(Place, row.cells, strict=True):
            style = f"verdict:{cell.verdict.name}" if cell.verdict else "quiet dim"
            spans.append((f"{place.letter}", "quiet"))
            spans.append((f"{self.gko.marks.verdict(cell.verdict)} ", style))
        if row.gateway_count:
            spans.append((f"{row.gateway_count} ", "quiet"))
        spans.append((f" {row.state.word} ", f"verdict:{row.state.name}"))
        return tuple(spans)

    def crumbs(self) -> tuple[Span, ...]:
        how = f"   {self.how()}" if self.tab == DIFF_TAB else ""
        return (
            (" apis", "quiet"),
            (f" {self.gko.marks.crumb} {safe(self.key.name)}", "quiet"),
            (f" {self.gko.marks.crumb} ", "quiet"),
            (TAB_NAMES[self.tab], "title"),
            (f"   {self.position()}{how}", "quiet"),
        )

    def concerns(self, state: PlaceState) -> bool:
        row = self.row
        if row is None:
            return False
        if state.place is Place.GIT:
            return row.git_trace is not None and row.git_trace.source == state.name
        if state.place is Place.CLUSTER:
            return state.name == self.key.cluster
        if state.place is Place.CONTROL_PLANE:
            trace = row.control_plane_trace
            return trace is not None and trace.control_plane == state.name
        return state.name in {pod.name.partition("/")[0] for pod in self._pods()}

    def unavailable(self, action_id: str) -> str | None:
        if action_id in ("text.next", "text.previous") and not self.pane.has_stops:
            return "there is no change and no hit to go to"
        return super().unavailable(action_id)

    # --- tabs ------------------------------------------------------------------------------

    def _turn_to(self, tab: int, *, opening: bool = False) -> None:
        self.tab = tab
        bar = self.query_one(TabBar)
        bar.current = tab
        bar.note = ""
        bar_of_hops = self.query_one(HopBar)
        if bar_of_hops.display is not (tab == DIFF_TAB):
            bar_of_hops.display = tab == DIFF_TAB
        self.pane.search("")
        self.gko.bridge.epoch += 1
        if opening and tab != HOPS_TAB and self.row is not None:
            self.set_timer(_SAY_READING_S, partial(self._say_reading, self.gko.bridge.epoch))
        else:
            self.pane.show(self._at_once())
        self.redraw_edges()
        self.fill()

    def _say_reading(self, epoch: int) -> None:
        """An answer that comes at once is painted at once, without a word before it."""
        if epoch == self.gko.bridge.epoch and not self.pane.lines:
            self.pane.show(self._at_once())

    def turn_to(self, tab: int) -> None:
        """Show another tab."""
        if tab != self.tab:
            self._turn_to(tab)

    def do_tab_1(self) -> None:
        """The places."""
        self.turn_to(HOPS_TAB)

    def do_tab_2(self) -> None:
        """The diff; of the next hop if one is shown already."""
        if self.tab == DIFF_TAB:
            self.do_next_hop()
        else:
            self.turn_to(DIFF_TAB)

    def do_tab_3(self) -> None:
        """The documents."""
        self.turn_to(YAML_TAB)

    def do_tab_4(self) -> None:
        """The way and what happened."""
        self.turn_to(TRACE_TAB)

    def do_next_tab(self) -> None:
        """The next tab."""
        self.turn_to((self.tab + 1) % len(TAB_ACTIONS))

    def do_previous_tab(self) -> None:
        """The tab before."""
        self.turn_to((self.tab - 1) % len(TAB_ACTIONS))

    # --- content ---------------------------------------------------------------------------

    def _at_once(self) -> list[Line]:
        """What can be shown without asking the engine."""
        row = self.row
        if row is None:
            return [(("No place has this resource any longer.", "title"),)]
        if self.tab == HOPS_TAB:
            return hop_lines(row, context_of(self.gko, row, self.text_width, pods=self._pods()))
        return [(("reading" + self.gko.marks.cut, "quiet"),)]

    def _pods(self) -> tuple[Station, ...]:
        """The gateways' pods, as far as they are known yet."""
        trace = self.told.trace_so_far
        stations = trace.stations if trace is not None else ()
        return tuple(station for station in stations if station.place is Place.GATEWAY)

    def fill(self, *, again: bool = False) -> None:
        self._filled_width = self.text_width
        self._ask_and_show(again)

    @work(exclusive=True, group="detail", exit_on_error=False)
    async def _ask_and_show(self, again: bool) -> None:
        """Ask for what the tab shows; an answer that comes after a turn of tabs or hops is dropped."""
        epoch = self.gko.bridge.epoch
        ask = (self._hops, self._diff, self._yaml, self._trace)[self.tab]
        if self.row is None:
            self.pane.show(self._at_once(), keep_place=True)
            return
        try:
            lines, stops = await ask()
        except GkoError as error:
            lines, stops = wrapped(error.sentence(), "state-error", self.text_width), ()
        if epoch == self.gko.bridge.epoch and self.is_mounted:
            self.pane.show(lines, stops, keep_place=again or self.tab == HOPS_TAB)
            self.redraw_edges()
        self.told_once.set()

    async def _hops(self) -> tuple[list[Line], tuple[int, ...]]:
        """What the row says at once; the pods of the gateways when they are told."""
        row = self.row
        if row is not None and row.gateway.verdict is not None:
            self.pane.show(self._at_once(), keep_place=True)
            await self.told.trace()
        return self._at_once(), ()

    async def _trace(self) -> tuple[list[Line], tuple[int, ...]]:
        trace = await self.told.trace()
        text = trace_lines(trace, now=self.gko.clock(), width=self.text_width, marks=self.gko.marks)
        return list(text.lines), text.stops

    async def _yaml(self) -> tuple[list[Line], tuple[int, ...]]:
        row = self.row
        assert row is not None, "a resource that has gone is not asked for"
        places = [Place.CONTROL_PLANE, Place.GATEWAY] if only_beyond(row) else list(Place)
        places = [place for place in places if place in (Place.GIT, Place.CLUSTER) or row.cell(place).verdict]
        texts = await asyncio.gather(*map(self.told.document, places))
        return document_lines(row, list(zip(places, texts, strict=True)), self.gko.marks)

    # --- live ------------------------------------------------------------------------------

    def rows_changed(self, changes: ChangeSet) -> None:
        if self.key not in changes.changed and self.key not in changes.removed:
            return
        self.redraw_edges()
        news, self._news = self._news, _news(self.row)
        if news != self._news:  # more than "seen again"
            self.told.outdated()
            self._again_later()

    def places_changed(self) -> None:
        super().places_changed()
        if self.tab == HOPS_TAB:
            self._again_later()

    def second(self) -> None:
        super().second()
        if self.tab == HOPS_TAB and self.row is not None and not self.pane.query_text:
            self.pane.show(self._at_once(), keep_place=True)
        self._seconds += 1
        if self._seconds % _LOOK_AGAIN_S == 0 and self.tab == DIFF_TAB and self.hop is not Place.CLUSTER:
            self.told.outdated()
            self.fill(again=True)

    def _again_later(self) -> None:
        """Ask again soon; a burst of changes asks once."""
        if self._later is None:
            self._later = self.set_timer(_AGAIN_AFTER_S, self._again)

    def _again(self) -> None:
        self._later = None
        self.fill(again=True)

    def refresh_content(self) -> None:
        """Ask the engine again."""
        self.told.outdated()
        self.fill(again=True)

    def on_resize(self) -> None:
        if self.is_mounted and self.row is not None and self.text_width != self._filled_width:
            self.fill()

    def do_reconcile(self) -> None:
        """Make the plan for this resource."""
        self.gko.desk.open(ask_one(self.key))

    # --- copying ---------------------------------------------------------------------------

    def do_copy(self) -> None:
        """Copy the name."""
        self.gko.copy(self.key.name, "the name")

    def do_copy_menu(self) -> None:
        """Ask what to copy."""
        line = {
            DIFF_TAB: f"diff --hop {self.hop.value}" + (f" --gateway {self.gateway}" if self.gateway else ""),
            YAML_TAB: "get -o yaml",
            TRACE_TAB: "trace",
        }.get(self.tab, "get")
        copy_menu(
            self.gko, self.key, text=joined(self.pane.lines), text_name=TAB_NAMES[self.tab], command=line
        )


def _news(row: Row | None) -> tuple[object, ...]:
    """What of a row is worth asking again for; that it was seen once more is not."""
    if row is None:
        return ()
    cells = tuple((cell.verdict, cell.causes, cell.change_count) for cell in row.cells)
    return (cells, row.git_trace, row.cluster_trace, row.control_plane_trace, row.gateway_count)
