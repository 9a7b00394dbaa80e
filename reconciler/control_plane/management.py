"""Management v2, read: environments, inventory, and all that belongs to one API (DOMAIN §4.3).

Paths with the organization are used: those without it fail with basic authentication (DOMAIN §9, trap 11).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import ControlPlaneError, short, unexpected
from reconciler.control_plane.history import Audit, Event, audit_of, event_of
from reconciler.control_plane.inventory import instant, owner_of
from reconciler.control_plane.packing import PackedState, pack
from reconciler.control_plane.paging import PER_PAGE, Page, pages_of
from reconciler.control_plane.refs import ANY_API

ALL_PLANS = "STAGING,PUBLISHED,DEPRECATED,CLOSED"
ALL_SUBSCRIPTIONS = "PENDING,REJECTED,ACCEPTED,CLOSED,PAUSED,RESUMED"
_MOST_OF_ONE_API = 200
"""Pages of what hangs on one API: 20,000 subscriptions."""


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """How a subscription stands; the Automation API does not know it (DOMAIN §9, trap 9).

    Instants are seconds since the epoch, 0 where there is none.

    Attributes:
        status: ACCEPTED, CLOSED, PENDING, PAUSED, REJECTED, RESUMED.
        origin: KUBERNETES for those as code.
    """

    id: str
    plan_id: str
    application_id: str
    status: str
    consumer_status: str = ""
    origin: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    starting_at: float = 0.0
    ending_at: float = 0.0
    closed_at: float = 0.0

    @property
    def live(self) -> bool:
        """Whether somebody uses it, or waits to."""
        return self.status in ("ACCEPTED", "PENDING", "PAUSED", "RESUMED")


class ManagementApi:
    """Reads from one environment.

    Args:
        client: the connection.
    """

    def __init__(self, client: ControlPlaneClient) -> None:
        self._client = client
        target = client.target
        self._organization = f"{target.paths.management_v2}/organizations/{target.organization}"
        self._root = target.in_environment(target.paths.management_v2)

    async def environments(self) -> tuple[tuple[str, str], ...]:
        """The organization's environments: (id, name).

        Raises:
            ControlPlaneError: no usable answer came.
        """
        told = await self._client.get(f"{self._organization}/environments", {"perPage": PER_PAGE})
        items = told.get("data") if isinstance(told, dict) else told
        if not isinstance(items, list):
            raise unexpected(self._client.name, "answered its environments with something that is no list")
        return tuple(
            (item["id"], str(item.get("name") or item["id"]))
            for item in items
            if isinstance(item, dict) and isinstance(item.get("id"), str)
        )

    def apis(self, *, per_page: int = PER_PAGE) -> AsyncIterator[Page]:
        """The APIs, nearly whole, page by page (0.2 s for 100 on a small server).

        Raises:
            ControlPlaneError: no usable answer came; reason `endless`.
        """
        return pages_of(self._client, f"{self._root}/apis", per_page=per_page)

    async def owners(self, api_ids: Sequence[str]) -> Mapping[str, str]:
        """The primary owners of at most 100 APIs, by their ids; only the search tells them.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        found: dict[str, str] = {}
        path = f"{self._root}/apis/_search"
        async for page in pages_of(self._client, path, body={"ids": list(api_ids)}, most=2):
            for item in page.items:
                if isinstance(item, dict) and isinstance(item.get("id"), str):
                    found[item["id"]] = owner_of(item)
        return found

    async def api(self, api_id: str) -> dict[str, Any] | None:
        """One API as Management v2 shows it (no plans, no pages); None where there is none.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        body = await self._absent(self._client.get(self._of(api_id)))
        return None if body is None else self._object(body, "an API")

    async def whole(self, api_id: str) -> PackedState | None:
        """One API with its `plans` and `pages` beside its own fields: 3 requests. None where there is none.

        For what the Automation API cannot tell: APIs of version 2, and those that the Console made.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        body = await self.api(api_id)
        if body is None:
            return None
        body["plans"] = list(await self.plans(api_id))
        body["pages"] = list(await self.pages(api_id))
        try:
            return pack(ANY_API, body)
        except ValueError:
            raise unexpected(
                self._client.name, "answered an API with JSON that is nested too deeply"
            ) from None

    async def plans(self, api_id: str) -> tuple[dict[str, Any], ...]:
        """Its plans in every status, in their order.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        return await self._all(f"{self._of(api_id)}/plans", {"statuses": ALL_PLANS})

    async def pages(self, api_id: str) -> tuple[dict[str, Any], ...]:
        """Its documentation pages.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        told = await self._client.get(f"{self._of(api_id)}/pages")
        pages = told.get("pages") if isinstance(told, dict) else None
        if not isinstance(pages, list):
            raise unexpected(self._client.name, "answered an API's pages with something else")
        return tuple(page for page in pages if isinstance(page, dict))

    async def subscriptions(self, api_id: str) -> tuple[SubscriptionStatus, ...]:
        """Its subscriptions in every status.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        items = await self._all(f"{self._of(api_id)}/subscriptions", {"statuses": ALL_SUBSCRIPTIONS})
        return tuple(_subscription(item) for item in items)

    async def events(
        self, api_id: str, *, types: Sequence[str] = (), most: int = 20, since: float = 0.0
    ) -> tuple[Event, ...]:
        """The newest events of an API: publications, starts, stops.

        Args:
            api_id: its id.
            types: such as PUBLISH_API; none means all.
            most: as many at most.
            since: only those after this instant (seconds since the epoch).

        Raises:
            ControlPlaneError: no usable answer came.
        """
        items = await self._newest(api_id, "events", "types", types, most, since)
        return tuple(event for item in items if (event := event_of(item)) is not None)

    async def audits(
        self, api_id: str, *, events: Sequence[str] = (), most: int = 20, since: float = 0.0
    ) -> tuple[Audit, ...]:
        """The newest audits of an API: who changed what; needs no licence (DOMAIN §9, trap 11).

        Raises:
            ControlPlaneError: no usable answer came.
        """
        items = await self._newest(api_id, "audits", "events", events, most, since)
        return tuple(audit for item in items if (audit := audit_of(item)) is not None)

    async def current_deployment(self, api_id: str) -> dict[str, Any] | None:
        """The gateway definition of what is saved, which need not be what runs (DOMAIN §9, trap 6).

        Raises:
            ControlPlaneError: no usable answer came.
        """
        body = await self._absent(self._client.get(f"{self._of(api_id)}/deployments/current"))
        return None if body is None else self._object(body, "a deployment")

    async def groups(self) -> tuple[dict[str, Any], ...]:
        """The environment's groups: ids and names.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        return await self._all(f"{self._root}/groups", {})

    async def shared_policy_groups(self) -> tuple[dict[str, Any], ...]:
        """The environment's shared policy groups.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        return await self._all(f"{self._root}/shared-policy-groups", {})

    # ---------------------------------------------------------------------------------------

    def _of(self, api_id: str) -> str:
        return f"{self._root}/apis/{quote(api_id, safe='')}"

    async def _all(self, path: str, params: Mapping[str, object]) -> tuple[dict[str, Any], ...]:
        found: list[dict[str, Any]] = []
        async for page in pages_of(self._client, path, params=params, most=_MOST_OF_ONE_API):
            found += [item for item in page.items if isinstance(item, dict)]
        return tuple(found)

    async def _newest(
        self, api_id: str, what: str, filtered: str, names: Sequence[str], most: int, since: float
    ) -> list[Any]:
        """The first `most` items of a history, which begins with the newest."""
        params: dict[str, object] = {filtered: ",".join(names)}
        if since:
            params["from"] = int(since * 1000)
        found: list[Any] = []
        path, size = f"{self._of(api_id)}/{what}", max(1, min(PER_PAGE, most))
        async for page in pages_of(self._client, path, params=params, per_page=size):
            found += page.items
            if len(found) >= most:
                break
        return found[:most]

    async def _absent(self, asked: Any) -> Any:
        """None for a 404."""
        try:
            return await asked
        except ControlPlaneError as error:
            if error.reason == "not-found":
                return None
            raise

    def _object(self, body: object, what: str) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise unexpected(self._client.name, f"answered {what} with something that is no object")
        return body


def _subscription(item: Mapping[str, Any]) -> SubscriptionStatus:
    def of(name: str) -> str:
        part = item.get(name)
        return str(part.get("id") or "") if isinstance(part, dict) else ""

    def word(name: str) -> str:
        value = item.get(name)
        return short(value) if isinstance(value, str) else ""

    return SubscriptionStatus(
        id=word("id"),
        plan_id=of("plan"),
        application_id=of("application"),
        status=word("status"),
        consumer_status=word("consumerStatus"),
        origin=word("origin"),
        created_at=instant(item.get("createdAt")),
        updated_at=instant(item.get("updatedAt")),
        starting_at=instant(item.get("startingAt")),
        ending_at=instant(item.get("endingAt")),
        closed_at=instant(item.get("closedAt")),
    )
