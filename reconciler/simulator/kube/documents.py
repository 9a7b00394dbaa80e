"""Which document lies at a path that is not one of an object: discovery, schemas, the version."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.kube import discovery, openapi
from reconciler.simulator.kube.answers import NoSuchPath
from reconciler.simulator.kube.cluster import SimCluster

_JSON = "application/json"


def document_at(cluster: SimCluster, path: str, accept: str, address: str) -> tuple[str, dict[str, Any]]:
    """Return a document and its media type.

    Args:
        cluster: whose documents; the caller holds its lock.
        path: the path, without a slash at its end.
        accept: the Accept header; aggregated discovery is given to those that ask for it.
        address: host and port of the server.

    Raises:
        NoSuchPath: nothing lies there.
    """
    catalogue = cluster.catalogue
    parts = path.split("/")[1:]
    if path in ("/api", "/apis") and "as=APIGroupDiscoveryList" in accept and "v=v2;" in f"{accept};":
        return discovery.AGGREGATED, discovery.aggregated(catalogue, core=path == "/api")
    found: dict[str, Any] | None = None
    if path == "/version":
        found = discovery.version_info(cluster.version)
    elif path == "/api":
        found = discovery.core_versions(address)
    elif path == "/apis":
        found = discovery.group_list(catalogue)
    elif path == "/openapi/v3":
        found = openapi.index(catalogue)
    elif parts[:2] == ["openapi", "v3"]:
        found = _openapi(cluster, parts[2:])
    elif parts[0] == "apis" and len(parts) == 2:
        found = discovery.group_document(catalogue, parts[1])
    elif parts[0] == "apis" and len(parts) == 3:
        found = discovery.resource_list(catalogue, parts[1], parts[2])
    elif parts[0] == "api" and len(parts) == 2:
        found = discovery.resource_list(catalogue, "", parts[1])
    elif path == "":
        found = {"paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]}
    if found is None:
        raise NoSuchPath("is not served", subject=path)
    return _JSON, found


def _openapi(cluster: SimCluster, parts: list[str]) -> dict[str, Any] | None:
    if len(parts) == 2 and parts[0] == "api":
        return openapi.document(cluster.catalogue, "", parts[1])
    if len(parts) == 3 and parts[0] == "apis":
        return openapi.document(cluster.catalogue, parts[1], parts[2])
    return None
