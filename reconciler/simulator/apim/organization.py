"""Organizations and environments: where everything a simulated APIM keeps has its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reconciler.rules import identity
from reconciler.simulator.apim.plugins import Plugins
from reconciler.simulator.apim.records import Api, Audit, Event, Kept, Subscription, User

KINDS = ("applications", "groups", "dictionaries", "shared-policy-groups", "portals")


@dataclass(slots=True)
class Sources:
    """What a server draws from outside: time and ids.

    Attributes:
        clock: seconds since the epoch.
        draw_id: makes a random UUID.
    """

    clock: Callable[[], float]
    draw_id: Callable[[], str]

    def now(self) -> int:
        """The instant in milliseconds since the epoch."""
        return round(self.clock() * 1000)


@dataclass(slots=True)
class Organization:
    """An organization: its users, plugins and environments."""

    id: str
    sources: Sources
    users: dict[str, User] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    plugins: Plugins = field(default_factory=Plugins)

    def user(self, source: str, name: str) -> User | None:
        """A user by identity provider and the provider's id of the user."""
        found = self.users.get(name)
        return found if found is not None and found.source == source else None


@dataclass(slots=True)
class Environment:
    """An environment and all its resources.

    Attributes:
        hrid: what gateways call it.
        apis: by id, in the order of their last indexing, which is the order of an unsorted search.
        kept: by kind, then by HRID.
        parts: documentations and listings, by (collection, parent HRID, HRID).
        places: hosts and paths of each API by its id, with the body they were read from.
        tags: the sharding tags that exist.
        categories: the categories that exist.
        unmanaged_paths: portal navigation paths that hold content nobody wrote through the Automation API.
        client_registration: whether OAuth applications can be made.
        sorts_sets: whether what has no order (labels, a plan's characteristics) comes back sorted, as from
            an index, or as it was written, as from a table scan: a PostgreSQL does one or the other.
    """

    id: str
    name: str
    description: str
    hrid: str
    organization: Organization
    apis: dict[str, Api] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    kept: dict[str, dict[str, Kept]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    parts: dict[tuple[str, str, str], Kept] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    places: dict[str, tuple[dict[str, Any], frozenset[tuple[str, str]]]] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    categories: set[str] = field(default_factory=set)
    unmanaged_paths: set[str] = field(default_factory=set)
    sorts_sets: bool = True
    client_registration: bool = False
    incarnations: int = 0

    def now(self) -> int:
        """The instant in milliseconds since the epoch."""
        return self.organization.sources.now()

    def draw_id(self) -> str:
        """A random UUID."""
        return self.organization.sources.draw_id()

    def id_of(self, hrid: str) -> str:
        """The id of a top-level resource with this HRID."""
        return identity.resource_id(self.organization.id, self.id, hrid)

    def cross_id_of(self, hrid: str) -> str:
        """The id across environments of a top-level resource with this HRID."""
        return identity.cross_id(self.organization.id, hrid)

    def api_by_hrid(self, hrid: str) -> Api | None:
        """The API with this HRID."""
        found = self.apis.get(self.id_of(hrid))
        return found if found is not None and found.hrid == hrid else None

    def placed(self) -> dict[str, Any]:
        """The two ids that every Automation answer carries."""
        return {"environmentId": self.id, "organizationId": self.organization.id}

    def index(self, api: Api) -> None:
        """Write an API to the search index anew: it moves to the end."""
        self.apis.pop(api.id, None)
        self.apis[api.id] = api

    def unordered(self, values: list[str]) -> list[str]:
        """Values that have no order, in the order in which the database gives them."""
        return sorted(values) if self.sorts_sets else list(values)

    def group_named(self, name: str) -> Kept | None:
        """The group with this HRID, name or id."""
        for group in self.kept["groups"].values():
            if name in (group.hrid, group.body["name"], group.id):
                return group
        return None
