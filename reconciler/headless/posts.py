"""The clusters on which this process stands in for GKO, as far as the configuration lets it (ENGINE §8)."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reconciler.cluster.connection import open_cluster
from reconciler.cluster.watching import ClusterWatch
from reconciler.engine.charge.noting import Kept
from reconciler.engine.charge.operators import identity_of
from reconciler.engine.charge.post import TOLD, Post, Told
from reconciler.engine.charge.working import StandingIn
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.settings.model import Cluster, Platform


def counting_sleep() -> Callable[[], float]:
    """A clock in seconds since the epoch that nobody sets and that goes on while the machine sleeps.

    A lease that ran out during a sleep is then known to have run out. Where the system has no such clock, it
    is the wall clock.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is None:
        return time.time
    ahead = time.time() - time.clock_gettime(boot)
    return lambda: ahead + time.clock_gettime(boot)


class Posts:
    """One post for each cluster whose `operator` is not `gko`.

    Args:
        platform: the clusters.
        environ: the environment, for credentials.
        told: told what happens with them, and what is done there.
        kept: given a deed for whatever was sent.
    """

    def __init__(self, platform: Platform, environ: Mapping[str, str], told: Told, kept: Kept) -> None:
        self._specs = [spec for spec in platform.clusters if spec.operator != "gko"]
        self._environ = environ
        self._told = told
        self._kept = kept
        self._clock = counting_sleep()
        self._key = secrets.token_bytes(32)
        self._identity = identity_of(socket.gethostname(), secrets.token_hex(4))

    @property
    def needed(self) -> bool:
        """Whether there is any."""
        return bool(self._specs)

    async def run(self, stop: asyncio.Event) -> None:
        """Hold every post until told to stop; every lease is given back then."""
        await asyncio.gather(*(self._one(spec, stop) for spec in self._specs))

    async def _one(self, spec: Cluster, stop: asyncio.Event) -> None:
        try:
            client = await open_cluster(spec, environ=self._environ)
        except GkoError as error:
            self._told(TOLD, {"cluster": spec.name, "state": "unreadable", "why": error.sentence()})
            await stop.wait()
            return
        try:
            await self._post(client, spec).run(stop)
        finally:
            await client.aclose()

    def _post(self, client: KubeClient, spec: Cluster) -> Post:
        def employ(may_write: Callable[[], float], serves: Callable[[str], bool]) -> StandingIn:
            # Whatever is configured to be shown: GKO serves every namespace, so what it did is done for all.
            whole = spec.model_copy(update={"namespaces": ()})
            watch = ClusterWatch(lambda: open_cluster(spec, environ=self._environ), whole, clock=self._clock)
            return StandingIn(
                client,
                watch,
                may_write,
                serves,
                told=self._told,
                kept=self._kept,
                clock=self._clock,
                key=self._key,
            )

        return Post(client, spec, employ=employ, identity=self._identity, clock=self._clock, told=self._told)
