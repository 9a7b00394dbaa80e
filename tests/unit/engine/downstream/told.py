"""What control planes and gateways told, written down by hand: no network, no clock."""

from __future__ import annotations

from typing import Any

import orjson

from reconciler.control_plane.history import Event, event_of, event_of_v1
from reconciler.control_plane.inventory import InventoryEntry
from reconciler.control_plane.management_v1 import Instance
from reconciler.engine.downstream.held import Held
from reconciler.gateways.facts import DeployedApi, NodeFacts, deployed_api
from reconciler.gateways.views import GatewayViews
from reconciler.settings.model import GatewaySpec

AT = 1_795_000_000.0
LATER = AT + 600.0
DEFINITION = {"id": "api-1", "name": "Orders", "tags": ["internal"], "plans": []}


def spec(name: str = "gw", **fields: Any) -> GatewaySpec:
    """A gateway of the configuration."""
    return GatewaySpec.model_validate({"name": name, "url": "http://gw:18082", **fields})


def listed(number: str = "3", *, api: str = "api-1", at: float = AT, identifier: str = "event-1") -> Event:
    """A publication as the list of events tells it."""
    event = event_of_v1(
        {
            "id": identifier,
            "type": "PUBLISH_API",
            "created_at": int(at * 1000),
            "environments": ["DEFAULT"],
            "properties": {"api_id": api, "deployment_number": number},
        }
    )
    assert event is not None
    return event


def whole(
    number: str = "3", *, api: str = "api-1", at: float = AT, identifier: str = "event-1", **changes: Any
) -> Event:
    """The same as it is told by itself."""
    payload = {"definition": orjson.dumps({**DEFINITION, **changes}).decode()}
    event = event_of(
        {
            "id": identifier,
            "type": "PUBLISH_API",
            "createdAt": int(at * 1000),
            "environmentIds": ["DEFAULT"],
            "payload": orjson.dumps(payload).decode(),
            "properties": {"API_ID": api, "DEPLOYMENT_NUMBER": number},
        }
    )
    assert event is not None
    return event


def running(number: str = "3", *, api: str = "api-1", at: float = AT, **changes: Any) -> DeployedApi:
    """How a pod runs an API."""
    body = {
        "definition": {**DEFINITION, **changes},
        "revision": number,
        "deployedAt": int(at * 1000),
        "enabled": True,
    }
    return deployed_api(api, body, orjson.dumps(body))


def instance(identifier: str = "node-1", **fields: Any) -> Instance:
    """A node that has run for an hour and was heard of just now."""
    values: dict[str, Any] = {
        "event": f"event of {identifier}",
        "hostname": f"host of {identifier}",
        "state": "STARTED",
        "started_at": AT - 3600.0,
        "last_heartbeat_at": LATER,
    }
    return Instance(identifier, **{**values, **fields})


class Platform:
    """One control plane `prod` with one API, and what was told of it."""

    def __init__(self) -> None:
        self.news = 0
        self.arrived: list[tuple[str, str]] = []
        self.wanted: list[tuple[str, str]] = []
        self.held = Held(
            moved=self._moved,
            place_changed=lambda _state: None,
            published=lambda name, api_id: self.arrived.append((name, api_id)),
        )
        self.held.would_compare = lambda name, api_id: self.wanted.append((name, api_id))
        self.tags: dict[str, tuple[str, ...] | None] = {}
        """The sharding tags that are configured, by gateway."""
        self.views = GatewayViews(tags_of=self.tags.get)
        self.tell_inventory("prod")

    def _moved(self) -> None:
        self.news += 1

    def tell_inventory(self, name: str, *, tags: tuple[str, ...] = (), api: str = "api-1") -> None:
        """The environment has exactly this API."""
        self.held.inventory(name, "DEFAULT", [InventoryEntry(api, tags=tags)], AT)

    def tell_pod(self, *apis: DeployedApi, gateway: str = "gw", pod: str = "", node: str = "node-1") -> None:
        """A pod was read whole."""
        self.views.pods(gateway, frozenset({pod}))
        self.views.node(gateway, pod, NodeFacts(node), None, None)
        self.views.listed(gateway, pod, frozenset(api.id for api in apis), LATER)
        for api in apis:
            self.views.api(gateway, pod, api, LATER)
