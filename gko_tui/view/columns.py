"""The columns of the table: what each says, how wide it is, and which ones go first when space is short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gko_tui.view.listing import owner
from reconciler.model.rows import Row

GAP = 1
GUTTER = 2
"""Cells left of the first column, where the cursor's mark stands."""
STRIP = 8
"""Cells of the four marks, each with a blank behind it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; widths are terminal cells."""

    name: str
    title: str
    width: int
    widest: int
    right: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A column at its place: `x` is its first cell."""

    column: Column
    x: int
    width: int


COLUMNS = {
    column.name: column
    for column in (
        Column("api", "API", 23, 48),
        Column("kind", "KIND", 12, 22),
        Column("namespace", "NS", 10, 24),
        Column("cluster", "CLUSTER", 9, 20),
        Column("hops", "G K C W", 8, 14),
        Column("state", "STATE", 10, 10),
        Column("owner", "OWNER", 10, 22),
        Column("revision", "REV", 8, 8),
        Column("age", "AGE", 4, 4, right=True),
    )
}

APIS_VIEW = ("api", "namespace", "cluster", "hops", "state", "owner", "revision", "age")
RESOURCES_VIEW = ("api", "kind", "namespace", "cluster", "hops", "state", "owner", "revision", "age")
_LEAVING = ("owner", "revision", "namespace", "age", "cluster")
"""Which column leaves first when the terminal is narrow (OWNER is there from 91 cells on)."""
_LEAVING_WITH_KIND = ("owner", "revision", "age", "namespace", "cluster", "kind")
_GROWING = ("api", "hops", "cluster", "namespace", "owner", "kind")


def place_columns(names: Sequence[str], width: int, needed: dict[str, int]) -> tuple[Placed, ...]:
    """Choose and place columns for a table.

    Args:
        names: the columns of the view, from left to right.
        width: cells from the left edge to the right one.
        needed: how wide the texts of a column are, for those that may grow.
    """
    shown = [COLUMNS[name] for name in names]
    for name in _LEAVING_WITH_KIND if "kind" in names else _LEAVING:
        if _total(column.width for column in shown) <= width:
            break
        shown = [column for column in shown if column.name != name]
    widths = {column.name: column.width for column in shown}
    spare = width - _total(widths.values())
    if spare < 0:  # what is left is too wide even so: the name gives way
        widths["api"] = max(4, widths.get("api", 4) + spare)
        spare = 0
    for name in _GROWING:
        if name in widths:
            column = COLUMNS[name]
            more = min(spare, max(0, min(column.widest, needed.get(name, 0)) - column.width))
            widths[name] += more
            spare -= more
    placed, x = [], GUTTER
    for column in shown:
        placed.append(Placed(column, x, widths[column.name]))
        x += widths[column.name] + GAP
    return tuple(placed)


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return GUTTER + sum(each) + GAP * (len(each) - 1)


def needed_widths(rows: Iterable[Row]) -> dict[str, int]:
    """How wide the texts of a sample of rows are (in characters: names are ASCII but for hostile ones)."""
    needed = dict.fromkeys(_GROWING, 0)
    for row in rows:
        key = row.key
        for name, text in (
            ("api", key.name),
            ("cluster", key.cluster),
            ("namespace", key.namespace),
            ("kind", key.kind),
            ("owner", owner(row)),
        ):
            needed[name] = max(needed[name], len(text))
        if row.gateway_count:  # stands right of the strip
            needed["hops"] = max(needed["hops"], STRIP + len(row.gateway_count))
    return needed
