"""The control planes that ManagementContexts mean, connected when they are first needed.

A context that changed, or whose Secret did, is another way in: the old connection is closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.contexts import target_from_context
from reconciler.control_plane.places import Target
from reconciler.control_plane.plugins import PluginCatalogue
from reconciler.control_plane.transport import open_control_plane
from reconciler.control_plane.writing import ControlPlaneWriter
from reconciler.engine.standing_in.surroundings import Surroundings, Thing, thing_of
from reconciler.model.errors import ClusterError
from reconciler.rules.apim.references import Unreadable
from reconciler.rules.apim.standing_in.marks import secret_of_context, spec_hash

Connect = Callable[[Target], ControlPlaneClient]


@dataclass(frozen=True, slots=True)
class Plane:
    """One environment of one control plane, ready to be written to."""

    client: ControlPlaneClient
    writer: ControlPlaneWriter
    plugins: PluginCatalogue


class Planes:
    """Opens control planes by their ManagementContext.

    Args:
        surroundings: the cluster, whose Secrets hold credentials.
        connect: makes a client; how long a request may take is in the target.
        timeout_s: seconds that one request may take; None leaves what a target says.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        connect: Connect = open_control_plane,
        timeout_s: float | None = None,
    ) -> None:
        self._surroundings = surroundings
        self._connect = connect
        self._timeout_s = timeout_s
        self._open: dict[Thing, tuple[object, Plane]] = {}

    async def of(self, context: Mapping[str, Any]) -> Plane:
        """The control plane of a ManagementContext.

        Raises:
            ControlPlaneError: it does not say where, or its credentials cannot be read.
        """
        thing = thing_of(context)
        way = (spec_hash(context), await self._credentials(context))
        known = self._open.get(thing)
        if known is not None and known[0] == way:
            return known[1]
        target = await target_from_context(self._surroundings.cluster, context, self._secret)
        if self._timeout_s is not None:
            target = replace(target, timeout_s=self._timeout_s)
        client = self._connect(target)
        self._open[thing] = (way, _plane(client))
        if known is not None:
            await known[1].client.aclose()
        return self._open[thing][1]

    async def aclose(self) -> None:
        """Close every connection."""
        opened, self._open = self._open, {}
        for _, plane in opened.values():
            await plane.client.aclose()

    async def _credentials(self, context: Mapping[str, Any]) -> int:
        source = secret_of_context(context)
        if source is None:
            return 0
        thing = Thing(*source)
        try:
            values = self._surroundings.values(thing)
        except KeyError:
            await self._surroundings.read((thing,))
            values = self._surroundings.values(thing)
        # Only whether it is another one: no more of a credential is kept than its client needs.
        return hash(tuple(sorted(values.items()))) if isinstance(values, Mapping) else 0

    async def _secret(self, namespace: str, name: str) -> Mapping[str, str]:
        thing = Thing("Secret", namespace, name)
        await self._surroundings.read((thing,))
        values = self._surroundings.values(thing)
        if isinstance(values, Unreadable):
            raise ClusterError(values.reason, subject=str(thing))
        if values is None:
            raise ClusterError("not found", subject=str(thing), status=404, reason="not-found")
        return values


def _plane(client: ControlPlaneClient) -> Plane:
    return Plane(client, ControlPlaneWriter(client), PluginCatalogue(client, time.monotonic))
