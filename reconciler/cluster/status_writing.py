"""Writes the status of an object through its own subresource, and only on the version that was judged.

A status says what became of one generation of a spec. If the object changed meanwhile, the status would speak
of a spec that it never saw; then nothing is written, and whoever judges looks again.
Source: Kubernetes documentation, "API concepts" (resourceVersion, status subresource).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import ClusterError

if TYPE_CHECKING:
    from reconciler.cluster.addresses import Address
    from reconciler.cluster.client import KubeClient

OWN_MANAGER = "gko-tui"
_TRIES = 3
"""So often a status is written anew where only its own neighbours (labels, finalizers) changed meanwhile."""


@dataclass(frozen=True, slots=True)
class StatusWritten:
    """What came of writing a status.

    Attributes:
        body: the object as it is now; None where it is gone.
        moved: it was changed (spec, deletion) or made anew since it was judged: nothing was written.
        unchanged: it said so already, nothing was sent.
    """

    body: dict[str, Any] | None
    moved: bool = False
    unchanged: bool = False


async def write_status(
    client: KubeClient, address: Address, judged: Mapping[str, Any], status: Mapping[str, Any]
) -> StatusWritten:
    """Replace the status of an object.

    Args:
        client: its cluster.
        address: where it stands.
        judged: the object as it was when the status was made.
        status: the whole new status.

    Raises:
        ClusterError: it was refused, or no answer came: then the next attempt reads it and writes it again.
    """
    if (judged.get("status") or {}) == status:
        return StatusWritten(dict(judged), unchanged=True)
    found: Mapping[str, Any] = judged
    for tries_left in reversed(range(_TRIES)):
        try:
            body = await client.request(
                "PUT",
                f"{address.path}/status",
                body={
                    **found,
                    "apiVersion": address.api_version,
                    "kind": address.kind,
                    "status": dict(status),
                },
                params={"fieldManager": OWN_MANAGER},
            )
            return StatusWritten(body)
        except ClusterError as error:
            if error.status == 404:
                return StatusWritten(None, moved=True)
            if error.status != 409 or not tries_left:
                raise
        now = await _read(client, address)
        if now is None or not same_subject(judged, now):
            return StatusWritten(now, moved=True)
        found = now
    raise AssertionError("the last try returns or raises")


def same_subject(judged: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether an object is still the one that was judged: same uid, same generation, as much deleted."""
    before, after = judged["metadata"], now["metadata"]
    return all(before.get(field) == after.get(field) for field in ("uid", "generation", "deletionTimestamp"))


async def _read(client: KubeClient, address: Address) -> dict[str, Any] | None:
    try:
        return await client.get(address.path)
    except ClusterError as error:
        if error.status == 404:
            return None
        raise
