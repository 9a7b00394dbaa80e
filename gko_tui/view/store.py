"""The terminal's own copy of the rows, kept by deltas, with counts that never need a walk over all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict

API_KINDS = frozenset({"ApiV4Definition", "ApiDefinition", "FederatedApi"})
"""The kinds of the opening table (the last one only control planes have); `:resources` shows every kind."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What one drain changed: keys with a new row, keys whose row is gone, keys with another state."""

    changed: frozenset[ResourceKey]
    removed: frozenset[ResourceKey]
    turned: frozenset[ResourceKey] = frozenset()


class RowStore:
    """Rows by key, and how many of each state there are per cluster and kind."""

    def __init__(self) -> None:
        self.rows: dict[ResourceKey, Row] = {}
        self._states: dict[ResourceKey, Verdict] = {}
        self._counts: dict[tuple[str, str], Counter[Verdict]] = {}

    def apply(
        self,
        changed: Iterable[ResourceKey],
        removed: Iterable[ResourceKey],
        read: Callable[[ResourceKey], Row | None],
    ) -> ChangeSet:
        """Take over what the fleet published.

        Args:
            changed: keys with a new row; removed: keys without one any more.
            read: gives the newest row of a key (None where it has gone meanwhile).
        """
        new: set[ResourceKey] = set()
        turned: set[ResourceKey] = set()
        gone = set(removed)
        for key in changed:
            row = read(key)
            if row is None:
                gone.add(key)
            elif self.rows.get(key) is not row:
                if self._put(key, row):
                    turned.add(key)
                new.add(key)
        for key in gone:
            self._drop(key)
        return ChangeSet(frozenset(new), frozenset(gone), frozenset(turned))

    def count(
        self,
        clusters: frozenset[str] | None,
        wanted: Callable[[str], bool],
    ) -> Counter[Verdict]:
        """How many rows of each state these clusters (None: all) and kinds have."""
        total: Counter[Verdict] = Counter()
        for (cluster, kind), counter in self._counts.items():
            if (clusters is None or cluster in clusters) and wanted(kind):
                total.update(counter)
        return total

    def clusters(self) -> set[str]:
        """Every cluster that has a row."""
        return {cluster for cluster, _ in self._counts}

    def _put(self, key: ResourceKey, row: Row) -> bool:
        """Take a row; whether a known resource has another state now."""
        state = row.state
        old = self._states.get(key)
        self.rows[key] = row
        if old is state:
            return False
        counter = self._counts.setdefault((key.cluster, key.kind), Counter())
        if old is not None:
            counter[old] -= 1
        counter[state] += 1
        self._states[key] = state
        return old is not None

    def _drop(self, key: ResourceKey) -> None:
        if self.rows.pop(key, None) is not None:
            self._counts[(key.cluster, key.kind)][self._states.pop(key)] -= 1
