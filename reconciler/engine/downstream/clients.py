"""One more connection to each cluster, for what is asked now and then: Secrets, ConfigMaps, pods.

Watches have connections of their own; a slow answer here delays none of them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.cluster.connection import open_cluster
from reconciler.model.errors import ClusterError, ConfigurationError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.cluster.port_forward import ForwardedStream, PortForwards
    from reconciler.settings.model import Cluster

MAX_ITEMS = 5_000
"""Pods or ConfigMaps that are read of one selector."""


class Clients:
    """Opens clusters when they are first asked for.

    Args:
        clusters: the configured ones.
        environ: the environment, for credentials.
    """

    def __init__(self, clusters: tuple[Cluster, ...], environ: Mapping[str, str]) -> None:
        self._specs = {spec.name: spec for spec in clusters}
        self._environ = environ
        self._open: dict[str, KubeClient] = {}
        self._forwards: dict[str, PortForwards] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, cluster: str) -> KubeClient:
        """The connection to a cluster.

        Raises:
            ConfigurationError: it is not configured, or its kubeconfig cannot be used.
        """
        async with self._locks.setdefault(cluster, asyncio.Lock()):
            found = self._open.get(cluster)
            if found is None:
                found = self._open[cluster] = await open_cluster(self._spec(cluster), environ=self._environ)
            return found

    async def secret(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        """The data of a Secret as text; what is no text is left out.

        Raises:
            GkoError: it cannot be read, or does not exist (status 404).
        """
        body = await self._one(cluster, "secrets", namespace, name)
        return _texts(body.get("data"))

    async def config_map(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        """The data of a ConfigMap.

        Raises:
            GkoError: it cannot be read, or does not exist (status 404).
        """
        data = (await self._one(cluster, "configmaps", namespace, name)).get("data")
        return {str(k): v for k, v in data.items() if isinstance(v, str)} if isinstance(data, dict) else {}

    async def pods(self, cluster: str, namespace: str, selector: str) -> list[dict[str, Any]]:
        """The pods that a label selector finds.

        Raises:
            GkoError: they cannot be listed.
        """
        return await self.listed(cluster, f"/api/v1/namespaces/{quote(namespace, safe='')}/pods", selector)

    async def listed(self, cluster: str, path: str, selector: str) -> list[dict[str, Any]]:
        """The objects below a path that a label selector finds.

        Raises:
            GkoError: they cannot be listed.
        """
        client = await self.of(cluster)
        body = await client.get(path, labelSelector=selector, limit=MAX_ITEMS)
        items = body.get("items")
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    async def dial(self, cluster: str, namespace: str, pod: str, port: int) -> ForwardedStream:
        """Connect to a port of a pod through the API server. The caller closes the connection.

        Raises:
            GkoError: the way is barred.
        """
        async with self._locks.setdefault(f"{cluster} forwards", asyncio.Lock()):
            forwards = self._forwards.get(cluster)
            if forwards is None:
                from reconciler.cluster.port_forward import open_port_forwards

                forwards = open_port_forwards(self._spec(cluster), environ=self._environ)
                self._forwards[cluster] = forwards
        return await forwards.dial(namespace, pod, port)

    async def aclose(self) -> None:
        """Close every connection."""
        opened, self._open = self._open, {}
        for client in opened.values():
            await client.aclose()

    def _spec(self, cluster: str) -> Cluster:
        spec = self._specs.get(cluster)
        if spec is None:
            raise ConfigurationError(
                "is no configured cluster", subject=cluster, next_step="add it below `clusters`"
            )
        return spec

    async def _one(self, cluster: str, plural: str, namespace: str, name: str) -> dict[str, Any]:
        client = await self.of(cluster)
        return await client.get(
            f"/api/v1/namespaces/{quote(namespace, safe='')}/{plural}/{quote(name, safe='')}"
        )


def is_absent(error: Exception) -> bool:
    """Whether an error says that the thing does not exist."""
    return isinstance(error, ClusterError) and error.status == 404


def _texts(data: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in data.items() if isinstance(data, dict) else ():
        try:
            found[str(key)] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError, TypeError):
            continue
    return found
