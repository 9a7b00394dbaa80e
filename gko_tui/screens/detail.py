"""One resource: its places, what differs on the hop, its documents. Live like the table."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from operator import methodcaller
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.timer import Timer

from gko_tui.actions import BY_ID, DETAIL, DIFF, TEXT, bindings_for
from gko_tui.screens.previewing import context_of
from gko_tui.screens.reading import ReadingScreen
from gko_tui.view.diff_lines import SPLIT_FROM, DiffOptions, DiffText, Mode, build
from gko_tui.view.hop_lines import hop_lines
from gko_tui.view.lines import EMPTY, Line, Span, joined, safe, wrapped
from gko_tui.view.store import ChangeSet
from gko_tui.widgets.bars import TabBar
from reconciler.model.changes import HopDiff
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from textual.binding import BindingType

    from reconciler.model.rows import Row

HOPS_TAB, DIFF_TAB, YAML_TAB = range(3)
_TABS = ("detail.tab_1", "detail.tab_2", "detail.tab_3")
_NAMES = ("hops", "diff", "yaml")
_MODES = (Mode.SPLIT, Mode.UNIFIED, Mode.SEMANTIC)
_AGAIN_AFTER_S = 0.3
_MOST_CONTEXT = 50


@dataclass(slots=True)
class Told:
    """What the engine last answered for this resource."""

    diff: HopDiff | None = None
    documents: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[tuple[object, ...], DiffText] = field(default_factory=dict)


class DetailScreen(ReadingScreen):
    """The tabs Hops, Diff and YAML of one resource.

    Args:
        key: the resource; tab: which tab to open on.
    """

    CONTEXTS: ClassVar[tuple[str, ...]] = (DETAIL, DIFF, TEXT)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(DETAIL, DIFF, TEXT)]

    def __init__(self, key: ResourceKey, *, tab: int = HOPS_TAB) -> None:
        super().__init__()
        self.key = key
        self._tab = tab
        self._mode: Mode | None = None
        self._around = 3
        self._ignored = False
        self._told = Told()
        self._later: Timer | None = None

    def compose_top(self) -> ComposeResult:
        """The name of the resource and the tabs."""
        yield TabBar(self.gko.marks, self._title, [BY_ID[tab] for tab in _TABS])

    def on_mount(self) -> None:
        self._turn_to(self._tab)

    # --- what it says ----------------------------------------------------------------------

    @property
    def row(self) -> Row | None:
        """The newest row; None when the resource has gone everywhere."""
        return self.gko.bridge.store.rows.get(self.key)

    def title_spans(self) -> tuple[Span, ...]:
        key = self.key
        return (
            (safe(key.name), "title bold"),
            (f"  {safe(key.namespace)} · {safe(key.cluster)}".replace("·", self._dot()), "text"),
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
        spans.append((f" {row.state.word} ", f"verdict:{row.state.name}"))
        return tuple(spans)

    def crumbs(self) -> tuple[Span, ...]:
        how = f"   {self._shown_mode.value}, context {self._around}" if self._tab == DIFF_TAB else ""
        return (
            (" apis", "quiet"),
            (f" {self.gko.marks.crumb} {safe(self.key.name)}", "quiet"),
            (f" {self.gko.marks.crumb} ", "quiet"),
            (_NAMES[self._tab], "title"),
            (f"   {self.position()}{how}", "quiet"),
        )

    @property
    def _shown_mode(self) -> Mode:
        """The mode that was chosen, else the one that fits the width."""
        return self._mode or (Mode.SPLIT if self.size.width >= SPLIT_FROM else Mode.UNIFIED)

    def concerns_cluster(self, name: str) -> bool:
        return name == self.key.cluster

    def concerns_source(self, name: str) -> bool:
        row = self.row
        return row is not None and row.git_trace is not None and row.git_trace.source == name

    def unavailable(self, action_id: str) -> str | None:
        if action_id.startswith("diff.") and self._tab != DIFF_TAB:
            return "only on the diff: press 2"
        if action_id in ("text.next", "text.previous") and not self.pane.has_stops:
            return "there is no change and no hit to go to"
        if action_id == "diff.less" and self._around == 0:
            return "no unchanged line is shown any more"
        return None

    # --- tabs ------------------------------------------------------------------------------

    def _turn_to(self, tab: int) -> None:
        self._tab = tab
        bar = self.query_one(TabBar)
        bar.current = tab
        bar.note = ""
        self.pane.search("")
        self.gko.bridge.epoch += 1
        self.pane.show(self._at_once())
        self.redraw_edges()
        self._fill()

    def turn_to(self, tab: int) -> None:
        """Show another tab."""
        if tab != self._tab:
            self._turn_to(tab)

    def do_tab_1(self) -> None:
        """The places."""
        self.turn_to(HOPS_TAB)

    def do_tab_2(self) -> None:
        """The diff."""
        self.turn_to(DIFF_TAB)

    def do_tab_3(self) -> None:
        """The documents."""
        self.turn_to(YAML_TAB)

    def do_next_tab(self) -> None:
        """The next tab."""
        self.turn_to((self._tab + 1) % len(_TABS))

    def do_previous_tab(self) -> None:
        """The tab before."""
        self.turn_to((self._tab - 1) % len(_TABS))

    # --- content ---------------------------------------------------------------------------

    @property
    def _width(self) -> int:
        return max(20, self.size.width - 3)

    def _at_once(self) -> list[Line]:
        """What can be shown without asking the engine."""
        row = self.row
        if row is None:
            return [(("This resource is no longer in Git nor on the cluster.", "title"),)]
        if self._tab == HOPS_TAB:
            return hop_lines(row, context_of(self.gko, row, self._width))
        return [(("reading" + self.gko.marks.cut, "quiet"),)]

    @work(exclusive=True, group="detail", exit_on_error=False)
    async def _fill(self, *, again: bool = False) -> None:
        """Ask for what the tab shows; an answer that comes after a turn of tabs is dropped."""
        epoch, tab = self.gko.bridge.epoch, self._tab
        if self.row is None or tab == HOPS_TAB:
            self.pane.show(self._at_once(), keep_place=True)
            return
        try:
            lines, stops = await (self._diff(again) if tab == DIFF_TAB else self._yaml(again))
        except GkoError as error:
            lines, stops = wrapped(error.sentence(), "state-error", self._width), ()
        if (epoch, tab) == (self.gko.bridge.epoch, self._tab) and self.is_mounted:
            self.pane.show(lines, stops, keep_place=again)
            self.redraw_edges()

    async def _diff(self, again: bool) -> tuple[list[Line], tuple[int, ...]]:
        told = self._told
        if told.diff is None or again:
            diff = await self.gko.bridge.ask(lambda engine: engine.diff(self.key))
            if diff != told.diff:
                told.texts.clear()
            told.diff = diff
        mode = self._shown_mode
        wanted = (mode, self._around, self._ignored, self._width)
        text = told.texts.get(wanted)
        if text is None:
            options = DiffOptions(
                self._width, self.gko.marks, self.gko.clock(), mode, self._around, self._ignored
            )
            text = await asyncio.to_thread(build, told.diff, options)
            told.texts[wanted] = text
        return list(text.lines), text.stops

    async def _yaml(self, again: bool) -> tuple[list[Line], tuple[int, ...]]:
        told, row = self._told, self.row
        if not told.documents or again:
            told.documents = {
                place: await self.gko.bridge.ask(methodcaller("document", self.key, place))
                for place in (Place.GIT, Place.CLUSTER)
            }
        lines: list[Line] = []
        stops: list[int] = []
        rule = self.gko.marks.rule
        for place, text in told.documents.items():
            where = "Git"
            if place is Place.CLUSTER:
                where = f"Cluster {safe(self.key.cluster)}"
            elif row is not None and row.git_trace is not None:
                where = f"Git  {safe(row.git_trace.path)}:{row.git_trace.line}"
            stops.append(len(lines))
            lines.append(((f"{rule * 2} {where} ", "title bold"), (rule * 20, "line")))
            lines.extend(((line, "text"),) for line in text)
            if not text:
                lines.append((("  not there", "quiet"),))
            lines.append(EMPTY)
        return lines, tuple(stops)

    # --- live ------------------------------------------------------------------------------

    def rows_changed(self, changes: ChangeSet) -> None:
        if self.key in changes.changed or self.key in changes.removed:
            self.redraw_edges()
            self._again_later()

    def places_changed(self) -> None:
        super().places_changed()
        if self._tab == HOPS_TAB:
            self._again_later()

    def second(self) -> None:
        super().second()
        if self._tab == HOPS_TAB and self.row is not None and not self.pane.query_text:
            self.pane.show(self._at_once(), keep_place=True)

    def _again_later(self) -> None:
        """Ask again soon; a burst of changes asks once."""
        if self._later is None:
            self._later = self.set_timer(_AGAIN_AFTER_S, self._again)

    def _again(self) -> None:
        self._later = None
        self._fill(again=True)

    def refresh_content(self) -> None:
        """Ask the engine again."""
        self._told = Told()
        self._fill(again=True)

    def on_resize(self) -> None:
        if self.is_mounted and self.row is not None:
            self._fill()

    # --- the diff --------------------------------------------------------------------------

    def do_mode(self) -> None:
        """Side by side, unified, only the fields; and round again."""
        self._mode = _MODES[(_MODES.index(self._shown_mode) + 1) % len(_MODES)]
        self._fill()

    def do_ignored(self) -> None:
        """Show or hide what was not compared."""
        self._ignored = not self._ignored
        self._fill()

    def do_less(self) -> None:
        """Fewer unchanged lines."""
        self._around = max(0, self._around - (1 if self._around <= 5 else 5))
        self._fill()

    def do_more(self) -> None:
        """More unchanged lines."""
        self._around = min(_MOST_CONTEXT, self._around + (1 if self._around < 5 else 5))
        self._fill()

    # --- copying ---------------------------------------------------------------------------

    def do_copy(self) -> None:
        """Copy the name."""
        self.gko.copy(self.key.name, "the name")

    def do_copy_menu(self) -> None:
        """Ask what to copy."""
        self.gko.copy_menu(self.key, text=joined(self.pane.lines), text_name=_NAMES[self._tab])
