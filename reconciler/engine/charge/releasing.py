"""Takes our finalizers off everything, where nobody will serve them any more (ENGINE §10).

What the objects mean stays at the control plane. An object that is under deletion vanishes with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cluster.finalizers import write_marks
from reconciler.engine.standing_in.surroundings import Surroundings, thing_of
from reconciler.engine.standing_in.used import Used
from reconciler.rules.apim.standing_in.marks import released

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient


async def release_everything(client: KubeClient, scope: frozenset[str]) -> int:
    """Take our finalizers off every object, and the marks off what they use.

    Args:
        client: the cluster.
        scope: the namespaces it is about; empty means all.

    Returns:
        of how many objects finalizers were taken.

    Raises:
        ClusterError: something cannot be read or written; said again, it goes on with the rest.
    """
    here = Surroundings(client, client.name)
    await here.refresh()
    used = Used(here)
    count = 0
    for obj in list(here.every()):
        thing = thing_of(obj)
        if scope and thing.namespace not in scope:
            continue
        address = here.address(thing)
        if address is None:
            continue
        # First what it uses: were its own finalizer gone first, nobody would know of that any more.
        here.gone(thing)
        await used.forget(thing, obj)
        if released(obj).get("finalizers") != obj["metadata"].get("finalizers"):
            await write_marks(client, address, obj, released)
            count += 1
    return count
