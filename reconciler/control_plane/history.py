"""What happened to an API, as its events and audits tell: what was published when, and who changed what."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from reconciler.control_plane.failures import short
from reconciler.control_plane.inventory import instant

DEPLOYMENT_EVENTS = ("PUBLISH_API", "START_API", "STOP_API", "UNPUBLISH_API")
"""The events that say what gateways should run."""


@dataclass(frozen=True, slots=True)
class Event:
    """A publication, start or stop of an API; `at` in seconds since the epoch.

    Attributes:
        api_id: the API that it is about.
        number: the deployment number, which a gateway shows as `revision` (DOMAIN §0.10).
        label: `Updated by GKO`, or what a person wrote.
        by: who did it.
        raw: the whole event, as Management v2 writes it; its payload, which lists do not tell, holds the
            definition as it was published, with its secrets.
    """

    id: str
    type: str
    at: float
    number: str = ""
    label: str = ""
    by: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    api_id: str = ""

    @property
    def whole(self) -> bool:
        """Whether its payload was told, too."""
        return isinstance(self.raw.get("payload"), str)

    @property
    def age(self) -> tuple[float, int]:
        """What orders the events of one API: instants, and within one the numbers of deployments."""
        return self.at, int(self.number) if self.number.isdecimal() and len(self.number) < 20 else 0

    def hrid(self) -> str:
        """The HRID of the API that was published; empty where it has none. Nothing else tells it offhand."""
        payload = self.raw.get("payload")
        told: Any = None
        if isinstance(payload, str):
            with contextlib.suppress(orjson.JSONDecodeError):
                told = orjson.loads(payload)
        value = told.get("hrid") if isinstance(told, dict) else None
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Audit:
    """One thing that somebody did to an API; `at` in seconds since the epoch.

    Attributes:
        event: API_UPDATED, PLAN_UPDATED, AUTOMATION_DETACHED…
        by: who did it.
        subject: the name of the plan, page or else that it was done to; empty for the API itself.
        paths: what changed, as JSON Pointers; values are not kept, for they may be secrets.
    """

    id: str
    event: str
    at: float
    by: str = ""
    subject: str = ""
    paths: tuple[str, ...] = ()


def event_of(item: object) -> Event | None:
    """Read one event; None for what is none."""
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        return None
    properties = item.get("properties")
    told: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
    return Event(
        id=str(item.get("id") or ""),
        type=short(item["type"]),
        at=instant(item.get("createdAt")),
        number=short(told.get("DEPLOYMENT_NUMBER") or ""),
        label=short(told.get("DEPLOYMENT_LABEL") or ""),
        by=_name(item.get("initiator")),
        raw=item,
        api_id=short(told.get("API_ID") or ""),
    )


def event_of_v1(item: object) -> Event | None:
    """Read one event of Management v1's list: the same, in other words and without the payload.

    Its properties are in lower case, its instants in milliseconds since the epoch (recorded exchange 12d).
    """
    if not isinstance(item, dict):
        return None
    told = item.get("properties")
    properties = told if isinstance(told, dict) else {}
    return event_of(
        {
            "id": item.get("id"),
            "type": item.get("type"),
            "createdAt": item.get("created_at"),
            "environmentIds": item.get("environments"),
            "initiator": item.get("user"),
            "properties": {str(name).upper(): value for name, value in properties.items()},
        }
    )


def audit_of(item: object) -> Audit | None:
    """Read one audit; None for what is none."""
    if not isinstance(item, dict) or not isinstance(item.get("event"), str):
        return None
    properties = item.get("properties")
    names = [
        str(entry.get("name") or entry.get("value") or "")
        for entry in (properties if isinstance(properties, list) else [])
        if isinstance(entry, dict)
    ]
    return Audit(
        id=str(item.get("id") or ""),
        event=short(item["event"]),
        at=instant(item.get("createdAt")),
        by=_name(item.get("user")),
        subject=short(", ".join(name for name in names if name)),
        paths=_paths(item.get("patch")),
    )


def _name(person: object) -> str:
    return short(person.get("displayName") or "") if isinstance(person, dict) else ""


def _paths(patch: object) -> tuple[str, ...]:
    operations: Any = None
    if isinstance(patch, str):
        with contextlib.suppress(orjson.JSONDecodeError):
            operations = orjson.loads(patch)
    if not isinstance(operations, list):
        return ()
    return tuple(
        short(operation["path"])
        for operation in operations
        if isinstance(operation, dict) and isinstance(operation.get("path"), str)
    )
