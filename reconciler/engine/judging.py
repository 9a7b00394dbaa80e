"""Judging resources: what Git wants against what the cluster holds, one row each.

The cheap way first: equal fingerprints are Synced and nothing is read. Only what differs is inflated,
normalised and compared leaf by leaf, three-way where a last synced state is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.engine.actual import Actual, ClusterContent
from reconciler.engine.actual_prints import ActualPrints
from reconciler.engine.cells import (
    Finding,
    being_deleted,
    change_causes,
    extra,
    fault_causes,
    git_finding,
    missing,
    unreadable,
)
from reconciler.engine.desired import Desired
from reconciler.engine.desired_prints import DesiredPrints
from reconciler.engine.fingerprint import same
from reconciler.engine.since import SinceWhen
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, Row
from reconciler.model.verdicts import Place, Verdict

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject
    from reconciler.engine.downstream.beyond import Beyond
    from reconciler.engine.pairs import Pairs
    from reconciler.git.documents import GitTouch
    from reconciler.ledger.store import Synced
    from reconciler.rules.schema import Schema


@dataclass(slots=True)
class Knowledge:
    """Everything that judging reads; the engine's loop keeps it up to date."""

    actual: Actual
    desired: dict[ResourceKey, Desired] = field(default_factory=dict)
    removed: dict[ResourceKey, GitTouch] = field(default_factory=dict)
    """Resources that history defined and Git no longer does: which commit took them away."""
    unread: dict[str, str] = field(default_factory=dict)
    """Cluster → why a source that might define resources there cannot be read."""
    unparsed: dict[ResourceKey, str] = field(default_factory=dict)
    """Resources whose document is there but is not shaped as one."""
    synced: dict[ResourceKey, Synced] = field(default_factory=dict)
    synced_beyond: dict[ResourceKey, Synced] = field(default_factory=dict)
    """The same of the control-plane hop."""


class Judge:
    """Turns knowledge into rows.

    Args:
        knowledge: what is known; read anew at every call.
        desired_prints, actual_prints: fingerprints of both sides.
        pairs: reads two bodies and compares them, for what is not equal.
        beyond: judges the two hops beyond the cluster.
        since: since when a verdict holds.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        desired_prints: DesiredPrints,
        actual_prints: ActualPrints,
        pairs: Pairs,
        beyond: Callable[[ResourceKey, ClusterObject | None], Beyond | None],
        since: SinceWhen,
        clock: Callable[[], float],
    ) -> None:
        self._knowledge = knowledge
        self._desired_prints = desired_prints
        self._actual_prints = actual_prints
        self._pairs = pairs
        self._beyond = beyond
        self._since = since
        self._clock = clock

    def rows(
        self, keys: Iterable[ResourceKey], before: Mapping[ResourceKey, Row]
    ) -> tuple[dict[ResourceKey, Row], set[ResourceKey]]:
        """Judge these resources.

        Args:
            keys: the resources that may have changed.
            before: the rows as they are published.

        Returns:
            the rows that differ from those before, and the keys that no place knows any longer.
        """
        now = self._clock()
        changed: dict[ResourceKey, Row] = {}
        gone: set[ResourceKey] = set()
        for key in keys:
            row = self._row(key, before.get(key), now)
            if row is None:
                gone.add(key)
            elif row is not before.get(key):
                changed[key] = row
        return changed, gone

    def _row(self, key: ResourceKey, before: Row | None, now: float) -> Row | None:
        known = self._knowledge
        if not key.namespace:
            return self._only_there(key, before, now)
        content = known.actual.clusters.get(key.cluster)
        if content is None:
            return None
        desired, found = known.desired.get(key), content.objects.get(key)
        if desired is None and found is None and not self._was_known(key, content):
            return None
        git = git_finding(desired, known.unread.get(key.cluster, ""))
        if desired is not None and key in known.unparsed:
            git = Finding(Verdict.FAILED, (known.unparsed[key],))
        cluster = self._cluster_finding(key, content, desired, found)
        beyond = self._beyond(key, found)
        assert beyond is not None
        row = Row(
            key,
            desired.first.application if desired is not None else "",
            self._cell(key, Place.GIT, git, before, now),
            self._cell(key, Place.CLUSTER, cluster, before, now),
            self._cell(key, Place.CONTROL_PLANE, beyond.control_plane, before, now),
            self._cell(key, Place.GATEWAY, beyond.gateway, before, now),
            git_trace=desired.trace if desired is not None else None,
            cluster_trace=found.trace if found is not None else None,
            control_plane_trace=beyond.trace,
            gateway_count=beyond.gateway_count,
            labels=found.labels if found is not None else desired.first.document.labels if desired else (),
        )
        return before if before is not None and _says_the_same(before, row) else _next(before, row)

    def _only_there(self, key: ResourceKey, before: Row | None, now: float) -> Row | None:
        """The row of what only a control plane has."""
        beyond = self._beyond(key, None)
        if beyond is None:
            return None
        row = Row(
            key,
            control_plane=self._cell(key, Place.CONTROL_PLANE, beyond.control_plane, before, now),
            gateway=self._cell(key, Place.GATEWAY, beyond.gateway, before, now),
            control_plane_trace=beyond.trace,
            gateway_count=beyond.gateway_count,
        )
        return before if before is not None and _says_the_same(before, row) else _next(before, row)

    def _cell(self, key: ResourceKey, place: Place, finding: Finding, before: Row | None, now: float) -> Cell:
        return finding.cell(self._since(key, place, finding, before, now), now)

    def _was_known(self, key: ResourceKey, content: ClusterContent) -> bool:
        """Whether this machine has seen the resource and nobody can be asked now."""
        return unreadable(key, content) is not None and key in self._knowledge.synced

    def _cluster_finding(
        self, key: ResourceKey, content: ClusterContent, desired: Desired | None, found: ClusterObject | None
    ) -> Finding:
        known = self._knowledge
        synced = known.synced.get(key)
        if found is None:
            blind = unreadable(key, content)
            if blind is not None:
                return self._last_seen(key, blind)
            return missing(key, content, synced)
        if desired is None:
            return extra(
                key,
                removed=known.removed.get(key),
                synced=synced,
                trace=found.trace,
                unread_source=known.unread.get(key.cluster, ""),
            )
        if key in known.unparsed:
            return Finding(Verdict.UNKNOWN, ("the document in Git cannot be compared",))
        return self._compared(key, content, desired, found)

    def _compared(
        self, key: ResourceKey, content: ClusterContent, desired: Desired, found: ClusterObject
    ) -> Finding:
        schema = content.schema(key.kind)
        if found.trace.deleting_since:
            return being_deleted(found.trace)
        lefts = [self._desired_prints.get(definition, schema) for definition in desired.definitions]
        right = self._actual_prints.get(found, schema, lefts)
        if any(left is not None and same(left, right) for left in lefts):
            return _synced_since(desired, found)
        if None in lefts:
            # It arrived during this pass: it is marked, and the next one reads its text in bulk.
            return Finding(Verdict.UNKNOWN, ("arrived this moment and is being compared",))
        if len(desired.definitions) > 1:
            return Finding(
                Verdict.UNKNOWN,
                (f"Git defines it {len(desired.definitions)} times and the cluster matches none of them",),
            )
        return self._judged(desired, found, schema)

    def _judged(self, desired: Desired, found: ClusterObject, schema: Schema) -> Finding:
        """Compare leaf by leaf what is known to be unequal."""
        try:
            judgement = self._pairs.judge(desired, found, schema)
        except GkoError as error:
            return Finding(Verdict.UNKNOWN, (error.sentence(),))
        if judgement.verdict is Verdict.SYNCED:
            return _synced_since(desired, found)
        faults = self._pairs.faults(desired.first, schema)
        if faults:  # no cluster can take it: it will not arrive, whatever else differs
            return Finding(
                Verdict.FAILED,
                fault_causes(faults),
                desired.trace.committed_at or None,
                judgement.first_sight,
                len(judgement.changes),
            )
        return Finding(
            judgement.verdict,
            change_causes(judgement.changes),
            _since_evidence(judgement.verdict, desired, found),
            judgement.first_sight,
            len(judgement.changes),
        )

    def _last_seen(self, key: ResourceKey, blind: Finding) -> Finding:
        synced = self._knowledge.synced.get(key)
        if synced is None:
            return blind
        return Finding(Verdict.UNKNOWN, (*blind.causes, f"last seen in sync at {synced.revision[:7]}"))


def _synced_since(desired: Desired, found: ClusterObject) -> Finding:
    """In sync at the latest since the later of the two writes."""
    return Finding(Verdict.SYNCED, since=max(desired.trace.committed_at, found.trace.changed_at) or None)


def _since_evidence(verdict: Verdict, desired: Desired, found: ClusterObject) -> float | None:
    """When the side that moved was written, where that is known."""
    if verdict is Verdict.AHEAD:
        return desired.trace.committed_at or None
    return found.trace.changed_at or None


def _says_the_same(before: Row, row: Row) -> bool:
    """Whether nothing that a person or a program reads of the row has changed, `observed_at` aside."""
    return (
        before.application == row.application
        and before.git_trace == row.git_trace
        and before.cluster_trace == row.cluster_trace
        and before.control_plane_trace == row.control_plane_trace
        and before.gateway_count == row.gateway_count
        and before.labels == row.labels
        and all(
            (a.verdict, a.causes, a.first_sight, a.change_count)
            == (b.verdict, b.causes, b.first_sight, b.change_count)
            for a, b in zip(before.cells, row.cells, strict=True)
        )
    )


def _next(before: Row | None, row: Row) -> Row:
    return row if before is None else replace(row, version=before.version + 1)
