"""Waits for a namespace to write into, for a kind to be served, for an object to be gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from reconciler.cluster.addresses import Address, namespace_address
from reconciler.cluster.kinds import served_kinds
from reconciler.cluster.rim import Rim
from reconciler.model.errors import ClusterError
from reconciler.model.keys import GROUP

if TYPE_CHECKING:
    from reconciler.cluster.applying import ObjectWriter
    from reconciler.cluster.client import KubeClient

FIRST_S = 0.1
LONGEST_S = 2.0


async def wait_for_namespace(writer: ObjectWriter, name: str, rim: Rim, *, timeout_s: float) -> str:
    """Wait until a namespace exists and is not being deleted.

    Args:
        writer: the cluster.
        name: the namespace.
        rim: clock and sleep.
        timeout_s: how long to wait, in seconds.

    Returns:
        nothing once it is there, else what stood in the way when time was up.
    """

    async def look() -> str:
        found = await writer.read(namespace_address(name))
        if found is None:
            return f"namespace {name} does not exist"
        return f"namespace {name} is being deleted" if found["metadata"].get("deletionTimestamp") else ""

    return await _until(look, rim, timeout_s)


async def wait_for_kind(client: KubeClient, kind: str, rim: Rim, *, timeout_s: float) -> str:
    """Wait until the cluster serves a kind of group gravitee.io; arguments and result as above."""

    async def look() -> str:
        served = await served_kinds(client, GROUP)
        return "" if any(one.kind == kind for one in served) else f"the cluster does not serve {kind}"

    return await _until(look, rim, timeout_s)


async def wait_until_gone(
    writer: ObjectWriter, address: Address, uid: str, rim: Rim, *, timeout_s: float
) -> str:
    """Wait until the object of this uid is gone; arguments and result as above."""

    async def look() -> str:
        found = await writer.read(address)
        if found is None or found["metadata"].get("uid") != uid:
            return ""
        held = ", ".join(found["metadata"].get("finalizers") or ())
        return f"{address} is still there" + (f", held by {held}" if held else "")

    return await _until(look, rim, timeout_s)


async def _until(look: Callable[[], Awaitable[str]], rim: Rim, timeout_s: float) -> str:
    """Look again and again, less and less often, until nothing stands in the way or time is up."""
    deadline, pause = rim.clock() + timeout_s, FIRST_S
    while True:
        try:
            wrong = await look()
        except ClusterError as error:
            wrong = error.sentence()
        if not wrong:
            return ""
        left = deadline - rim.clock()
        if left <= 0:
            return wrong
        await rim.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_S)
