"""The marks that GKO leaves on every object it has reconciled, so that the demo's clusters look lived in.

Finalizer and hash annotation come with success; then status with ids and conditions (DOMAIN §2.1, §2.4,
§2.7, §10). The hash is opaque to everybody but GKO, so any that changes with the spec will do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.model.keys import ResourceKey
from reconciler.rules.identity import cross_id, hrid, part_id, resource_id
from reconciler.simulator.demo.manifests import Spec

MANAGER = "gko"
ORGANIZATION = "DEFAULT"
HASH = "gravitee.io/last-spec-hash"

_FINALIZERS = {
    "ApiDefinition": "apidefinitiondeletion",
    "ApiV4Definition": "apidefinitiondeletion",
    "ApiResource": "apiresource",
    "Application": "applicationdeletion",
    "Dictionary": "dictionaries",
    "Group": "groups",
    "ManagementContext": "managementcontextdeletion",
    "Notification": "notification",
    "SharedPolicyGroup": "sharedpolicygroups",
    "Subscription": "subscriptions",
}
_ONLY_CONDITIONS = ("ManagementContext", "Notification")
_NOT_AUTOMATION = ("ApiDefinition", *_ONLY_CONDITIONS)


def marked(body: Spec) -> Spec:
    """A copy of the object with GKO's finalizer and the hash of its spec."""
    metadata = body["metadata"]
    finalizer = f"finalizers.gravitee.io/{_FINALIZERS[body['kind']]}"
    canonical = json.dumps(body["spec"], sort_keys=True, separators=(",", ":"))
    annotations = {**metadata.get("annotations", {}), HASH: hashlib.sha256(canonical.encode()).hexdigest()}
    return {**body, "metadata": {**metadata, "finalizers": [finalizer], "annotations": annotations}}


def status_of(body: Mapping[str, Any], key: ResourceKey, *, environment: str, at: float) -> dict[str, Any]:
    """The status of an object that GKO has just brought to APIM.

    Args:
        body: the object as the cluster holds it, with uid and generation.
        key: which resource it is.
        environment: the APIM environment of the cluster.
        at: when it was reconciled (seconds since the epoch).

    Returns:
        the status; empty for ApiResource, which has none.
    """
    kind, spec = key.kind, body["spec"]
    if kind == "ApiResource":
        return {}
    instant = datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status: dict[str, Any] = {"conditions": _conditions(kind, body["metadata"]["generation"], instant)}
    if kind in _ONLY_CONDITIONS:
        return status
    own = hrid(key.namespace, key.name)
    if kind == "Subscription":
        api = hrid(spec["api"].get("namespace", key.namespace), spec["api"]["name"])
        found = part_id(ORGANIZATION, environment, api, own)
        return {**status, "id": found, "startedAt": instant, "processingStatus": "Completed"}
    status |= {
        "organizationId": ORGANIZATION,
        "environmentId": environment,
        "id": body["metadata"]["uid"]
        if kind == "ApiDefinition"
        else resource_id(ORGANIZATION, environment, own),
        "errors": {},
    }
    if kind != "Dictionary":
        status["processingStatus"] = "Completed"
    if kind in ("ApiV4Definition", "SharedPolicyGroup"):
        status["crossId"] = cross_id(ORGANIZATION, own)
    if kind == "ApiV4Definition":
        status |= {"state": spec.get("state", "STARTED"), "plans": dict.fromkeys(spec.get("plans", {}), "")}
    elif kind == "ApiDefinition":
        status["state"] = spec.get("state", "STARTED")
    elif kind == "Group":
        status["members"] = len(spec["members"])
    return status


def _conditions(kind: str, generation: int, instant: str) -> list[dict[str, Any]]:
    said = [("Accepted", "Successfully reconciled"), ("ResolvedRefs", "All references resolved")]
    if kind not in _NOT_AUTOMATION:
        said.append(("AutomationAPIManaged", ""))
    return [
        {
            "type": type_,
            "status": "True",
            "reason": type_,
            "message": message,
            "observedGeneration": generation,
            "lastTransitionTime": instant,
        }
        for type_, message in said
    ]
