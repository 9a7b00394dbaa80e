"""Puts finalizers and annotations on objects and takes them off, by patches that test what they replace.

Others have finalizers on the same object. A list in a merge patch would write over theirs; a JSON Patch that
tests the list as it was read cannot. Where it fails, the object is read again and the patch made anew.
Source: RFC 6902; Kubernetes documentation, "Finalizers".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import ClusterError

if TYPE_CHECKING:
    from reconciler.cluster.addresses import Address
    from reconciler.cluster.client import KubeClient

JSON_PATCH = "application/json-patch+json"
OWN_MANAGER = "gko-tui"
_TRIES = 4
_ABSENT: object = object()

Wanted = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From an object to the metadata that it is to have; only `finalizers` and `annotations` are looked at."""


async def write_marks(
    client: KubeClient, address: Address, found: Mapping[str, Any] | None, wanted: Wanted
) -> dict[str, Any] | None:
    """Bring the finalizers and annotations of an object to what they are to be; no write where they are.

    Args:
        client: its cluster.
        address: where it stands.
        found: the object as last read; None reads it first.
        wanted: tells the metadata, each time from the object as it is then.

    Returns:
        the object as it is now; None once it is gone.

    Raises:
        ClusterError: it was refused, or no answer came.
    """
    now = dict(found) if found is not None else await _read(client, address)
    for tries_left in reversed(range(_TRIES)):
        if now is None:
            return None
        patch = patch_of(now, wanted(now))
        if not patch:
            return now
        try:
            body = await client.request(
                "PATCH",
                address.path,
                body=patch,
                content_type=JSON_PATCH,
                params={"fieldManager": OWN_MANAGER},
            )
        except ClusterError as error:
            if error.status == 404:
                return None
            if error.status not in (409, 422) or not tries_left:
                raise
            again = await _read(client, address)
            if error.status == 422 and again is not None and _version(again) == _version(now):
                raise  # nobody changed it meanwhile: it is the patch that is refused
            now = again
            continue
        # The last finalizer of an object under deletion: what comes back is what has just vanished.
        return None if _vanished(body) else body
    raise AssertionError("the last try returns or raises")


def patch_of(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The JSON Patch from an object to wanted finalizers and annotations; empty where there is no difference.

    Args:
        found: the object.
        wanted: the metadata that it is to have.
    """
    metadata = found["metadata"]
    operations: list[dict[str, Any]] = []
    for field in ("finalizers", "annotations"):
        before, after = metadata.get(field, _ABSENT), wanted.get(field, _ABSENT)
        empty: tuple[object, ...] = (_ABSENT, [], {}, None)
        if before == after or (before in empty and after in empty):
            continue
        path = f"/metadata/{field}"
        if before is not _ABSENT:
            operations.append({"op": "test", "path": path, "value": before})
        if after is _ABSENT:
            operations.append({"op": "remove", "path": path})
        else:
            operations.append({"op": "add", "path": path, "value": after})
    if not operations:
        return []
    # Made anew under the same name, it would be another object.
    return [{"op": "test", "path": "/metadata/uid", "value": metadata.get("uid")}, *operations]


def _vanished(body: Mapping[str, Any]) -> bool:
    metadata = body.get("metadata") or {}
    return bool(metadata.get("deletionTimestamp")) and not metadata.get("finalizers")


def _version(body: Mapping[str, Any]) -> str:
    return str(body["metadata"].get("resourceVersion", ""))


async def _read(client: KubeClient, address: Address) -> dict[str, Any] | None:
    try:
        return await client.get(address.path)
    except ClusterError as error:
        if error.status == 404:
            return None
        raise
