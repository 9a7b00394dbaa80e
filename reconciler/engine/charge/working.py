"""The one that stands in for GKO on one cluster, for as long as this process is in charge there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from reconciler.cluster.events import Events
from reconciler.control_plane.transport import open_control_plane
from reconciler.engine.standing_in.desk import Desk, MayWrite
from reconciler.engine.standing_in.planes import Connect, Planes
from reconciler.engine.standing_in.reconciling import StandIn, Work
from reconciler.engine.standing_in.surroundings import Surroundings, Thing

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient

Serves = Callable[[str], bool]
"""Whether this process is in charge of a namespace at this moment."""


class Worker(Protocol):
    """What works while this process is in charge."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is under way is brought to its end."""
        ...


class _Serving(StandIn):
    """Leaves alone what is in a namespace of which somebody else is in charge, asked before each turn."""

    serves: Serves

    async def reconcile(self, thing: Thing, attempt: int = 1, *, before: float | None = None) -> Work:
        if not self.serves(thing.namespace):
            return Work(thing)
        return await super().reconcile(thing, attempt, before=before)


class StandingIn:
    """Stands in for GKO on one cluster; each instance begins by reading everything.

    Args:
        client: the cluster.
        may_write: asked before each turn.
        serves: asked before each turn, with the resource's namespace.
        clock: seconds since the epoch.
        key: this process's digest key.
        connect: opens a control plane.
    """

    def __init__(
        self,
        client: KubeClient,
        may_write: MayWrite,
        serves: Serves,
        *,
        clock: Callable[[], float],
        key: bytes,
        connect: Connect = open_control_plane,
    ) -> None:
        here = Surroundings(client, client.name)
        self._planes = Planes(here, connect)
        stand_in = _Serving(here, self._planes, Events(client, clock), clock, key)
        stand_in.serves = serves
        self.desk = Desk(stand_in, clock=clock, random=random.random, may_write=may_write)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop, then close what was opened."""
        try:
            await self.desk.run(stop)
        finally:
            await self._planes.aclose()
