"""The ConfigMaps from which gateways of the local mode take APIs (DOMAIN §2.6)."""

from __future__ import annotations

import json

from reconciler.simulator.gko.lookups import Body, Ref
from reconciler.simulator.gko.marks import MANAGER
from reconciler.simulator.kube.cluster import SimCluster

LABELS = {"managed-by": "gravitee.io", "gio-type": "apidefinitions.gravitee.io"}


def keep_config_map(
    cluster: SimCluster, owner: Body, definition: Body | None, place: tuple[str, str], at: float
) -> None:
    """Make an API's ConfigMap what it is to be.

    Args:
        cluster: where it lives.
        owner: the API.
        definition: what gateways are to run; None takes the ConfigMap away, as for an API that is stopped.
        place: the ids of organization and environment.
        at: when (seconds since the epoch).
    """
    metadata = owner["metadata"]
    ref = Ref("ConfigMap", metadata["namespace"], metadata["name"])
    known = cluster.get(*ref)
    if definition is None:
        if known is not None and known["metadata"].get("labels", {}) == LABELS:
            cluster.delete(*ref, at=at)
        return
    data = {
        "definition": json.dumps(definition, separators=(",", ":")),
        "organizationId": place[0],
        "environmentId": place[1],
    }
    if owner["kind"] == "ApiV4Definition":
        data["apiDefinitionVersion"] = "4.0.0"
    if known is not None:
        if known.get("data") != data:
            cluster.update({**known, "data": data}, manager=MANAGER, at=at)
        return
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": dict(LABELS),
            "ownerReferences": [
                {
                    "apiVersion": owner["apiVersion"],
                    "kind": owner["kind"],
                    "name": ref.name,
                    "uid": metadata["uid"],
                }
            ],
        },
        "data": data,
    }
    cluster.create(body, manager=MANAGER, at=at)
