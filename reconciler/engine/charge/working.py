"""The one that stands in for GKO on one cluster, for as long as this process is in charge there."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from reconciler.cluster.events import Events
from reconciler.control_plane.transport import open_control_plane
from reconciler.engine.charge.feed import Feed
from reconciler.engine.charge.noting import Kept, Noting, Told
from reconciler.engine.standing_in.desk import Desk, MayWrite
from reconciler.engine.standing_in.planes import Connect, Planes
from reconciler.engine.standing_in.reconciling import StandIn, Work
from reconciler.engine.standing_in.surroundings import Surroundings, Thing

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.cluster.watching import ClusterWatch

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
    noting: Noting
    clock: Callable[[], float]

    async def reconcile(
        self, thing: Thing, attempt: int = 1, *, before: float | None = None, first: bool = False
    ) -> Work:
        if not self.serves(thing.namespace):
            return Work(thing)
        began = self.clock()
        work = await super().reconcile(thing, attempt, before=before, first=first)
        self.noting.done(work, began)
        return work


class StandingIn:
    """Stands in for GKO on one cluster; each instance begins by reading everything.

    Args:
        client: the cluster.
        may_write: asked before each turn.
        serves: asked before each turn, with the resource's namespace.
        watch: tells what changes on the cluster, until it is cancelled.
        told: told what was done, and what failed.
        kept: given a deed for whatever was sent.
        clock: seconds since the epoch.
        key: this process's digest key.
        connect: opens a control plane.
    """

    def __init__(
        self,
        client: KubeClient,
        watch: ClusterWatch,
        may_write: MayWrite,
        serves: Serves,
        *,
        told: Told,
        kept: Kept,
        clock: Callable[[], float],
        key: bytes,
        connect: Connect = open_control_plane,
    ) -> None:
        here = Surroundings(client, client.name)
        self._watch = watch
        self._planes = Planes(here, connect)
        stand_in = _Serving(here, self._planes, Events(client, clock), clock, key)
        stand_in.serves, stand_in.clock = serves, clock
        stand_in.noting = Noting(client.name, told, kept, clock)
        self.desk = Desk(
            stand_in, clock=clock, random=random.random, sleep=self._until_news, may_write=may_write
        )
        self._feed = Feed(self.desk, here)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop, then close what was opened."""
        loop = asyncio.get_running_loop()
        watching = loop.create_task(self._watch.run(self._feed))
        stopping = loop.create_task(self._tell(stop))
        try:
            await self.desk.run(stop)
        finally:
            for task in (watching, stopping):
                task.cancel()
            await asyncio.gather(watching, stopping, return_exceptions=True)
            await self._planes.aclose()

    async def _tell(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._feed.news.set()

    async def _until_news(self, seconds: float) -> None:
        """Wait, but not while there is something to do."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._feed.news.wait(), seconds)
        self._feed.news.clear()
