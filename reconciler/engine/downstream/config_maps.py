"""The ConfigMaps that gateways of the local mode read, as a cluster holds them (DOMAIN §2.6).

Only clusters are asked beside which a gateway of that mode stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.gateways.expecting import expectation_of_config_map
from reconciler.gateways.folding import Expectation
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from reconciler.engine.downstream.clients import Clients

SELECTOR = "managed-by=gravitee.io,gio-type=apidefinitions.gravitee.io"
POLL_S = 10.0


class ConfigMaps:
    """What ConfigMaps ask of gateways, by cluster, namespace and name (the resource's own).

    Args:
        clusters: those to read.
        clients: the connections.
        clock: seconds since the epoch.
    """

    def __init__(self, clusters: frozenset[str], clients: Clients, clock: Callable[[], float]) -> None:
        self.clusters = clusters
        self._clients = clients
        self._clock = clock
        self._found: dict[str, dict[tuple[str, str], Expectation]] = {}
        self._failures: dict[str, str] = {}

    def of(self, cluster: str, namespace: str, name: str) -> Expectation | None:
        """What a resource's ConfigMap asks for; None where there is no such ConfigMap."""
        return self._found.get(cluster, {}).get((namespace, name))

    def failure(self, cluster: str) -> str:
        """Why nothing can be said of a cluster's ConfigMaps; empty where they were read."""
        if cluster in self._failures:
            return self._failures[cluster]
        return "" if cluster in self._found else f"the ConfigMaps on {cluster} have not been read yet"

    async def read(self, cluster: str) -> set[tuple[str, str]]:
        """Read a cluster's ConfigMaps; which of them moved (all of them, if reading fails or recovers)."""
        now = self._clock()
        before, failed = self._found.get(cluster, {}), self._failures.get(cluster)
        try:
            items = await self._clients.listed(cluster, "/api/v1/configmaps", SELECTOR)
        except GkoError as error:
            self._failures[cluster] = f"the ConfigMaps on {cluster} cannot be read: {error.sentence()}"
            return set(before) if failed is None else set()
        found: dict[tuple[str, str], Expectation] = {}
        for item in items:
            asked = expectation_of_config_map(item, read_at=now)
            metadata = item.get("metadata")
            if asked is not None and isinstance(metadata, dict):
                found[str(metadata.get("namespace") or ""), str(metadata.get("name") or "")] = asked
        first = cluster not in self._found
        self._found[cluster] = found
        self._failures.pop(cluster, None)
        names = before.keys() | found.keys()
        if failed is not None or first:
            return set(names)
        return {name for name in names if _revision(before.get(name)) != _revision(found.get(name))}


def _revision(asked: Expectation | None) -> str:
    return asked.revision if asked is not None else ""
