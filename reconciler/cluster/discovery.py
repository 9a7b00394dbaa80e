"""What a cluster serves: version, kinds of the group and their schemas, read together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cluster.kinds import ServedKind, served_kinds, server_version
from reconciler.cluster.schemas import Schema, SchemaReader
from reconciler.model.keys import GROUP

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient


@dataclass(frozen=True, slots=True)
class Discovered:
    """One discovery; equal ones mean that nothing has changed."""

    kinds: tuple[ServedKind, ...]
    schemas: dict[str, Schema]
    version: str


class Discovery:
    """Discovers again and again, reading schemas only when they have changed."""

    def __init__(self) -> None:
        self._schemas = SchemaReader(GROUP)

    async def read(self, client: KubeClient) -> Discovered:
        """Ask the cluster what it serves.

        Raises:
            ClusterError: it did not answer, or not as an API server does.
        """
        return await self.of(client, await self.kinds(client))

    async def kinds(self, client: KubeClient) -> tuple[ServedKind, ...]:
        """Ask only for the kinds: where the way is barred, that is found out once, not by many requests.

        Raises:
            ClusterError: the cluster did not answer, or not as an API server does.
        """
        return await served_kinds(client, GROUP)

    async def of(self, client: KubeClient, kinds: tuple[ServedKind, ...]) -> Discovered:
        """Ask for the rest: the server's version, and the schema of each of these kinds.

        Raises:
            ClusterError: the cluster did not answer, or not as an API server does.
        """
        version, schemas = await asyncio.gather(server_version(client), self._schemas.read(client, kinds))
        return Discovered(kinds, schemas, version)
