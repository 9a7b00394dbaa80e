"""What pods should run, read from what tells it: an API's events at the control plane, or its ConfigMap.

An event holds the definition as it was published, which the API's own record does not: that shows what is
saved (DOMAIN §9, trap 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from reconciler.gateways.facts import too_deep
from reconciler.gateways.folding import KUBERNETES, Expectation

PUBLISHING = frozenset({"PUBLISH_API", "START_API"})
STOPPING = frozenset({"STOP_API", "UNPUBLISH_API"})


def expectation_of_events(
    api_id: str,
    events: Iterable[Mapping[str, Any]],
    *,
    read_at: float,
    environments: Iterable[str] = (),
    organizations: Iterable[str] = (),
) -> Expectation | None:
    """Read what the newest deployment, stop or start of an API asks of the gateways.

    Args:
        api_id: the API.
        events: those of Management v2 (`…/apis/{id}/events`), in any order; others are passed over.
        read_at: when they were read, seconds since the epoch.
        environments: every name of the environment besides those in the event.
        organizations: every name of the organization.

    Returns:
        the expectation, or None where no such event is among them. A payload that cannot be read leaves the
        definition unknown, so that only the revision is compared.
    """
    newest: Mapping[str, Any] | None = None
    for event in events:
        if event.get("type") not in PUBLISHING | STOPPING or _property(event, "API_ID") not in ("", api_id):
            continue
        if newest is None or _age_of(event) > _age_of(newest):
            newest = event
    if newest is None:
        return None
    definition = _json(_json(newest.get("payload")).get("definition"))
    told = newest.get("environmentIds")
    return Expectation(
        api_id,
        revision=_property(newest, "DEPLOYMENT_NUMBER"),
        published_at=_instant(newest.get("createdAt")),
        read_at=read_at,
        started=newest.get("type") in PUBLISHING,
        definition=definition or None,
        tags=_tags(definition),
        environments=frozenset({*environments, *(_texts(told))}),
        organizations=frozenset(organizations),
    )


def expectation_of_config_map(config_map: Mapping[str, Any], *, read_at: float) -> Expectation | None:
    """Read what a ConfigMap of the local mode asks of the gateways beside it (DOMAIN §2.6).

    A stopped API has no ConfigMap: then expect `Expectation(id, started=False, sync_from="KUBERNETES")`.

    Args:
        config_map: as the API server gives it.
        read_at: when it was read, seconds since the epoch.

    Returns:
        the expectation, or None where the ConfigMap holds no definition with an id.
    """
    raw = config_map.get("data")
    data: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    raw = config_map.get("metadata")
    metadata: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    definition = _json(data.get("definition"))
    api_id = definition.get("id")
    if not isinstance(api_id, str) or not api_id:
        return None
    return Expectation(
        api_id,
        revision=str(metadata.get("resourceVersion") or ""),
        published_at=_written_at(metadata),
        read_at=read_at,
        definition=definition,
        tags=_tags(definition),
        environments=frozenset(_texts([data.get("environmentId")])),
        organizations=frozenset(_texts([data.get("organizationId")])),
        sync_from=KUBERNETES,
    )


def _age_of(event: Mapping[str, Any]) -> tuple[float, int]:
    """What orders events: their instants, and within one millisecond the number of the deployment."""
    number = _property(event, "DEPLOYMENT_NUMBER")
    return _instant(event.get("createdAt")), int(number) if number.isdecimal() and len(number) < 20 else 0


def _written_at(metadata: Mapping[str, Any]) -> float:
    """When an object was last written, as far as its managers tell."""
    managed = metadata.get("managedFields")
    entries = managed if isinstance(managed, list) else []
    times = [_instant(entry.get("time")) for entry in entries if isinstance(entry, dict)]
    return max([*times, _instant(metadata.get("creationTimestamp"))])


def _json(value: object) -> dict[str, Any]:
    """An object that came as JSON in a text, or as itself; empty where it is neither, or absurdly deep."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, dict) and not too_deep(value) else {}


def _property(event: Mapping[str, Any], name: str) -> str:
    properties = event.get("properties")
    value = properties.get(name) if isinstance(properties, dict) else None
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _tags(definition: Mapping[str, Any]) -> tuple[str, ...]:
    return _texts(definition.get("tags"))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()


def _instant(value: object) -> float:
    """RFC 3339, or epoch milliseconds as Management v1 writes them; 0 for neither."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value / 1000
    if not isinstance(value, str):
        return 0.0
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return 0.0
    return (instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)).timestamp()
