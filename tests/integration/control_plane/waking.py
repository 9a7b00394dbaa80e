"""A sink that remembers what it was told, and wakes whoever waits for something to be told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.history import Event
from reconciler.control_plane.inventory import InventoryEntry
from reconciler.control_plane.management import SubscriptionStatus
from reconciler.control_plane.packing import PackedState
from reconciler.control_plane.refs import StateRef
from reconciler.model.rows import PlaceState
from tests.unit.control_plane.recording import Told


class Waking(Told):
    """Told, in real time."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    async def until(self, holds: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait until something holds; it is looked at whenever something was told."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def inventory(
        self, control_plane: str, environment: str, entries: Sequence[InventoryEntry], at: float
    ) -> None:
        super().inventory(control_plane, environment, entries, at)
        self._news.set()

    def state(self, control_plane: str, ref: StateRef, state: PackedState | None, at: float) -> None:
        super().state(control_plane, ref, state, at)
        self._news.set()

    def unreadable(self, control_plane: str, ref: StateRef, error: ControlPlaneError, at: float) -> None:
        super().unreadable(control_plane, ref, error, at)
        self._news.set()

    def subscriptions(
        self, control_plane: str, api_id: str, subscriptions: Sequence[SubscriptionStatus], at: float
    ) -> None:
        super().subscriptions(control_plane, api_id, subscriptions, at)
        self._news.set()

    def deployment(self, control_plane: str, api_id: str, event: Event | None, at: float) -> None:
        super().deployment(control_plane, api_id, event, at)
        self._news.set()

    def place(self, state: PlaceState) -> None:
        super().place(state)
        self._news.set()
