"""The Kubernetes events of an attempt, as GKO emits them (DOMAIN §2.3).

One thing is better: GKO says nothing of a template that fails (DOMAIN §10.7); ours emits the failure.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.rules.apim.references import Resource, text_at
from reconciler.rules.apim.standing_in.marks import is_ingress_template
from reconciler.rules.apim.standing_in.told import Told

_COMPONENTS = {"ApiDefinition": "apidefinitionv2", "SharedPolicyGroup": "sharedpolicygroups"}
_MESSAGE_MAX = 1024
"""What the API server takes as an event's message, in bytes."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `component` names GKO's controller of the kind, by which tools filter."""

    type: str
    reason: str
    message: str
    component: str


def event_started(obj: Resource, *, deleting: bool = False) -> Event | None:
    """The event before an attempt; None where GKO keeps silent (templates of Ingresses)."""
    word = "Delete" if deleting else "Update"
    return _event(obj, "Normal", f"{word}Started", f"{word} started")


def event_after(obj: Resource, told: Told) -> Event | None:
    """The event that an attempt ends with; None where GKO keeps silent (templates of Ingresses)."""
    word = "Delete" if told.deleting else "Update"
    if told.failure is None:
        return _event(obj, "Normal", f"{word}Succeeded", f"{word} succeeded")
    return _event(obj, "Warning", f"{word}Failed", told.failure.message)


def component_of(kind: str) -> str:
    """What GKO's controller of a kind calls itself."""
    return f"{_COMPONENTS.get(kind, kind.lower())}-controller"


def _event(obj: Resource, level: str, reason: str, message: str) -> Event | None:
    if is_ingress_template(obj):
        return None
    return Event(level, reason, _cut(message), component_of(text_at(obj, "kind")))


def _cut(message: str) -> str:
    data = message.encode()
    return message if len(data) <= _MESSAGE_MAX else data[: _MESSAGE_MAX - 3].decode(errors="ignore") + "…"
