"""What a simulated APIM keeps: plain records, instants in milliseconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Connections:
    """When a user's requests came: each with name and password counts as a login."""

    first_at: int | None = None
    last_at: int | None = None
    count: int = 0

    def noted(self, now: int) -> None:
        """One more came."""
        self.first_at = now if self.first_at is None else self.first_at
        self.last_at = now
        self.count += 1


@dataclass(frozen=True, slots=True)
class User:
    """Somebody the server knows.

    Attributes:
        administrator: whether this user may do everything; others are refused with 403.
    """

    id: str
    name: str
    source: str = "memory"
    administrator: bool = False
    created_at: int = 0
    connections: Connections = field(default_factory=Connections, compare=False)

    def owner(self) -> dict[str, Any]:
        """The user as a primary owner."""
        return {"id": self.id, "displayName": self.name, "type": "USER"}

    def brief(self) -> dict[str, Any]:
        """The user as the author of something."""
        return {"id": self.id, "displayName": self.name}


@dataclass(slots=True)
class Plan:
    """An access plan of an API.

    Attributes:
        hrid: None for a plan that was made by hand.
        body: in the Automation API's form, without `hrid` and `id`.
        flow_ids: Management v2 shows an id for each flow, drawn when it is saved.
    """

    id: str
    hrid: str | None
    cross_id: str | None
    body: dict[str, Any]
    order: int
    created_at: int
    updated_at: int
    published_at: int | None = None
    closed_at: int | None = None
    flow_ids: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        """STAGING, PUBLISHED, DEPRECATED or CLOSED."""
        return str(self.body.get("status", ""))


@dataclass(slots=True)
class Page:
    """A page of an API's documentation; `body` is in the Automation API's form, without `hrid` and `id`."""

    id: str
    hrid: str | None
    cross_id: str | None
    body: dict[str, Any]
    order: int
    updated_at: int


@dataclass(slots=True)
class Api:
    """An API with all that hangs on it.

    Attributes:
        hrid: None for an API that no automation wrote.
        raw: the body as saved, in the Automation API's form: what reading fills in is not in it.
        origin: KUBERNETES or MANAGEMENT.
        sync_from: what `originContext.syncFrom` shows.
        metadata: the API's own entries, in the order of their last write.
        deployments: how often it was published since it was made; the number of the last deployment.
        published: the gateway definition of the last deployment.
        incarnation: tells an API from an earlier one of the same id.
        unset: fields that Management v2 leaves out until the API is updated for the first time.
    """

    id: str
    hrid: str | None
    cross_id: str | None
    raw: dict[str, Any]
    origin: str
    sync_from: str
    owner: User
    created_at: int
    updated_at: int
    incarnation: int
    state: str = "STOPPED"
    definition_version: str = "V4"
    deployed_at: int | None = None
    deployments: int = 0
    published: dict[str, Any] | None = None
    plans: dict[str, Plan] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    metadata: list[dict[str, Any]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    notify_members: bool = True
    unset: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Its display name."""
        return str(self.raw.get("name", ""))

    def sorted_plans(self) -> list[Plan]:
        """The plans in their order, closed ones included."""
        return sorted(self.plans.values(), key=lambda plan: plan.order)

    def sorted_pages(self) -> list[Page]:
        """The pages in their order."""
        return sorted(self.pages.values(), key=lambda page: page.order)


@dataclass(slots=True)
class Subscription:
    """An application's subscription to a plan."""

    id: str
    hrid: str | None
    api_id: str
    api_hrid: str
    plan_id: str
    plan_hrid: str
    application_id: str
    application_hrid: str
    user: User
    created_at: int
    updated_at: int
    processed_at: int
    starting_at: int
    status: str = "ACCEPTED"
    ending_at: str | None = None
    closed_at: int | None = None
    publisher_message: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    consumer_configuration: dict[str, Any] | None = None


@dataclass(slots=True)
class Kept:
    """A resource whose body comes back nearly as it was sent (application, group, dictionary, portal…)."""

    id: str
    hrid: str
    cross_id: str
    body: dict[str, Any]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something gateways must hear of.

    Attributes:
        number: its place in the environment's log, from 1.
        payload: the snapshot as Management v2 shows it.
        definition: what a gateway runs from it; None where the API is to be taken away.
        revision: the deployment's number as text.
    """

    number: int
    id: str
    type: str
    created_at: int
    user: User
    subject: str
    incarnation: int
    payload: str
    properties: dict[str, str]
    definition: dict[str, Any] | None
    revision: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Who changed what: one entry of an API's audit trail."""

    id: str
    created_at: int
    user: User
    subject: str
    subject_name: str
    event: str
    properties: tuple[dict[str, str], ...]
    patch: str
