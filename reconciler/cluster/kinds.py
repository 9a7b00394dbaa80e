"""Which kinds of a group a cluster serves, found at run time: the list of kinds is open (DOMAIN §1)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.cluster.failures import plain, unexpected_answer
from reconciler.model.errors import ClusterError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient


@dataclass(frozen=True, slots=True)
class ServedKind:
    """One kind as a cluster serves it. `verbs` are the server's, not what the user may do."""

    kind: str
    plural: str
    version: str
    namespaced: bool
    verbs: frozenset[str]
    short_names: tuple[str, ...] = ()


async def served_kinds(client: KubeClient, group: str) -> tuple[ServedKind, ...]:
    """Discover the kinds of a group, each in the version that the server prefers among those that have it.

    Returns:
        The kinds by name; empty when the group is not installed.

    Raises:
        ClusterError: the server did not answer, or not as an API server does.
    """
    try:
        body = await client.get(f"/apis/{group}")
    except ClusterError as error:
        if error.status != 404:
            raise
        await _confirm_absence(client, group)
        return ()
    versions = _versions(client, body)
    lists = await asyncio.gather(*(client.get(f"/apis/{group}/{version}") for version in versions))
    found: dict[str, ServedKind] = {}
    for version, listed in zip(versions, lists, strict=True):
        for resource in _items(client, listed, "resources"):
            kind = _served(client, version, resource)
            if kind is not None:
                found.setdefault(kind.kind, kind)
    return tuple(found[name] for name in sorted(found))


async def server_version(client: KubeClient) -> str:
    """Return the server's version (`v1.36.3`), or nothing where it is not told.

    Raises:
        ClusterError: the server cannot be reached, or refuses the credentials.
    """
    try:
        body = await client.get("/version")
    except ClusterError as error:
        if error.status in (403, 404):
            return ""
        raise
    return plain(body.get("gitVersion") or "", 40)


async def _confirm_absence(client: KubeClient, group: str) -> None:
    """Make sure that it was an API server that said 404, not a proxy in front of one that is away."""
    body = await client.get("/apis")
    names = [item.get("name") for item in _items(client, body, "groups")]
    if body.get("kind") != "APIGroupList" or group in names:
        raise unexpected_answer(
            client.name, 404, "", f"says that {group} is not found, and also that it is served"
        )


def _versions(client: KubeClient, body: dict[str, Any]) -> list[str]:
    preferred = body.get("preferredVersion")
    first = preferred.get("version") if isinstance(preferred, dict) else None
    all_of_them = [item.get("version") for item in _items(client, body, "versions")]
    ordered = [first, *all_of_them] if first else all_of_them
    return list(dict.fromkeys(version for version in ordered if isinstance(version, str)))


def _items(client: KubeClient, body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = body.get(name)
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise unexpected_answer(client.name, 200, "", f"answered discovery without `{name}`")
    return listed


def _served(client: KubeClient, version: str, resource: dict[str, Any]) -> ServedKind | None:
    kind, plural = resource.get("kind"), resource.get("name")
    if not isinstance(kind, str) or not isinstance(plural, str):
        raise unexpected_answer(
            client.name, 200, "", "answered discovery with a resource without kind or name"
        )
    if "/" in plural:  # status, scale and other subresources
        return None
    return ServedKind(
        kind,
        plural,
        version,
        resource.get("namespaced") is True,
        frozenset(resource.get("verbs") or ()),
        tuple(resource.get("shortNames") or ()),
    )
