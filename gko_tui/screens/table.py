"""The table of all APIs of all clusters: the screen the program opens on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from gko_tui.actions import TABLE, bindings_for
from gko_tui.copying import copy_menu
from gko_tui.screens.previewing import Preview
from gko_tui.screens.table_moves import TableMoves
from gko_tui.screens.table_order import COLUMN_ALIASES, TableOrder
from gko_tui.screens.table_plans import TablePlans
from gko_tui.screens.table_words import count_summary, empty_words, scope_lines, table_crumbs
from gko_tui.view.columns import APIS_VIEW, COLUMNS, RESOURCES_VIEW
from gko_tui.view.filtering import NO_FILTER, parse_filter
from gko_tui.view.hop_names import worth_a_diff
from gko_tui.view.lines import Line, Span
from gko_tui.view.listing import Health, Listing, Scope
from gko_tui.view.store import API_KINDS, ChangeSet
from gko_tui.view.tabs import DIFF_TAB, HOPS_TAB, TRACE_TAB, YAML_TAB
from gko_tui.widgets.api_table import ApiTable
from gko_tui.widgets.bars import HeaderBar, Summary
from gko_tui.widgets.prompt import Asking
from gko_tui.widgets.table_header import TableHeader
from gko_tui.widgets.text_pane import TextPane
from reconciler.model.errors import UsageError
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

    from gko_tui.app import GkoApp
    from gko_tui.view.commands import Command
    from reconciler.model.keys import ResourceKey
    from reconciler.model.rows import PlaceState

PREVIEW_AFTER_S = 0.1


class TableScreen(TableMoves, TableOrder, TablePlans):
    """Rows of the scope, filtered and sorted, kept live."""

    CONTEXTS: ClassVar[tuple[str, ...]] = (TABLE,)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(TABLE)]
    CSS_PATH = "table.tcss"

    def __init__(self, app: GkoApp) -> None:
        super().__init__()
        store = app.bridge.store
        self.listing = Listing(store.rows)
        self.table = ApiTable(store, self.listing, app.marks, app.clock, id="table")
        self._filter_before = NO_FILTER
        self._preview_timer: Timer | None = None
        self._previewer = Preview(app)

    def compose(self) -> ComposeResult:
        yield HeaderBar(self.gko.marks, self.gko.clock, self._summary)
        with Horizontal(id="body"):
            yield TextPane(id="scopes")
            with Vertical(id="main"):
                yield TableHeader(self.gko.marks)
                yield self.table
            yield TextPane(id="preview")
        yield from self.compose_edges()

    def on_mount(self) -> None:
        for name in ("#scopes", "#preview"):
            self.query_one(name).can_focus = False
        self.query_one("#scopes").border_title = "scope"
        self.query_one("#preview").border_title = "resource"
        self.relist()
        self.focus_main()

    def on_screen_resume(self) -> None:
        self.gko.bridge.epoch += 1
        self._age_table()
        self.table.relist()
        self._say_empty()
        self.redraw_edges()
        self._redraw_scopes()

    # --- what it says ----------------------------------------------------------------------

    def _summary(self) -> Summary:
        return count_summary(self.gko, self.listing.scope)

    def crumbs(self) -> tuple[Span, ...]:
        return table_crumbs(self.gko.marks, self.listing, self.table.cursor)

    def crumb_note(self) -> Line:
        if self.gko.is_reading:
            return ((f"{self.gko.reading}{self.gko.marks.cut} ", "quiet"),)
        other = Scope(self.listing.scope.clusters, None)
        everything = count_summary(self.gko, other)
        here = self._summary()
        sick = {
            verdict: number - here.states.get(verdict, 0)
            for verdict, number in everything.states.items()
            if verdict.rank > 0 and number > here.states.get(verdict, 0)
        }
        if not sick:
            return ()
        spans: list[Span] = [("other kinds:", "quiet")]
        for verdict, number in sorted(sick.items(), key=lambda item: -item[0].rank):
            spans.append((f" {self.gko.marks.verdict(verdict)} {number}", f"verdict:{verdict.name}"))
        spans.append(("  :resources ", "quiet"))
        return tuple(spans)

    def concerns(self, state: PlaceState) -> bool:
        clusters = self.listing.scope.clusters
        return clusters is None or state.place is not Place.CLUSTER or state.name in clusters

    def looked_at(self) -> ResourceKey | None:
        return self.table.cursor_key

    def _age_table(self) -> None:
        self.table.stale, self.table.stale_planes = self.gko.stale, self.gko.ages.planes

    def unavailable(self, action_id: str) -> str | None:
        on_row = ("open", "diff", "yaml", "trace", "reconcile", "copy", "copy_menu")
        if action_id.removeprefix("table.") in on_row and self.table.cursor_key is None:
            return "there is no row under the cursor"
        return None

    def _say_empty(self) -> None:
        words = empty_words(self.gko, self.listing)
        if words != self.table.empty:
            self.table.empty = words
            self.table.refresh()

    def _redraw_scopes(self) -> None:
        if self.has_class("-wide"):
            lines = scope_lines(self.gko, self.listing)
            scopes, main = self.query_one("#scopes", TextPane), self.query_one("#main")
            if lines != scopes.lines:
                scopes.show(lines, keep_place=True)
            title = "resources" if self.listing.scope.kinds is not API_KINDS else "apis"
            title += f" {len(self.listing.order)}"
            if title != main.border_title:  # setting it paints the whole pane
                main.border_title = title

    # --- live ------------------------------------------------------------------------------

    def rows_changed(self, changes: ChangeSet) -> None:
        self.table.changed(changes.changed, changes.removed, changes.turned)
        self._say_empty()
        self.redraw_edges()
        self._redraw_scopes()
        if self.table.cursor_key in changes.changed:
            self._preview_later()

    def places_changed(self) -> None:
        super().places_changed()
        self._age_table()
        self.table.repaint_aged()
        self._say_empty()
        self._redraw_scopes()

    def tenth(self) -> None:
        self.table.tick()

    def second(self) -> None:
        super().second()
        self._age_table()
        self.table.repaint_aged()
        self._say_empty()

    def on_resize(self) -> None:
        self._redraw_scopes()
        self._preview_later()

    def on_api_table_laid(self) -> None:
        self.query_one(TableHeader).lay_out(self.table.columns, self.listing.sort)

    def on_api_table_moved(self) -> None:
        self.redraw_edges()
        self._preview_later()

    def on_api_table_opened(self) -> None:
        self.do_open()

    def _preview_later(self) -> None:
        """Preview the row on which the cursor rests; each move puts it off."""
        if self._preview_timer is not None:
            self._preview_timer.stop()
        if self.has_class("-wide"):
            self._preview_timer = self.set_timer(PREVIEW_AFTER_S, self._preview)

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def _preview(self) -> None:
        await self._previewer.show(self.query_one("#preview", TextPane), self.table.cursor_key)

    # --- scope, filter, order --------------------------------------------------------------

    def relist(self, *, home: bool = False) -> None:
        """Choose and sort anew after the scope, the filter or the order changed; `home`: from the top."""
        self.table.relist(home=home)
        self.query_one(TableHeader).lay_out(self.table.columns, self.listing.sort)
        self._say_empty()
        self.redraw_edges()
        self._redraw_scopes()
        self._preview_later()

    def do_filter(self, argument: str = "") -> None:
        """Filter by an argument, or ask for it."""
        self._filter_before = self.listing.filter
        if argument:
            self.set_filter(argument)
        else:
            self.open_prompt(Asking.FILTER, self.listing.filter.text)

    def set_filter(self, text: str) -> None:
        """Filter by this text.

        Raises:
            UsageError: it names a field that does not exist.
        """
        self.listing.filter = parse_filter(text)
        self.relist(home=True)

    def typed(self, asking: Asking, text: str) -> None:
        if asking is Asking.FILTER:
            self.set_filter(text)
            note = self.listing.filter.note or f"{len(self.listing.order)} rows"
            self.prompt.note(note)

    def done(self, asking: Asking, text: str) -> None:
        if asking is not Asking.FILTER:
            return
        try:
            self.set_filter(text)
        except UsageError as error:
            self.gko.say(error.sentence(), severity="error")

    def cancelled(self, asking: Asking) -> None:
        if asking is Asking.FILTER:
            self.listing.filter = self._filter_before
            self.relist()

    def back(self) -> bool:
        if super().back():
            return True
        if not self.listing.is_narrowed:
            return False
        self.listing.filter, self.listing.health = NO_FILTER, Health.ALL
        self.relist()
        return True

    def _set_health(self, health: Health) -> None:
        self.listing.health = health
        self.relist(home=True)

    def do_errors(self) -> None:
        """Only what is not Synced, or all again."""
        self._set_health(Health.ALL if self.listing.health is Health.UNHEALTHY else Health.UNHEALTHY)

    def do_healthy(self) -> None:
        """Only what is Synced."""
        self._set_health(Health.HEALTHY)

    def do_all(self) -> None:
        """Everything of the kinds on show again."""
        self.listing.filter, self.listing.health = NO_FILTER, Health.ALL
        self.listing.scope = replace(self.listing.scope, clusters=None)
        self.relist()

    def do_apis(self) -> None:
        """The kinds that are APIs."""
        self._set_kinds(API_KINDS)

    def do_resources(self, argument: str = "") -> None:
        """Every kind, or one."""
        self._set_kinds(frozenset(argument.split()) or None)

    def _set_kinds(self, kinds: frozenset[str] | None) -> None:
        self.listing.scope = replace(self.listing.scope, kinds=kinds)
        self.table.view = APIS_VIEW if kinds is API_KINDS else RESOURCES_VIEW
        self.relist(home=True)

    def do_scope(self, argument: str = "") -> None:
        """Look at these clusters only; at all of them without an argument."""
        self.set_scope(tuple(argument.replace("@", " ").replace(",", " ").split()))

    def do_scope_number(self, argument: str) -> None:
        """Look at the cluster of that number; 0 is all of them."""
        names = self.gko.cluster_names()
        number = int(argument)
        if number > len(names):
            self.gko.say(f"there are only {len(names)} clusters")
            return
        self.set_scope((names[number - 1],) if number else ())

    def set_scope(self, clusters: tuple[str, ...]) -> None:
        """Look at these clusters (globs are understood); none means all.

        Raises:
            UsageError: there is no such cluster.
        """
        wanted = self.gko.match_clusters(clusters)
        self.gko.bridge.epoch += 1
        self.listing.scope = replace(self.listing.scope, clusters=wanted or None)
        self.relist(home=True)

    def on_table_header_clicked(self, event: TableHeader.Clicked) -> None:
        self.sort_by(event.column)

    def do_columns(self, argument: str = "") -> None:
        """Show these columns, or the usual ones."""
        names = argument.lower().replace(",", " ").split()
        if not names or names == ["default"]:
            self.table.view = APIS_VIEW if self.listing.scope.kinds is API_KINDS else RESOURCES_VIEW
        else:
            names = [COLUMN_ALIASES.get(name, name) for name in names]
            unknown = [name for name in names if name not in COLUMNS]
            if unknown:
                raise UsageError(
                    "is not a column", subject=unknown[0], next_step="use some of " + ", ".join(COLUMNS)
                )
            self.table.view = tuple(dict.fromkeys(["api", *names]))
        self.table.columns = ()
        self.table.lay_out()

    def run_command(self, command: Command) -> None:
        """Take over the `@cluster` and `/filter` parts of a command."""
        if command.clusters is not None:
            self.set_scope(command.clusters)
        if command.filter is not None:
            self.set_filter(command.filter)

    # --- the row under the cursor ----------------------------------------------------------

    def do_open(self) -> None:
        """Open the row: on its diff where two sides differ, else on its places."""
        key = self.table.cursor_key
        row = self.gko.bridge.store.rows.get(key) if key is not None else None
        if row is not None:
            self.gko.open_detail(row.key, tab=HOPS_TAB if worth_a_diff(row) is None else DIFF_TAB)

    def do_diff(self, argument: str = "") -> None:
        """Open a resource on its diff."""
        self._open(argument, tab=DIFF_TAB)

    def do_yaml(self, argument: str = "") -> None:
        """Open a resource on its documents."""
        self._open(argument, tab=YAML_TAB)

    def do_trace(self, argument: str = "") -> None:
        """Open a resource on its way and what happened to it."""
        self._open(argument, tab=TRACE_TAB)

    def _open(self, argument: str, *, tab: int) -> None:
        if not argument:
            if self.table.cursor_key is not None:
                self.gko.open_detail(self.table.cursor_key, tab=tab)
            return
        found = self.gko.find(argument)
        inside = [key for key in found if self.listing.scope.holds(key)] or found
        if len(inside) == 1:
            self.gko.open_detail(inside[0], tab=tab)
            return
        self.set_filter(f"^{inside[0].name}")
        self.gko.say(f"{len(inside)} resources match {argument}: choose one")

    def do_copy(self) -> None:
        """Copy the name."""
        if self.table.cursor_key is not None:
            self.gko.copy(self.table.cursor_key.name, "the name")

    def do_copy_menu(self) -> None:
        """Ask what to copy."""
        if self.table.cursor_key is not None:
            copy_menu(self.gko, self.table.cursor_key)

    def focus_main(self) -> None:
        self.set_focus(self.table)

    def on_click(self, event: events.Click) -> None:
        scopes = self.query_one("#scopes", TextPane)
        if event.widget is scopes and event.y >= 1:
            number = event.y - 1 + round(scopes.scroll_offset.y)
            if 0 <= number <= len(self.gko.cluster_names()):
                self.set_scope((self.gko.cluster_names()[number - 1],) if number else ())
