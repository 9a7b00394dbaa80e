"""Keeps up with what was published: of many APIs from one list, of a few singly, definitions at leisure.

What the list of an environment's events tells (revision, instant) is told to the sink at once. The definition
that was published comes with a request for each API: that is made where somebody looks, and, within the
budget, where the engine says that it would compare it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.inventory import InventoryEntry
from reconciler.control_plane.listing import deployment_ref
from reconciler.control_plane.publications import FEW, Publications
from reconciler.control_plane.schedule import Job, Priority, Schedule

if TYPE_CHECKING:
    from reconciler.control_plane.client import ControlPlaneClient
    from reconciler.control_plane.history import Event
    from reconciler.control_plane.sink import ControlPlaneSink


class Deployments:
    """Decides how the publications of one control plane's APIs are read.

    Args:
        client: the connection.
        schedule: what is read by itself is asked for there.
    """

    def __init__(self, client: ControlPlaneClient, schedule: Schedule) -> None:
        self._name = client.name
        self._clock = client.rim.clock
        self._publications = Publications(client)
        self._schedule = schedule
        self._followed: frozenset[str] | None = None
        self.singly = False
        """Whether each is read by itself, for a reading that is done only once and must be whole."""
        self._hurried = 0
        self._moved: set[str] = set()
        self._partial: dict[str, str] = {}
        """APIs whose newest event is known without its definition, and that event."""
        self._wanted: set[str] = set()
        self._nameless: set[str] = set()
        self._told: dict[str, tuple[float, int]] = {}

    def follow(self, api_ids: Iterable[str]) -> None:
        """Read the publications of these APIs only."""
        self._followed = frozenset(api_ids)

    @property
    def comparing(self) -> bool:
        """Whether definitions that the engine would compare are still to be read."""
        return any(job.ref.hrid in self._wanted for job in self._schedule.put_off)

    def published(self, entry: InventoryEntry, *, first: bool) -> None:
        """The list shows that something was published, started or stopped.

        Args:
            entry: the API.
            first: this is the first reading of the list, where everything is new.
        """
        if self._followed is not None and entry.id not in self._followed:
            return
        if self.singly or (not first and self._hurried < FEW):
            self._hurried += 1
            self._singly(entry.id, Priority.DEPLOYMENT if first else Priority.MOVED)
        else:
            self._moved.add(entry.id)

    async def catch_up(self, sink: ControlPlaneSink, entries: Mapping[str, InventoryEntry]) -> None:
        """The list of APIs was read to its end: tell what was published of those that moved all at once.

        Args:
            sink: who is told.
            entries: the APIs by their ids.
        """
        self._hurried = 0
        moved = [entries[api_id] for api_id in sorted(self._moved) if api_id in entries]
        self._moved = set()
        if len(moved) <= FEW:
            for entry in moved:
                self._singly(entry.id, Priority.DEPLOYMENT)
            return
        at = self._clock()
        found: Mapping[str, Event] = {}
        with contextlib.suppress(ControlPlaneError):  # then one by one, which tells what is in the way
            found = await self._publications.newest({entry.id: entry.deployed_at for entry in moved})
        for entry in moved:
            event = found.get(entry.id)
            if event is None:
                self._singly(entry.id, Priority.DEPLOYMENT)
            elif event.age >= self._told.get(entry.id, (0.0, 0)):
                self._partial[entry.id] = event.id
                self._told[entry.id] = event.age
                sink.deployment(self._name, entry.id, event, at)
                if entry.as_code and not entry.hrid:
                    self._nameless.add(entry.id)
                    self._schedule.whenever(_job(entry.id))

    def read(self, api_id: str, event: Event | None) -> None:
        """The newest event of an API was read by itself."""
        self._partial.pop(api_id, None)
        self._nameless.discard(api_id)
        self._wanted.discard(api_id)
        if event is not None:
            self._told[api_id] = event.age

    def in_vain(self, api_id: str) -> None:
        """It cannot be read by itself, and that stays so: what the list told must do."""
        self._partial.pop(api_id, None)
        self._wanted.discard(api_id)

    def compare(self, api_ids: Iterable[str]) -> None:
        """Definitions of these would be compared: read them when there is time."""
        for api_id in api_ids:
            if api_id in self._partial and api_id not in self._wanted:
                self._wanted.add(api_id)
                self._schedule.whenever(_job(api_id), first=True)

    def look_at(self, api_ids: Iterable[str]) -> None:
        """Somebody looks at these."""
        for api_id in api_ids:
            if api_id in self._partial:
                self._singly(api_id, Priority.PERSON)

    def named(self, entries: Iterable[InventoryEntry]) -> None:
        """HRIDs were computed: what was only to be read for its HRID need not be read."""
        known = {entry.id for entry in entries if entry.hrid} & self._nameless
        self._nameless -= known
        self._schedule.forget(_job(api_id) for api_id in known - self._wanted)

    def gone(self, api_ids: Iterable[str]) -> None:
        """These APIs are there no longer."""
        for api_id in api_ids:
            self.in_vain(api_id)
            self._nameless.discard(api_id)
            self._told.pop(api_id, None)
            self._schedule.forget([_job(api_id)])

    def _singly(self, api_id: str, priority: Priority) -> None:
        self._schedule.soon(_job(api_id), priority)


def _job(api_id: str) -> Job:
    return Job(deployment_ref(api_id), deployment=True)
