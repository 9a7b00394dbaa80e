"""Management v1, read: what the newer APIs do not tell (DOMAIN §4.4).

Gateway instances exist there only, and the one list of what was published in a whole environment. So do the
lists of applications and dictionaries; neither they nor their forms were recorded from a real server, so that
everything but an id and a name is taken only where it fits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import short, unexpected
from reconciler.control_plane.history import Event, event_of_v1
from reconciler.control_plane.inventory import instant

_PER_PAGE = 100
_MOST_PAGES = 100
_END_OF_TIME_MS = 4_102_444_800_000
"""The list of events wants an end: the year 2100."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A gateway's node as it announces itself; instants in seconds since the epoch.

    Attributes:
        version: as far as its first word: `4.12.14`.
        state: STARTED, STOPPED, UNKNOWN.
        tags: its sharding tags.
    """

    id: str
    event: str
    hostname: str = ""
    ip: str = ""
    version: str = ""
    state: str = ""
    started_at: float = 0.0
    last_heartbeat_at: float = 0.0
    tags: tuple[str, ...] = ()
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One thing of a list that tells little: id, name, when it was changed (seconds since the epoch)."""

    id: str
    name: str
    updated_at: float = 0.0
    origin: str = ""


class ManagementV1Api:
    """Reads from one environment.

    Args:
        client: the connection.
    """

    def __init__(self, client: ControlPlaneClient) -> None:
        self._client = client
        self._root = client.target.in_environment(client.target.paths.management)

    async def instances(self, *, stopped: bool = False) -> tuple[Instance, ...]:
        """The gateways' nodes that announced themselves to this environment.

        Args:
            stopped: also those that have stopped.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        found: dict[str, Instance] = {}
        for page in range(_MOST_PAGES):
            query = {"includeStopped": stopped, "page": page, "size": _PER_PAGE}
            told = await self._client.get(f"{self._root}/instances", query)
            content = told.get("content") if isinstance(told, dict) else None
            if not isinstance(content, list):
                raise unexpected(self._client.name, "answered its gateways with something that is no list")
            before = len(found)
            for item in content:
                if isinstance(item, dict) and isinstance(item.get("id"), str):
                    found.setdefault(item["id"], _instance(item))
            if len(content) < _PER_PAGE or len(found) == before:
                break
        return tuple(found.values())

    async def events(
        self, types: Sequence[str], *, since: float, most: int
    ) -> AsyncIterator[tuple[Event, ...]]:
        """The events of the environment's APIs, page by page, the newest first, without their payloads.

        Args:
            types: such as PUBLISH_API; the server fails without any (recorded exchange 12f).
            since: only those after this instant (seconds since the epoch).
            most: as many pages at most.

        Raises:
            ControlPlaneError: no usable answer came; reason `forbidden`: ENVIRONMENT_PLATFORM is needed.
        """
        known: set[str] = set()
        told_so_far = 0
        for page in range(most):
            query = {
                "type": ",".join(types),
                "from": max(0, int(since * 1000)),
                "to": _END_OF_TIME_MS,
                "page": page,
                "size": _PER_PAGE,
            }
            told = await self._client.get(f"{self._root}/platform/events", query)
            content = told.get("content") if isinstance(told, dict) else None
            if not isinstance(content, list):
                raise unexpected(self._client.name, "answered its events with something that is no list")
            events = tuple(event for item in content if (event := event_of_v1(item)) is not None)
            yield events
            ids = {event.id for event in events}
            told_so_far += len(content)
            total = told.get("totalElements")
            ended = told_so_far >= total if isinstance(total, int) else len(content) < _PER_PAGE
            if ended or ids <= known:
                return
            known |= ids

    async def applications(self) -> tuple[Listed, ...]:
        """The environment's applications.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        return await self._listed("applications")

    async def dictionaries(self) -> tuple[Listed, ...]:
        """The environment's dictionaries.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        return await self._listed("configuration/dictionaries")

    async def _listed(self, what: str) -> tuple[Listed, ...]:
        told = await self._client.get(f"{self._root}/{what}")
        items = told.get("data") if isinstance(told, dict) else told
        if not isinstance(items, list):
            raise unexpected(self._client.name, f"answered {what} with something that is no list")
        return tuple(
            Listed(
                item["id"],
                str(item.get("name") or item["id"]),
                instant(item.get("updated_at") or item.get("updatedAt")),
                str(item.get("origin") or ""),
            )
            for item in items
            if isinstance(item, dict) and isinstance(item.get("id"), str)
        )


def _instance(item: Mapping[str, Any]) -> Instance:
    def text(name: str) -> str:
        value = item.get(name)
        return short(value) if isinstance(value, str) else ""

    tags = item.get("tags")
    return Instance(
        id=text("id"),
        event=text("event"),
        hostname=text("hostname"),
        ip=text("ip"),
        version=text("version").partition(" ")[0],
        state=text("state"),
        started_at=instant(item.get("started_at")),
        last_heartbeat_at=instant(item.get("last_heartbeat_at")),
        tags=tuple(short(tag) for tag in tags) if isinstance(tags, list) else (),
        tenant=text("tenant"),
    )
