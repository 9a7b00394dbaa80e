"""One replica of a stand-in for GKO, as far as leases, finalizers and writes go.

It works only while it holds the lease, ends when it loses it, and lets it run out when it is killed, as
controller-runtime's manager does without `LeaderElectionReleaseOnCancel`.
"""

from __future__ import annotations

import asyncio
import time

from reconciler.cluster.leases import Lease
from reconciler.engine.charge.noting import nowhere
from reconciler.engine.charge.operators import LEASE
from reconciler.engine.charge.working import StandingIn
from reconciler.model.errors import ClusterError
from tests.integration.charge.ground import DURATION_S, GKO, OPERATORS, Ground

RETRY_S = 0.4


class Gko:
    """One replica.

    Args:
        ground: where it works.
        name: of its pod.
    """

    def __init__(self, ground: Ground, name: str) -> None:
        self.identity = f"gko-controller-manager-{name}_1234"
        self._ground = ground
        self._lease = Lease(ground.client, OPERATORS, LEASE, self.identity, duration_s=DURATION_S)
        self._task: asyncio.Task[None] | None = None
        self.leads = False

    def start(self) -> Gko:
        """Begin to wait for the lease."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def kill(self) -> None:
        """End without a word; the lease runs out by itself."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self.leads = False

    async def _run(self) -> None:
        while True:
            try:
                if (await self._lease.acquire(time.time())).held:
                    break
            except ClusterError:
                pass
            await asyncio.sleep(RETRY_S)
        stop, self.leads = asyncio.Event(), True
        work = StandingIn(
            self._ground.client,
            self._ground.watch(),
            self._until,
            lambda _: True,
            told=lambda _event, _facts: None,
            kept=nowhere,
            clock=time.time,
            key=b"gko's own key",
            connect=self._ground.connect(GKO),
        )
        working = asyncio.get_running_loop().create_task(work.run(stop))
        try:
            while (await self._lease.renew(time.time())).held:  # noqa: ASYNC110 (others renew by time, too)
                await asyncio.sleep(RETRY_S)
        finally:
            self.leads = False
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    def _until(self) -> float:
        return self._lease.over_at() if self._lease.may_write(time.time()) else 0.0
