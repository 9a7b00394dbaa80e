"""A sink that remembers what it was told."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.history import Event
from reconciler.control_plane.inventory import InventoryEntry
from reconciler.control_plane.management import SubscriptionStatus
from reconciler.control_plane.management_v1 import Instance
from reconciler.control_plane.packing import PackedState
from reconciler.control_plane.refs import StateRef
from reconciler.model.rows import PlaceState


class Told:
    """What was told, the newest of each, and how often and when."""

    def __init__(self) -> None:
        self.entries: dict[str, InventoryEntry] = {}
        self.inventories = 0
        self.states: dict[StateRef, PackedState | None] = {}
        self.read_at: dict[StateRef, list[float]] = {}
        self.errors: dict[StateRef, ControlPlaneError] = {}
        self.subs: dict[str, tuple[SubscriptionStatus, ...]] = {}
        self.deployments: dict[str, Event | None] = {}
        self.gateways: tuple[Instance, ...] | None = None
        self.places: list[PlaceState] = []

    def inventory(
        self, control_plane: str, environment: str, entries: Sequence[InventoryEntry], at: float
    ) -> None:
        self.entries = {entry.id: entry for entry in entries}
        self.inventories += 1

    def state(self, control_plane: str, ref: StateRef, state: PackedState | None, at: float) -> None:
        self.states[ref] = state
        self.read_at.setdefault(ref, []).append(at)
        self.errors.pop(ref, None)

    def unreadable(self, control_plane: str, ref: StateRef, error: ControlPlaneError, at: float) -> None:
        self.errors[ref] = error

    def subscriptions(
        self, control_plane: str, api_id: str, subscriptions: Sequence[SubscriptionStatus], at: float
    ) -> None:
        self.subs[api_id] = tuple(subscriptions)

    def deployment(self, control_plane: str, api_id: str, event: Event | None, at: float) -> None:
        self.deployments[api_id] = event

    def instances(self, control_plane: str, entries: Sequence[Instance], at: float) -> None:
        self.gateways = tuple(entries)

    def place(self, state: PlaceState) -> None:
        self.places.append(state)

    @property
    def phase(self) -> str:
        return self.places[-1].phase if self.places else ""

    @property
    def message(self) -> str:
        return self.places[-1].message if self.places else ""

    def body(self, ref: StateRef) -> dict[str, object]:
        state = self.states[ref]
        assert state is not None
        return state.body()
