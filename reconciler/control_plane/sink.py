"""Who is told what a control plane holds: one protocol, so that observing knows nothing of verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from reconciler.control_plane.failures import ControlPlaneError
    from reconciler.control_plane.history import Event
    from reconciler.control_plane.inventory import InventoryEntry
    from reconciler.control_plane.management import SubscriptionStatus
    from reconciler.control_plane.management_v1 import Instance
    from reconciler.control_plane.packing import PackedState
    from reconciler.control_plane.refs import StateRef
    from reconciler.model.rows import PlaceState


class ControlPlaneSink(Protocol):
    """Told everything that is read from a control plane, on the event loop; it must not block.

    Instants are seconds since the epoch. What cannot be read is never told as absent.
    """

    def inventory(
        self, control_plane: str, environment: str, entries: Sequence[InventoryEntry], at: float
    ) -> None:
        """The environment has exactly these APIs. Entries that did not move are the same objects."""

    def state(self, control_plane: str, ref: StateRef, state: PackedState | None, at: float) -> None:
        """What it holds of one thing; None where it has none."""

    def unreadable(self, control_plane: str, ref: StateRef, error: ControlPlaneError, at: float) -> None:
        """One thing could not be read: what was told of it before grows old, and this is why."""

    def subscriptions(
        self, control_plane: str, api_id: str, subscriptions: Sequence[SubscriptionStatus], at: float
    ) -> None:
        """The API has exactly these subscriptions, in every status."""

    def deployment(self, control_plane: str, api_id: str, event: Event | None, at: float) -> None:
        """The newest publication, start or stop of an API; None where it was never deployed.

        An event that is not `whole` tells revision and instant only. It is told again with its definition
        when that was read: see `ControlPlaneObserver.read_definitions`.
        """

    def instances(self, control_plane: str, entries: Sequence[Instance], at: float) -> None:
        """The gateways' nodes that announced themselves to the environment and were not stopped."""

    def place(self, state: PlaceState) -> None:
        """How well the control plane can be read."""
