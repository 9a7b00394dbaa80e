"""What GKO leaves on objects: finalizer and hash with success, status always (DOMAIN §2.1, §2.3, §2.7, §10).

The hash is opaque to everybody but GKO, so any that changes with the spec will do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from reconciler.simulator.gko.failures import Failure
from reconciler.simulator.gko.lookups import Body, Ref

MANAGER = "gko"
HASH = "gravitee.io/last-spec-hash"
FINALIZERS = {
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
"""The kinds that it reconciles, each with the name of its finalizer."""
API_KINDS = ("ApiDefinition", "ApiV4Definition")
SENT_TO_CONTEXTS = (*API_KINDS, "Application", "Group", "SharedPolicyGroup", "Dictionary")
"""Kinds with a contextRef of their own."""
_ONLY_CONDITIONS = ("ManagementContext", "Notification")
_TELLS_WARNINGS = ("ApiDefinition", "ApiV4Definition", "Application", "SharedPolicyGroup")
_NO_PROCESSING_STATUS = ("Dictionary", *_ONLY_CONDITIONS)
_NOT_AUTOMATION = ("ApiDefinition", *_ONLY_CONDITIONS)
_AUTOMATION = "AutomationAPIManaged"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one reconcile.

    Attributes:
        failure: why it ended early; None for success.
        told: what the status takes over: ids, state, counts.
        warnings: what APIM left out.
        missing_groups: `namespace/name` of groups that do not exist.
    """

    failure: Failure | None = None
    told: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    missing_groups: tuple[str, ...] = ()


def finalizer(kind: str) -> str:
    """The finalizer of a kind."""
    return f"finalizers.gravitee.io/{FINALIZERS[kind]}"


def spec_hash(body: Body) -> str:
    """A hash that changes with the spec."""
    return hashlib.sha256(orjson.dumps(body.get("spec"), option=orjson.OPT_SORT_KEYS)).hexdigest()


def marked(body: Body) -> Body:
    """A copy of the object with GKO's finalizer and the hash of its spec."""
    metadata = body["metadata"]
    own = finalizer(body["kind"])
    kept = metadata.get("finalizers") or []
    return {
        **body,
        "metadata": {
            **metadata,
            "finalizers": kept if own in kept else [*kept, own],
            "annotations": {**metadata.get("annotations", {}), HASH: spec_hash(body)},
        },
    }


def status_after(body: Body, ref: Ref, attempt: Attempt, at: float) -> Body:
    """The status of an object after a reconcile.

    Args:
        body: the object as the cluster holds it; what an earlier success told stays.
        ref: which object it is.
        attempt: what came of it.
        at: when (seconds since the epoch).

    Returns:
        the status; empty for ApiResource, which has none.
    """
    if ref.kind == "ApiResource":
        return {}
    before: Body = body.get("status") or {}
    managed = any(item["type"] == _AUTOMATION for item in before.get("conditions") or ())
    if attempt.failure is None and ref.kind not in _NOT_AUTOMATION:
        managed = managed or "id" in attempt.told
    conditions = _conditions(attempt, body["metadata"].get("generation", 1), at, managed=managed)
    status: Body = {**before, **attempt.told, "conditions": conditions}
    if ref.kind in _ONLY_CONDITIONS:
        return {"conditions": conditions}
    if ref.kind != "Subscription":
        warned = ref.kind in _TELLS_WARNINGS and attempt.warnings
        status["errors"] = {"warning": list(attempt.warnings)} if warned else {}
    if ref.kind not in _NO_PROCESSING_STATUS:
        status["processingStatus"] = "Completed" if attempt.failure is None else "Failed"
    return status


def instant(at: float) -> str:
    """An instant as Kubernetes writes it."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _conditions(attempt: Attempt, generation: int, at: float, *, managed: bool) -> list[Body]:
    failure = attempt.failure
    accepted = ("True", "Accepted", "Successfully reconciled")
    resolved = ("True", "ResolvedRefs", "All References successfully resolved")
    if failure is not None and failure.resolved:
        accepted = ("False", failure.reason, failure.message)
    elif failure is not None:
        accepted = ("False", "ReconcileFailed", "ReconcileFailed")
        resolved = ("False", "ResolvedRefs", failure.message)
    elif attempt.missing_groups:
        resolved = ("False", "GroupNotFound", f"Group {attempt.missing_groups[0]} could not be found")
    said = {"Accepted": accepted, "ResolvedRefs": resolved}
    if managed:
        said[_AUTOMATION] = ("True", _AUTOMATION, "")
    return [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "observedGeneration": generation,
            "lastTransitionTime": instant(at),
        }
        for kind, (status, reason, message) in said.items()
    ]
