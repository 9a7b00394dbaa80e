"""Reads one job (a thing's state with what belongs to it, an API's newest publication) and tells the sink."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.control_plane.automation import AutomationApi
from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.history import DEPLOYMENT_EVENTS, Event
from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.packing import PackedState
from reconciler.control_plane.refs import SUBSCRIPTION, StateRef
from reconciler.control_plane.schedule import Job
from reconciler.control_plane.sink import ControlPlaneSink

_ASK_AGAIN_S = 600.0
"""After so long a kind that was not served is asked for again: the server may have been upgraded."""


class Reader:
    """Reads from one control plane.

    Args:
        client: the connection.
        published: told an API (by its id) and its newest event, or None, before the sink is.
    """

    def __init__(self, client: ControlPlaneClient, published: Callable[[str, Event | None], None]) -> None:
        self.automation = AutomationApi(client)
        self.management = ManagementApi(client)
        self._client = client
        self._published = published
        self._subscribed: dict[str, list[StateRef]] = {}
        self._statuses: set[str] = set()
        self._unserved: dict[str, tuple[float, ControlPlaneError]] = {}

    @property
    def unserved(self) -> tuple[str, ...]:
        """The kinds that this server does not know, as far as was noticed."""
        return tuple(sorted(self._unserved))

    def expect(self, refs: frozenset[StateRef]) -> None:
        """Note which APIs have subscriptions as code: theirs are read with them."""
        self._subscribed = {}
        for ref in refs:
            api = ref.api if ref.kind == SUBSCRIPTION else None
            if api is not None:
                self._subscribed.setdefault(self.id_of(api), []).append(ref)

    def id_of(self, ref: StateRef) -> str:
        """Its id in this environment."""
        return ref.id_in(self._client.target.organization, self._client.target.environment)

    def cost(self, ref: StateRef) -> int:
        """How many requests it takes to read it."""
        if ref.by_management:
            return 3
        return 2 if ref.is_api and self.id_of(ref) in self._subscribed else 1

    async def read(self, job: Job, sink: ControlPlaneSink, *, looked_at: bool = False) -> None:
        """Do one job.

        Args:
            job: what to read.
            sink: who is told.
            looked_at: somebody looks at it, so its subscriptions are of interest, too.

        Raises:
            ControlPlaneError: no usable answer came; nothing was told of what it concerns.
        """
        name, clock = self._client.name, self._client.rim.clock
        if job.deployment:
            events = await self.management.events(job.ref.hrid, types=DEPLOYMENT_EVENTS, most=1)
            newest = events[0] if events else None
            self._published(job.ref.hrid, newest)
            sink.deployment(name, job.ref.hrid, newest, clock())
            return
        ref = job.ref
        at = clock()
        state = await self._state(ref, at)
        sink.state(name, ref, state, at)
        if state is None:
            return
        if ref.is_api:
            identifier = self.id_of(ref)
            if looked_at or identifier in self._subscribed:
                await self._subscriptions(identifier, sink)
        elif ref.kind == SUBSCRIPTION and ref.api is not None:
            # Its own GET does not tell whether it is closed, and its API may have been read before it.
            identifier = self.id_of(ref.api)
            if identifier not in self._statuses:
                await self._subscriptions(identifier, sink)

    async def _subscriptions(self, api_id: str, sink: ControlPlaneSink) -> None:
        """Read how an API's subscriptions stand. A failure is theirs: the API itself was read."""
        name, at = self._client.name, self._client.rim.clock()
        try:
            found = await self.management.subscriptions(api_id)
        except ControlPlaneError as error:
            if error.of_whole_place:
                raise
            for ref in self._subscribed.get(api_id, ()):
                sink.unreadable(name, ref, error, at)
        else:
            self._statuses.add(api_id)
            sink.subscriptions(name, api_id, found, at)

    async def _state(self, ref: StateRef, now: float) -> PackedState | None:
        if ref.by_management:
            return await self.management.whole(ref.hrid)
        known = self._unserved.get(ref.kind)
        if known is not None and now - known[0] < _ASK_AGAIN_S:
            raise known[1]
        try:
            state = await self.automation.state(ref)
        except ControlPlaneError as error:
            if error.reason == "not-served":
                self._unserved[ref.kind] = (now, error)
            raise
        self._unserved.pop(ref.kind, None)
        return state
