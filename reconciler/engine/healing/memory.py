"""What the loop remembers between two looks: what waits, what failed, what was healed when, who fights.

All of it is about resources that differ or differed lately; the rest is let go, so that it stays small
whatever goes by.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from reconciler.engine.contending import Contention
from reconciler.engine.fleet import Fleet
from reconciler.engine.healing.backoff import Backoffs, Standing
from reconciler.engine.healing.deciding import RECHECK_S
from reconciler.engine.healing.fights import Fight, Fights
from reconciler.engine.healing.pace import Pace
from reconciler.engine.healing.queue import Queue
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict

Item = tuple[str, ResourceKey]
"""A resource of an application."""
HOPS = (Place.CLUSTER, Place.CONTROL_PLANE)
IN_ORDER = frozenset({None, Verdict.SYNCED, Verdict.UNMANAGED})
"""Verdicts about which there is nothing to do."""


def inputs(row: Row) -> Hashable:
    """What a write would be made from: while it stays the same, a refusal stays the same."""
    git, cluster = row.git_trace, row.cluster_trace
    stated = (git.source, git.path, git.revision) if git is not None else None
    found = (cluster.uid, cluster.generation) if cluster is not None else None
    return stated, found


def desired(row: Row) -> Hashable:
    """What Git wants of a resource, as far as a row tells."""
    git = row.git_trace
    return (git.source, git.path, git.revision) if git is not None else None


@dataclass(slots=True)
class Memory:
    """Everything that is remembered.

    Args:
        random: a number from 0 up to 1, for jitter.
    """

    random: Callable[[], float]
    queue: Queue[Item] = field(default_factory=Queue)
    pace: Pace = field(default_factory=Pace)
    fights: Fights = field(default_factory=Fights)
    backoffs: Backoffs[tuple[Item, Place]] = field(init=False)
    told: dict[Item, str] = field(default_factory=dict)
    """What was said last of why nothing is done."""
    _suspended: dict[str, tuple[str, float]] = field(default_factory=dict)
    _contended: dict[tuple[ResourceKey, Place], Hashable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.backoffs = Backoffs(self.random)

    # --- when ------------------------------------------------------------------------------

    def standing(self, item: Item, row: Row, hop: Place) -> Standing:
        """How writing across one hop of a resource went lately."""
        return self.backoffs.of((item, hop), inputs(row))

    def ready_at(self, item: Item, row: Row, hop: Place, now: float) -> float:
        """From when one hop may be written across, in seconds since the epoch, if it is not parked."""
        return max(self.standing(item, row, hop).at, self.pace.earliest(row.key, hop, now))

    def due_at(self, item: Item, row: Row, now: float) -> float | None:
        """When a resource has its turn: at the hop that is ready first; None if all of them are parked."""
        hops = [hop for hop in HOPS if row.cell(hop).verdict not in IN_ORDER]
        return min(
            (self.ready_at(item, row, hop, now) for hop in hops if not self.standing(item, row, hop).parked),
            default=None,
        )

    def failures(self, item: Item, row: Row) -> int:
        """How often writing a resource failed in a row, at all hops together."""
        return sum(self.standing(item, row, hop).failures for hop in HOPS)

    # --- suspensions -----------------------------------------------------------------------

    def suspend(self, application: str, why: str, now: float) -> None:
        """An application was found suspended; it is asked about again after a while."""
        self._suspended[application] = (why, now + RECHECK_S)

    def suspended(self, application: str, now: float) -> str:
        """Who suspended an application, as far as that was found out lately."""
        why, until = self._suspended.get(application, ("", 0.0))
        return why if now < until else ""

    # --- fights ----------------------------------------------------------------------------

    def contend(self, fleet: Fleet, row: Row, hop: Place, fight: Fight, now: float) -> None:
        """Stop healing one hop of a resource."""
        self._contended[row.key, hop] = desired(row)
        fleet.contend(row.key, hop, Contention(fight.sentence(hop), now))

    def is_contended(self, key: ResourceKey, hop: Place) -> bool:
        """Whether healing stopped there."""
        return (key, hop) in self._contended

    def settle(self, fleet: Fleet, row: Row) -> None:
        """Git wants something else than when healing stopped: it begins anew."""
        for hop in HOPS:
            wanted = self._contended.get((row.key, hop), row)
            if wanted is not row and wanted != desired(row):
                self._let_go(fleet, row.key, hop)

    def _let_go(self, fleet: Fleet, key: ResourceKey, hop: Place) -> None:
        del self._contended[key, hop]
        self.fights.forget(key, hop)
        fleet.contend(key, hop, None)

    # --- letting go ------------------------------------------------------------------------

    def in_order(self, item: Item) -> None:
        """A resource is as it should be: nothing waits, nothing failed."""
        self.queue.drop(item)
        for hop in HOPS:
            self.backoffs.succeeded((item, hop))
        self.told.pop(item, None)

    def forget(self, key: ResourceKey, applications: tuple[str, ...]) -> None:
        """No place knows a resource any longer."""
        for name in applications:
            self.in_order((name, key))
        for hop in HOPS:
            self._contended.pop((key, hop), None)
            self.fights.forget(key, hop)

    def sweep(self, fleet: Fleet, now: float) -> None:
        """Let go of what is long past; a fight is over once it has been in sync for ten minutes."""
        self.pace.sweep(now)
        self.fights.sweep(now)
        for key, hop in list(self._contended):
            row = fleet.row(key)
            calm = row is None or row.cell(hop).verdict in (None, Verdict.SYNCED)
            if calm and not self.fights.watches(key, hop):
                self._let_go(fleet, key, hop)
