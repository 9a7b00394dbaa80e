"""Keeps the ConfigMaps from which gateways take APIs of the local mode (DOMAIN §2.6).

A ConfigMap that is not marked as an API's own is somebody else's: it is neither overwritten nor deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reconciler.cluster.addresses import config_map
from reconciler.model.errors import ClusterError
from reconciler.rules.apim.references import Resource, name_of
from reconciler.rules.apim.standing_in.local import is_config_map_of
from reconciler.rules.apim.standing_in.told import Failure, FailureClass

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient


async def keep_config_map(
    client: KubeClient, obj: Resource, known: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any] | None, Failure | None]:
    """Make an API's ConfigMap what it is to be.

    Args:
        client: the cluster.
        obj: the API.
        known: the ConfigMap of its name that is marked as an API's, as last listed.
        wanted: what is to be there; None takes it away.

    Returns:
        the ConfigMap as it is now (None: this API has none), and why it could not be made.

    Raises:
        ClusterError: the cluster refused, or did not answer.
    """
    address = config_map(*name_of(obj))
    if wanted is None:
        if known is None or not is_config_map_of(known, obj):
            return known, None
        metadata = known["metadata"]
        options = {"preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}}
        try:
            await client.request("DELETE", address.path, body=options)
        except ClusterError as error:
            if error.status != 404:
                raise
        return None, None
    if known is not None and is_config_map_of(known, obj):
        if known.get("data") == wanted["data"]:
            return known, None
        body = {**known, **_typed(), "data": wanted["data"]}
        return await client.request("PUT", address.path, body=body), None
    try:
        return await client.request("POST", address.collection, body=dict(wanted)), None
    except ClusterError as error:
        if error.status != 409:
            raise
        what = (
            f"ConfigMap {address.namespace}/{address.name} exists and is not this API's; rename one of them"
        )
        return None, Failure(FailureClass.ILLEGAL, what, (str(address),))


def _typed() -> dict[str, str]:
    return {"apiVersion": "v1", "kind": "ConfigMap"}
