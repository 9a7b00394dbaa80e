"""What the reader rests on, so that it is read more often; and how old what is on show has become."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from gko_tui.bridge import Bridge
    from reconciler.model.keys import ResourceKey


class Attention:
    """Tells the engine what is looked at, once the reader has stayed there for a second.

    Args:
        bridge: the engine's end.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._seen: tuple[object, ...] = ()
        self._told: tuple[object, ...] = ()

    def second(self, key: ResourceKey | None) -> None:
        """Called every second with what the reader rests on (None: nothing in particular)."""
        row = self._bridge.store.rows.get(key) if key is not None else None
        if key is None or row is None:
            return
        trace = row.control_plane_trace
        # Told anew when its control plane becomes known: before that, there was nothing to read more often.
        seen = (key, trace.control_plane, trace.id) if trace is not None else (key,)
        if seen == self._seen and seen != self._told:
            self._told = seen
            self._bridge.tell(lambda engine: engine.look_at((key,)))
        self._seen = seen


@dataclass(slots=True)
class Ages:
    """Seconds for which places have been silent; those that are fresh are not in it."""

    clusters: dict[str, float] = field(default_factory=dict)
    beyond: dict[tuple[Place, str], float] = field(default_factory=dict)
    """Of control planes and gateways."""

    def renew(self, bridge: Bridge, now: float) -> None:
        """Look again; `now` in seconds since the epoch."""
        ages = {name: bridge.stale_for(name, now) for name in bridge.board.clusters}
        self.clusters = {name: seconds for name, seconds in ages.items() if seconds is not None}
        self.beyond = {
            (state.place, state.name): seconds
            for state in bridge.board.places
            if state.place in (Place.CONTROL_PLANE, Place.GATEWAY) and not state.kind
            if (seconds := bridge.stale_for(state.name, now, place=state.place)) is not None
        }

    @property
    def planes(self) -> dict[str, float]:
        """Of control planes alone."""
        return {name: age for (place, name), age in self.beyond.items() if place is Place.CONTROL_PLANE}
