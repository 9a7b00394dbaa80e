"""What the edges of the table say: counts, crumbs, scopes, and why there are no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gko_tui.view.lines import Line, Span, safe
from gko_tui.view.listing import DEFAULT_SORT, Health, Listing, Scope
from gko_tui.view.store import API_KINDS
from gko_tui.view.words import Marks, age
from gko_tui.widgets.bars import Summary

if TYPE_CHECKING:
    from gko_tui.app import GkoApp


def count_summary(app: GkoApp, scope: Scope) -> Summary:
    """How many rows of each state a scope holds."""
    states = {
        verdict: number
        for verdict, number in app.bridge.store.count(scope.clusters, scope.holds_kind).items()
        if number
    }
    shown = list(app.configured_clusters)
    if scope.clusters is not None:
        shown = [name for name in app.cluster_names() if name in scope.clusters]
    word = "API" if scope.kinds is API_KINDS else "RES"
    return Summary(safe(",".join(shown)), word, sum(states.values()), states)


def table_crumbs(marks: Marks, listing: Listing, cursor: int) -> tuple[Span, ...]:
    """`apis ⟩ prod-eu ⟩ unhealthy ⟩ /pay   2/12 of 1204`."""
    scope = listing.scope
    what = "apis"
    if scope.kinds is None:
        what = "resources"
    elif scope.kinds is not API_KINDS:
        what = safe(",".join(sorted(scope.kinds)))
    parts = [what]
    if scope.clusters is not None:
        parts.append("cluster:" + safe(",".join(sorted(scope.clusters))))
    if listing.health is not Health.ALL:
        parts.append(listing.health.value)
    if listing.filter:
        parts.append("/" + safe(listing.filter.text))
    if listing.sort != DEFAULT_SORT:
        arrow = marks.fall if listing.sort.reverse else marks.rise
        parts.append(f"by {listing.sort.column}{arrow}")
    spans: list[Span] = [(" ", "text")]
    for number, part in enumerate(parts):
        if number:
            spans.append((f" {marks.crumb} ", "quiet"))
        spans.append((part, "title" if number == len(parts) - 1 else "quiet"))
    total = len(listing.order)
    position = f"{cursor + 1}/{total}" if total else "0"
    spans.append((f"   {position}", "quiet"))
    return tuple(spans)


def scope_lines(app: GkoApp, listing: Listing) -> list[Line]:
    """The side list: all clusters, then each with its number, its rows and what is wrong with it."""
    store, scope = app.bridge.store, listing.scope
    total = sum(store.count(None, scope.holds_kind).values())
    lines: list[Line] = [_scope_line("0", "all", str(total), chosen=scope.clusters is None, style="text")]
    for number, name in enumerate(app.cluster_names(), 1):
        count = sum(store.count(frozenset({name}), scope.holds_kind).values())
        board = app.bridge.board
        state, stale = board.clusters.get(name), app.stale.get(name)
        if state is None and name in board.control_planes:  # it has rows of its own
            state, stale = board.control_planes[name], app.ages.planes.get(name)
        tail, style = str(count), "text"
        if stale is not None:
            tail, style = f"{app.marks.warn}{age(stale)} {count}", "stale"
        elif state is None or state.phase == "waiting":
            tail, style = app.marks.cut, "quiet"
        elif state.phase in ("failed", "partial"):
            tail, style = f"{app.marks.warn} {count}", "state-error"
        chosen = scope.clusters is not None and name in scope.clusters
        lines.append(
            _scope_line(str(number) if number < 10 else " ", safe(name), tail, chosen=chosen, style=style)
        )
    return lines


def _scope_line(number: str, name: str, tail: str, *, chosen: bool, style: str) -> Line:
    room = 20 - 2 - len(tail) - 1
    shown = name if len(name) <= room else name[: room - 1] + "~"
    weight = " bold" if chosen else ""
    return (
        (f"{number} ", "key" + weight),
        (f"{shown:<{room}} ", ("title" if chosen else "text") + weight),
        (tail, style),
    )


def empty_words(app: GkoApp, listing: Listing) -> tuple[str, ...]:
    """Why the table has no rows, and what to do."""
    if listing.order:
        return ()
    failure = app.bridge.failure
    if failure:
        return (f"The engine stopped: {failure}", "q quits; start again with --debug and read the log file")
    scope = listing.scope
    store = app.bridge.store
    if listing.is_narrowed and store.count(scope.clusters, scope.holds_kind).total():
        return ("No row matches the filter.", "Esc shows all rows again.")
    if app.is_reading:
        return (f"{app.reading}{app.marks.cut}", "Rows appear as they are read.")
    return _nothing_there(app, scope)


def _nothing_there(app: GkoApp, scope: Scope) -> tuple[str, ...]:
    """Everything was asked, and there is no row in this scope."""
    bad = [state for state in app.bridge.board.places if state.phase == "failed" and not state.kind]
    if bad:
        return (f"{safe(bad[0].name)}: {safe(bad[0].message)}", "p shows every place and what to do next.")
    others = app.bridge.store.count(scope.clusters, lambda _kind: True).total()
    if others and scope.kinds is API_KINDS:
        return ("There are no APIs here.", f"{others} resources of other kinds: type :resources")
    if scope.clusters is not None:
        return ("There is nothing at these places.", "0 looks at all clusters.")
    return (
        "There is no resource of group gravitee.io, neither in Git nor anywhere else.",
        "Check sources and applications in gko-tui.yaml: gko-tui config check",
    )
