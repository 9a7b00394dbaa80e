"""Why GKO could not reconcile: the kinds of failure that its conditions tell apart (DOMAIN §1, §2.7)."""

from __future__ import annotations

import json
from typing import Any

ACCEPTED, RESOLVED = "Accepted", "ResolvedRefs"


class Failure(Exception):
    """A reconcile ended early.

    Attributes:
        reason: that of the condition Accepted.
        message: that of the condition it is told in.
        resolved: whether the references were resolved; where not, Accepted says only that it failed.
        parked: nothing is retried before the spec or a reference changes.
    """

    reason = "ReconcileFailed"
    resolved = True
    parked = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ReferenceMissing(Failure):
    """Something that is referred to does not exist."""

    resolved = False


class TemplateFailed(Failure):
    """A template names a key that its Secret or ConfigMap does not have: not tried again."""

    reason = "CompileTemplateError"
    parked = True


class IllegalState(Failure):
    """The resource cannot be reconciled as it is."""

    reason = "IllegalStateError"
    parked = True


class ControlPlaneFailed(Failure):
    """APIM refused, or could not be reached.

    Args:
        message: as GKO words it.
        status: the HTTP status; 0 where there was no answer.
    """

    reason = "ControlPlaneError"

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.parked = status in (400, 401)


def refused(method: str, url: str, status: int, body: Any) -> ControlPlaneFailed:
    """APIM's answer in GKO's words.

    Args:
        method: of the request.
        url: of the request, with its query.
        status: of the answer.
        body: of the answer: JSON, text or None.
    """
    text = body if isinstance(body, str) else json.dumps(body, indent=2, separators=(",", " : "))
    said = body.get("message", "") if isinstance(body, dict) else ""
    return ControlPlaneFailed(
        f"request [{method}] {url} failed with status {status} ({said}): {text if body is not None else ''}",
        status,
    )


def unreachable(method: str, url: str, host: str) -> ControlPlaneFailed:
    """There is no such server, in GKO's words."""
    return ControlPlaneFailed(
        f'unable to perform request [{method}] {url}: ({method.title()} "{url}": dial tcp: lookup {host}: '
        "no such host)"
    )
