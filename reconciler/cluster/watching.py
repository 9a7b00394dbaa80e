"""Reads a cluster once, or keeps reading it for ever: the two ways the engine observes Kubernetes.

A session lasts while the cluster answers: it discovers what is served, follows every kind at the same time,
and discovers again each minute or when a kind suspects that something has changed. When the cluster fails
as a whole the session ends; the next one reads the kubeconfig anew, so that a fresh login is picked up.
"""

from __future__ import annotations

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reconciler.cluster.discovery import Discovered, Discovery
from reconciler.cluster.following import KindFollower, list_scope, scopes_of
from reconciler.cluster.listing import list_whole
from reconciler.cluster.rim import Backoff, Rim
from reconciler.cluster.sink import ClusterSink
from reconciler.cluster.states import ClusterStates
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.cluster.kinds import ServedKind
    from reconciler.model.keys import ResourceKey
    from reconciler.settings.model import Cluster

__all__ = ["ClusterSink", "ClusterWatch", "observe_once"]

REDISCOVER_S = 60.0
SETTLE_S = 0.2
"""When many kinds suspect something in the same moment, one discovery answers them all."""
LISTINGS = 4
"""Listings of one cluster under way at a time: each holds one page of whole objects in memory."""

ClientFactory = Callable[[], Awaitable["KubeClient"]]


async def observe_once(
    client: KubeClient, spec: Cluster, sink: ClusterSink, *, clock: Callable[[], float] = time.time
) -> None:
    """Read a cluster whole: what it serves, then every kind, several at the same time; no watch.

    A kind that cannot be read is a state told to the sink, and the others go on.

    Args:
        client: the cluster; the caller closes it.
        spec: its configuration.
        sink: who is told.
        clock: seconds since the epoch.

    Raises:
        ClusterError: the cluster as a whole could not be read.
        ConfigurationError: its credentials cannot be used.
    """
    states = ClusterStates(spec.name, sink, clock)
    states.connecting()
    discovery = Discovery()
    kinds = await discovery.kinds(client)
    told, gate = asyncio.Event(), asyncio.Semaphore(LISTINGS)
    # The server collects the first pages while the schemas are read.
    listings = [
        asyncio.create_task(_list_kind_once(client, spec, kind, sink, states, gate, told)) for kind in kinds
    ]
    try:
        discovered = await discovery.of(client, kinds)
        sink.kinds(spec.name, discovered.kinds, discovered.schemas, discovered.version)
        states.serves(discovered.kinds, discovered.version)
        told.set()
        await asyncio.gather(*listings)
    finally:
        await _end(listings)


async def _list_kind_once(
    client: KubeClient,
    spec: Cluster,
    kind: ServedKind,
    sink: ClusterSink,
    states: ClusterStates,
    gate: asyncio.Semaphore,
    told: asyncio.Event,
) -> None:
    """List a kind into the sink, once that was told which kinds there are."""
    keys: set[ResourceKey] = set()
    failure: GkoError | None = None
    for namespace in scopes_of(kind, spec.namespaces):
        try:
            async with gate:
                found, _ = await list_scope(client, kind, namespace, sink, after=told, pages=list_whole)
        except GkoError as error:
            failure = failure or error
        else:
            keys |= found
    await told.wait()
    if failure is not None:
        states.kind_failed(kind.kind, failure)
        return
    sink.listed(spec.name, kind.kind, keys)
    states.kind_ready(kind.kind)


class ClusterWatch:
    """Observes one cluster for ever.

    Args:
        client_factory: opens the cluster; called again after every failure of the whole cluster.
        spec: its configuration.
        clock: seconds since the epoch.
        sleep: waits for some seconds.
        random: gives numbers in [0, 1), for jitter.
    """

    def __init__(
        self,
        client_factory: ClientFactory,
        spec: Cluster,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self._client_factory = client_factory
        self._spec = spec
        self._rim = Rim(clock, sleep, random)
        self._discovery = Discovery()
        self._followers: dict[str, KindFollower] = {}
        self._suspicion = asyncio.Event()
        self._gate = asyncio.Semaphore(LISTINGS)

    def look_again(self) -> None:
        """Discover, or connect, now instead of when the wait is over; harmless at any time."""
        self._suspicion.set()

    async def run(self, sink: ClusterSink) -> None:
        """Observe until cancelled; every failure is told to the sink, waited for and tried again."""
        states = ClusterStates(self._spec.name, sink, self._rim.clock)
        backoff = Backoff(self._rim.random)
        states.connecting()
        while True:
            try:
                client = await self._client_factory()
                try:
                    await self._session(client, sink, states, backoff)
                finally:
                    await client.aclose()
            except GkoError as error:
                wait = backoff.next()
                states.failed(error, retry_at=self._rim.clock() + wait)
                self._suspicion.clear()
                await self._pause(wait, {})

    async def _session(
        self, client: KubeClient, sink: ClusterSink, states: ClusterStates, backoff: Backoff
    ) -> None:
        """Follow everything until discovery fails (which raises why)."""
        running: dict[str, asyncio.Task[None]] = {}
        before: Discovered | None = None
        try:
            while True:
                self._suspicion.clear()
                found = await self._discovery.read(client)
                backoff.reset()
                if found != before:
                    sink.kinds(self._spec.name, found.kinds, found.schemas, found.version)
                    before = found
                states.serves(found.kinds, found.version)
                await self._adjust(running, found, client, sink, states)
                await self._pause(REDISCOVER_S, running)
        finally:
            await _end(running.values())

    async def _adjust(
        self,
        running: dict[str, asyncio.Task[None]],
        found: Discovered,
        client: KubeClient,
        sink: ClusterSink,
        states: ClusterStates,
    ) -> None:
        """Follow exactly the kinds that are served now."""
        served = {kind.kind: kind for kind in found.kinds}
        for name, follower in list(self._followers.items()):
            if served.get(name) != follower.kind:
                del self._followers[name]
                if name in running:
                    await _end([running.pop(name)])
        for name, kind in served.items():
            if name not in self._followers:
                self._followers[name] = KindFollower(
                    kind, self._spec.namespaces, sink, states, self._rim, self.look_again, self._gate
                )
            if name not in running:
                running[name] = asyncio.create_task(self._followers[name].run(client))

    async def _pause(self, seconds: float, running: Mapping[str, asyncio.Task[None]]) -> None:
        """Wait, unless something is suspected before; a fault in a follower is raised here."""
        minute = asyncio.ensure_future(self._rim.sleep(seconds))
        suspicion = asyncio.create_task(self._suspicion.wait())
        try:
            done, _ = await asyncio.wait(
                {minute, suspicion, *running.values()}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            await _end([minute, suspicion])
        for task in done - {minute, suspicion}:
            task.result()
        if self._suspicion.is_set() and running:
            await self._rim.sleep(SETTLE_S)


async def _end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they are gone; what they raised is of no interest any more."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
