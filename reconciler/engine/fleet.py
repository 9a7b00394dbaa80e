"""What the engine has published: rows, places and problems, safe to read from another thread.

The engine writes from its own loop; a terminal reads copies on its own. Rows are immutable, so a
reader never sees half a change. `drain` hands over what changed since it was last called: bulk
updates cost the reader one set, not one message each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from reconciler.engine.contending import Contention, contended
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState, Problem, Row
from reconciler.model.verdicts import ExitCode, Place, exit_code

STALE_AFTER_S = 210.0
"""A verdict older than this (three rounds of a watch's 70 s of allowed silence) is stale."""


@dataclass(frozen=True, slots=True)
class FleetDelta:
    """What changed since the last drain."""

    changed: frozenset[ResourceKey] = frozenset()
    removed: frozenset[ResourceKey] = frozenset()
    places: bool = False

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.places)


@dataclass(slots=True)
class _Pending:
    changed: set[ResourceKey] = field(default_factory=set)
    removed: set[ResourceKey] = field(default_factory=set)
    places: bool = False


class Fleet:
    """The published state of every place that the engine reads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rows: dict[ResourceKey, Row] = {}
        self._places: dict[tuple[Place, str], PlaceState] = {}
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._pending = _Pending()
        self._revision = 0
        self._contentions: dict[ResourceKey, dict[Place, Contention]] = {}
        self._judged: dict[ResourceKey, Row] = {}

    # --- reading ---------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """Grows with every publication."""
        return self._revision

    def rows(self) -> dict[ResourceKey, Row]:
        """A copy of the table (the rows themselves are shared and immutable)."""
        with self._lock:
            return dict(self._rows)

    def row(self, key: ResourceKey) -> Row | None:
        """One row, or None."""
        return self._rows.get(key)

    def places(self) -> tuple[PlaceState, ...]:
        """Every place, sources first, then clusters with their kinds, in a stable order."""
        order = list(Place)
        with self._lock:
            return tuple(sorted(self._places.values(), key=lambda p: (order.index(p.place), p.name)))

    def place(self, place: Place, name: str) -> PlaceState | None:
        """One place; a kind on a cluster is named `cluster/kind`."""
        return self._places.get((place, name))

    def problems(self) -> tuple[Problem, ...]:
        """Everything that could not be read, by where it was found."""
        with self._lock:
            groups = [self._problems[name] for name in sorted(self._problems)]
        return tuple(problem for group in groups for problem in group)

    def stale_for(self, name: str, now: float, *, place: Place = Place.CLUSTER) -> float | None:
        """Seconds since a cluster or control plane last gave a sign of life, or None while it is fresh.

        One that cannot be read now is stale at once; a silent one after `STALE_AFTER_S`.
        """
        state = self._places.get((place, name))
        if state is None or not state.observed_at:
            return None
        age = now - state.observed_at
        return age if state.phase == "failed" or age > STALE_AFTER_S else None

    def exit_code(
        self, rows: Iterable[Row], *, now: float, allow_unknown: bool = False, named: bool = False
    ) -> ExitCode:
        """Fold rows, places and problems into the exit code of a read (ENGINE §5).

        Args:
            rows: the rows that were asked for.
            now: seconds since the epoch, to tell what is stale.
            allow_unknown: what is Unknown or unread does not count.
            named: the rows were asked for by name: what is unread elsewhere does not count.
        """
        places = self.places()
        if places and all(place.phase == "failed" for place in places):
            return ExitCode.ERROR
        asked = list(rows)
        unread = any(place.phase != "ready" for place in places) or any(
            problem.severity == "error" for problem in self.problems()
        )
        beyond = {row.control_plane_trace.control_plane for row in asked if row.control_plane_trace}
        stale = any(self.stale_for(cluster, now) for cluster in {row.key.cluster for row in asked}) or any(
            self.stale_for(name, now, place=Place.CONTROL_PLANE) for name in beyond
        )
        silent = any(row.gateway.verdict is not None for row in asked) and any(
            place.place is Place.GATEWAY and place.phase == "failed" for place in places
        )
        incomplete = stale or silent or (unread and not named)
        verdicts = (cell.verdict for row in asked for cell in row.cells if cell.verdict is not None)
        return exit_code(verdicts, incomplete=incomplete, allow_unknown=allow_unknown)

    def drain(self) -> FleetDelta:
        """Take what changed since the last call (for one consumer)."""
        with self._lock:
            pending, self._pending = self._pending, _Pending()
        return FleetDelta(frozenset(pending.changed), frozenset(pending.removed), pending.places)

    # --- publishing (the engine's side) ----------------------------------------------------

    def publish(self, rows: Mapping[ResourceKey, Row], removed: Iterable[ResourceKey] = ()) -> None:
        """Replace these rows and take these keys away."""
        gone = [key for key in removed if key in self._rows]
        if not rows and not gone:
            return
        with self._lock:
            self._rows.update(rows)
            for key in self._contentions.keys() & rows.keys():
                self._judged[key] = rows[key]
                self._rows[key] = contended(rows[key], self._contentions[key])
            self._pending.changed.update(rows)
            self._pending.removed.difference_update(rows)
            for key in gone:
                del self._rows[key]
                self._contentions.pop(key, None)
                self._judged.pop(key, None)
            self._pending.removed.update(gone)
            self._pending.changed.difference_update(gone)
            self._revision += 1

    def publish_place(self, state: PlaceState) -> None:
        """Replace the state of one place."""
        with self._lock:
            self._places[(state.place, state.name)] = state
            self._pending.places = True
            self._revision += 1

    def forget_place(self, place: Place, name: str) -> None:
        """A place is no longer read (a kind that a cluster stopped serving)."""
        with self._lock:
            if self._places.pop((place, name), None) is not None:
                self._pending.places = True

    def publish_problems(self, origin: str, problems: Iterable[Problem]) -> None:
        """Replace the problems found at one origin (an application, a cluster)."""
        found = tuple(problems)
        with self._lock:
            if self._problems.get(origin, ()) == found:
                return
            if found:
                self._problems[origin] = found
            else:
                self._problems.pop(origin, None)
            self._pending.places = True
            self._revision += 1

    def contend(self, key: ResourceKey, place: Place, contention: Contention | None) -> None:
        """Show that healing stopped at one hop of a resource, or (None) that it goes on."""
        with self._lock:
            judged = self._judged.get(key) or self._rows.get(key)
            if judged is None:
                return
            places = {at: one for at, one in self._contentions.get(key, {}).items() if at is not place}
            if contention is not None:
                places[place] = contention
            if places:
                self._contentions[key], self._judged[key] = places, judged
            else:
                self._contentions.pop(key, None)
                self._judged.pop(key, None)
            shown = contended(judged, places)
            self._rows[key] = replace(shown, version=self._rows[key].version + 1)
            self._pending.changed.add(key)
            self._revision += 1
