"""Which rows a table shows and in which order, kept up to date without sorting all of them each time.

The keys stay sorted between updates, so that sorting again is nearly free (Timsort on sorted data);
a table may put it off while its reader moves the cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from gko_tui.view.filtering import NO_FILTER, RowFilter
from gko_tui.view.store import API_KINDS
from reconciler.model.keys import ResourceKey, same_kind
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict

SortKey = tuple[object, ...]


class Health(Enum):
    """Which rows are shown by their state."""

    ALL = "all"
    UNHEALTHY = "unhealthy"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Sort:
    """By which column, and whether against its natural direction."""

    column: str = "api"
    reverse: bool = False


DEFAULT_SORT = Sort()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a table looks at, before any filter: clusters (None: all) and kinds (None: every kind)."""

    clusters: frozenset[str] | None = None
    kinds: frozenset[str] | None = API_KINDS

    def holds(self, key: ResourceKey) -> bool:
        """Whether a resource belongs to it."""
        return (self.clusters is None or key.cluster in self.clusters) and self.holds_kind(key.kind)

    def holds_kind(self, kind: str) -> bool:
        """Whether a kind belongs to it; kinds may be asked for in any case and with globs."""
        if self.kinds is None or kind in self.kinds:
            return True
        return self.kinds is not API_KINDS and any(same_kind(asked, kind) for asked in self.kinds)


def owner(row: Row) -> str:
    """Who last changed a resource: the field manager where the cluster drifted, else the Git author.

    What only a control plane has belongs to whom that names.
    """
    cluster = row.cluster_trace
    if cluster is None and row.git_trace is None:
        return row.control_plane_trace.owner if row.control_plane_trace is not None else ""
    drifted = row.cluster.verdict in (Verdict.DRIFTED, Verdict.CONFLICT, Verdict.ORPHAN, Verdict.UNMANAGED)
    if cluster is not None and cluster.manager and (drifted or row.git_trace is None):
        return cluster.manager
    return row.git_trace.author if row.git_trace else ""


def _name(row: Row) -> SortKey:
    key = row.key
    return (key.name, key.namespace, key.cluster, key.kind)


SORT_KEYS: dict[str, Callable[[Row], SortKey]] = {
    "api": _name,
    "kind": lambda row: (row.key.kind, *_name(row)),
    "namespace": lambda row: (row.key.namespace, *_name(row)),
    "cluster": lambda row: (row.key.cluster, *_name(row)),
    "state": lambda row: (-row.state.rank, *_name(row)),
    "hops": lambda row: (row.break_at, *_name(row)),
    "owner": lambda row: (owner(row).lower() or "\uffff", *_name(row)),
    "revision": lambda row: (-(row.git_trace.committed_at if row.git_trace else 0.0), *_name(row)),
    "age": lambda row: (-row.state_cell.since, *_name(row)),
}
"""Natural order per column: worst state first, youngest first, names from A."""


class Listing:
    """The keys on show, in order.

    Args:
        rows: the live table of rows; read, never changed.
    """

    def __init__(self, rows: Mapping[ResourceKey, Row]) -> None:
        self._rows = rows
        self.scope = Scope()
        self.filter: RowFilter = NO_FILTER
        self.health = Health.ALL
        self.sort = DEFAULT_SORT
        self.order: list[ResourceKey] = []
        self.positions: dict[ResourceKey, int] = {}
        self._sort_keys: dict[ResourceKey, SortKey] = {}
        self._unsettled: set[ResourceKey] = set()

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter hides some rows of the scope."""
        return bool(self.filter) or self.health is not Health.ALL

    @property
    def is_unsettled(self) -> bool:
        """Whether some rows would move, come or go if the order were made anew."""
        return bool(self._unsettled)

    def rebuild(self) -> None:
        """Choose and sort all rows anew (after the scope, filter or sort changed)."""
        sort_key = SORT_KEYS[self.sort.column]
        self._sort_keys = {key: sort_key(row) for key, row in self._rows.items() if self._shows(row)}
        self._unsettled.clear()
        self.order = list(self._sort_keys)
        self._arrange()

    def touch(self, changed: frozenset[ResourceKey], removed: frozenset[ResourceKey]) -> set[ResourceKey]:
        """Hear what changed.

        Returns:
            The shown keys whose line must be painted anew; those that must move wait for `settle`.
        """
        repaint: set[ResourceKey] = set()
        sort_key = SORT_KEYS[self.sort.column]
        for key in changed:
            row = self._rows.get(key)
            shown = row is not None and self._shows(row)
            if key in self.positions:
                repaint.add(key)
                if not shown or row is None or sort_key(row) != self._sort_keys[key]:
                    self._unsettled.add(key)
            elif shown:
                self._unsettled.add(key)
        self._unsettled.update(key for key in removed if key in self.positions)
        repaint.update(key for key in removed if key in self.positions)
        return repaint

    def settle(self) -> bool:
        """Let the rows that wait move, come or go; whether anything did."""
        if not self._unsettled:
            return False
        sort_key = SORT_KEYS[self.sort.column]
        for key in self._unsettled:
            row = self._rows.get(key)
            if row is not None and self._shows(row):
                self._sort_keys[key] = sort_key(row)
                if key not in self.positions:
                    self.order.append(key)
            else:
                self._sort_keys.pop(key, None)
        if len(self._sort_keys) != len(self.order):
            self.order = [key for key in self.order if key in self._sort_keys]
        self._unsettled.clear()
        self._arrange()
        return True

    def _shows(self, row: Row) -> bool:
        if not self.scope.holds(row.key):
            return False
        if self.health is not Health.ALL:
            healthy = row.state is Verdict.SYNCED
            if healthy is not (self.health is Health.HEALTHY):
                return False
        return self.filter(row)

    def _arrange(self) -> None:
        self.order.sort(key=self._sort_keys.__getitem__, reverse=self.sort.reverse)
        self.positions = {key: index for index, key in enumerate(self.order)}
