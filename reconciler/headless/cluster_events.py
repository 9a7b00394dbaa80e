"""Kubernetes events for what a person has to settle: `kubectl describe` shows that healing stopped, and why.

Nothing waits for them and nothing fails with them: where the right to write events is missing, the line in
the log is all there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from reconciler.cluster.events import Events
from reconciler.engine.downstream.clients import Clients
from reconciler.model.errors import GkoError
from reconciler.model.keys import GROUP
from reconciler.model.rows import Row
from reconciler.settings.model import Platform

COMPONENT = "gko-reconciler"
VERSION = f"{GROUP}/v1alpha1"
GRACE_S = 3.0
MOST = 1024
"""Bytes of a message: more is refused."""


class ClusterEvents:
    """Emits events about objects.

    Args:
        platform: the clusters.
        environ: the environment, for credentials.
        clock: seconds since the epoch.
    """

    def __init__(self, platform: Platform, environ: Mapping[str, str], *, clock: Callable[[], float]) -> None:
        self._clients = Clients(platform.clusters, environ)
        self._clock = clock
        self._events: dict[str, Events] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def warn(self, row: Row, reason: str, message: str) -> None:
        """Emit a warning about the object of a row, later; without an object there is nothing to say it of.

        Args:
            row: the resource.
            reason: one word.
            message: a sentence.
        """
        if row.cluster_trace is None:
            return
        task = asyncio.get_running_loop().create_task(self._emit(row, reason, message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def aclose(self) -> None:
        """Let what is under way end, and close connections."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE_S)
        await self._clients.aclose()

    async def _emit(self, row: Row, reason: str, message: str) -> None:
        key, trace = row.key, row.cluster_trace
        assert trace is not None
        try:
            if key.cluster not in self._events:
                client = await self._clients.of(key.cluster)
                self._events.setdefault(key.cluster, Events(client, self._clock, COMPONENT))
        except GkoError:
            return  # a cluster that cannot be opened is told of by its place
        about = {
            "apiVersion": VERSION,
            "kind": key.kind,
            "metadata": {"namespace": key.namespace, "name": key.name, "uid": trace.uid},
        }
        said = message.encode()[:MOST].decode(errors="ignore")
        await self._events[key.cluster].emit(about, "Warning", reason, said, COMPONENT)
