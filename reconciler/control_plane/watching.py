"""Keeps up with one control plane: the cheap list tells what moved, and that is read whole at once.

What the list cannot show (plans, pages: editing them moves no timestamp, DOMAIN §9, trap 7) is found by a
deep round, within a budget. Both go on by themselves: a failure is told, waited for and tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from reconciler.control_plane.announced import Announced
from reconciler.control_plane.client import AT_ONCE, ControlPlaneClient
from reconciler.control_plane.deployments import Deployments
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.history import Event
from reconciler.control_plane.inventory import InventoryEntry
from reconciler.control_plane.limits import Budget
from reconciler.control_plane.listing import Inventory
from reconciler.control_plane.reading import Reader
from reconciler.control_plane.refs import StateRef
from reconciler.control_plane.rim import Backoff
from reconciler.control_plane.schedule import ROUND_S, Job, Priority, Schedule
from reconciler.control_plane.sink import ControlPlaneSink
from reconciler.control_plane.states import PlaceWords
from reconciler.control_plane.version import recognise

POLL_S = 15.0
QUIETER = 1.5
LONGEST_POLL_S = 120.0
WORKERS = 8
RESERVED = 4
"""Workers kept free for what somebody waits for."""
ONCE_WORKERS = AT_ONCE
"""Reading only once, nobody else has to be left any."""
_LIST_SHARE = 0.5
"""The part of the budget that the list may use up, where it has very many pages."""
_HOPELESS_S = 15.0
"""At least so long until the next try, where only somebody's doing can help."""
_NEEDS_SOMEBODY = frozenset(
    {"unauthorized", "credentials", "configuration", "environment", "redirect", "tls", "html"}
)
_IN_A_ROW = 3
"""So many failures of the whole place in a row end a reading that is done only once."""


class ControlPlaneObserver:
    """Observes one control plane.

    Args:
        client: the connection; its rim gives clock, sleep and chance.
        follow_deployments: also read each API's newest publication, for the gateways' hop.
    """

    def __init__(self, client: ControlPlaneClient, *, follow_deployments: bool = True) -> None:
        self.name = client.name
        self._client = client
        self._rim = client.rim
        self._follow_deployments = follow_deployments
        self._reader = Reader(client, self._was_published)
        self._schedule = Schedule(self._reader.cost)
        self._deployments = Deployments(client, self._schedule)
        self._announced = Announced(client)
        self._inventory = Inventory(client, self._moved)
        self._words = PlaceWords(client.name, self._rim.clock)
        self._budget = Budget(self._rim.clock())
        client.on_request = lambda: self._budget.spend(self._rim.clock())
        self._by_id: dict[str, list[StateRef]] = {}
        self._looked: frozenset[StateRef] = frozenset()
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()
        self._listable = asyncio.Event()
        self._listable.set()
        self._read_backoff = Backoff(self._rim.random)
        self._read_again_at = 0.0
        self._needs_somebody = False
        self._failed_at = float("-inf")
        self._failed_deployment = False
        self._renamed = False
        self._recognised = False
        self._unrecognised = False

    def expect(self, refs: Iterable[StateRef]) -> None:
        """Say what there should be, by the resources of the clusters: it is read now, and in every round."""
        wanted = frozenset(refs)
        if wanted == self._schedule.expected:
            return
        self._reader.expect(wanted)
        self._inventory.expect(wanted)
        self._words.expect(wanted)
        self._schedule.expect(sorted(wanted))
        self._by_id = {}
        for ref in wanted:
            api = ref if ref.is_api else ref.api
            if api is not None:
                self._by_id.setdefault(self._reader.id_of(api), []).append(ref)
        self._deployments.named(self._inventory.entries.values())
        self._renamed = True
        self._news.set()

    def follow(self, api_ids: Iterable[str]) -> None:
        """Read the publications of these APIs only; without a call, of all that the list shows."""
        self._deployments.follow(api_ids)

    def read_definitions(self, api_ids: Iterable[str]) -> None:
        """Read what was published of these APIs whole, when the budget allows it.

        Where the sink was told an event without its definition, and gateways run that revision, this is
        asked for; what is known whole is not read again. What is looked at comes first in any case.
        """
        self._deployments.compare(api_ids)
        self._news.set()

    def look_at(self, refs: Iterable[StateRef]) -> None:
        """Somebody looks at these: read them now and every 5 seconds, until others are named."""
        self._looked = frozenset(refs)
        self._schedule.look_at(self._looked)
        self._deployments.look_at(self._reader.id_of(ref) for ref in self._looked if ref.is_api)
        self._news.set()

    def touched(self, ref: StateRef) -> None:
        """It was written by us: read it now and a few times more, and the list as soon as it may be."""
        self._schedule.touched(ref, self._rim.clock())
        self._news.set()
        self._hurry.set()

    async def observe_once(self, sink: ControlPlaneSink) -> None:
        """Read the list and everything that is expected, once. What cannot be read is told to the sink."""
        self._words.tell(sink)
        self._deployments.singly = True
        announced = asyncio.create_task(self._announced.read(sink))
        try:
            await self._list(sink)
        except ControlPlaneError as error:
            self._words.list_failed(error, None)
            self._words.tell(sink)
            return
        finally:
            await announced
            self._words.blind = self._announced.note
        await self._read(sink, once=True)
        self._tell_inventory(sink)
        self._count()
        self._words.tell(sink)

    async def run(self, sink: ControlPlaneSink) -> None:
        """Observe until cancelled; every failure is told to the sink, waited for and tried again."""
        self._words.tell(sink)
        self._deployments.singly = False
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_asking_for_gateways(sink))
            tasks.create_task(self._keep_listing(sink))
            tasks.create_task(self._read(sink, once=False))

    async def _keep_asking_for_gateways(self, sink: ControlPlaneSink) -> None:
        while True:
            wait = await self._announced.read(sink)
            self._words.blind = self._announced.note
            self._words.tell(sink)
            await self._rim.sleep(wait)

    # -- the list -----------------------------------------------------------------------------

    async def _keep_listing(self, sink: ControlPlaneSink) -> None:
        clock = self._rim.clock
        backoff = Backoff(self._rim.random)
        interval = POLL_S
        while True:
            started = clock()
            try:
                changed, pages = await self._list(sink)
            except ControlPlaneError as error:
                wait = _patience(error, backoff.next())
                self._listable.clear()
                self._words.list_failed(error, clock() + wait)
                self._words.tell(sink)
                await self._rim.sleep(wait)
                continue
            backoff.reset()
            self._listable.set()
            self._news.set()
            if self._follow_deployments:
                await self._deployments.catch_up(sink, self._inventory.entries)
                self._news.set()
            interval = POLL_S if changed else min(interval * QUIETER, LONGEST_POLL_S)
            self._count()
            self._words.tell(sink)
            shortest = max(POLL_S, pages / (self._budget.rate * _LIST_SHARE))
            await self._until(started, max(interval, shortest), shortest)

    async def _until(self, started: float, interval: float, shortest: float) -> None:
        """Wait for the next list: counted from the beginning of the last, sooner if something was written."""
        clock = self._rim.clock
        self._hurry.clear()
        await self._sleep_or(self._hurry, started + interval - clock())
        if self._hurry.is_set():
            await self._rim.sleep(max(0.0, started + shortest - clock()))

    async def _list(self, sink: ControlPlaneSink) -> tuple[bool, int]:
        """Read the list; whether anything moved, and how many pages it took."""
        found = await self._inventory.read()
        self._deployments.gone(found.gone)
        for identifier in found.gone:
            self._read_soon(identifier)
        self._words.listed(found.strange)
        self._renamed = True
        self._tell_inventory(sink)
        if not self._recognised:
            await self._recognise()
        return found.changed, found.pages

    async def _recognise(self) -> None:
        try:
            told = await recognise(self._reader.automation)
        except ControlPlaneError as error:
            self._unrecognised = True
            self._words.read_failed(error, self._rim.clock() + POLL_S)
        else:
            self._words.version, self._words.lacks = told.version, told.lacks
            self._recognised = True
            if self._unrecognised and self._rim.clock() >= self._read_again_at:
                self._words.read_failed(None)

    def _moved(self, before: InventoryEntry | None, now: InventoryEntry) -> None:
        if self._inventory.known:
            self._read_soon(now.id)
        published = before is None or (before.deployed_at, before.state) != (now.deployed_at, now.state)
        if published and self._follow_deployments:
            self._deployments.published(now, first=not self._inventory.known)
        self._news.set()

    def _read_soon(self, api_id: str) -> None:
        for ref in self._by_id.get(api_id, ()):
            self._schedule.soon(Job(ref), Priority.MOVED)
        self._news.set()

    def _was_published(self, api_id: str, event: Event | None) -> None:
        self._deployments.read(api_id, event)
        if event is not None and (hrid := event.hrid()):
            self._renamed = self._inventory.learn(api_id, hrid) or self._renamed

    def _tell_inventory(self, sink: ControlPlaneSink) -> None:
        if self._renamed and self._inventory.known:
            self._renamed = False
            entries = tuple(self._inventory.entries.values())
            sink.inventory(self.name, self._client.target.environment, entries, self._rim.clock())

    # -- the things themselves ------------------------------------------------------------------

    async def _read(self, sink: ControlPlaneSink, *, once: bool) -> None:
        """Read what is due, some at a time; once: until nothing waits, else for ever."""
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                self._news.clear()
                running = _still(running)
                due = self._due(len(running), once=once)
                if isinstance(due, Job):
                    running.add(asyncio.create_task(self._do(due, sink, once=once)))
                    continue
                if once and not running and (not self._schedule.busy or self._hopeless()):
                    return
                if not running:
                    self._tell_inventory(sink)
                await self._sleep_or(self._news, due)
        finally:
            await _end(running)

    def _due(self, running: int, *, once: bool) -> Job | float:
        """What to read next, or for how many seconds there is nothing; a job that ends is news."""
        now = self._rim.clock()
        if not self._listable.is_set():
            return POLL_S
        if now < self._read_again_at:
            return POLL_S if once and self._hopeless() else self._read_again_at - now
        workers, reserved = (ONCE_WORKERS, 0) if once else (WORKERS, RESERVED)
        if running >= workers + reserved:
            return POLL_S
        at_most = Priority.DEPLOYMENT if once else Priority.ROUND
        return self._schedule.next(
            now, self._budget, at_most=at_most if running < workers else Priority.WRITE
        )

    def _hopeless(self) -> bool:
        """Whether a reading that is done only once ends here: too much fails, or for a reason that stays."""
        return self._read_backoff.failures >= _IN_A_ROW or self._needs_somebody

    async def _do(self, job: Job, sink: ControlPlaneSink, *, once: bool) -> None:
        begun = self._rim.clock()
        try:
            await self._reader.read(job, sink, looked_at=job.ref in self._looked)
        except ControlPlaneError as error:
            self._failed(job, error, sink, once=once)
        else:
            self._schedule.done(job, self._rim.clock(), failed=False)
            self._went_well(job, begun)
        self._count()
        self._words.tell(sink)
        self._news.set()

    def _went_well(self, job: Job, begun: float) -> None:
        if begun >= self._failed_at and (self._failed_deployment or not job.deployment):
            # An answer to what was asked before the failure, or of another of the APIs, does not end it.
            self._read_backoff.reset()
            self._needs_somebody = False
            self._words.read_failed(None)
        if not job.deployment:
            self._words.unreadable(job.ref, None)

    def _failed(self, job: Job, error: ControlPlaneError, sink: ControlPlaneSink, *, once: bool) -> None:
        now = self._rim.clock()
        in_vain = job.deployment and error.reason in ("forbidden", "not-found")
        times = self._schedule.done(job, now, failed=not in_vain, random=self._rim.random())
        if error.of_whole_place and now >= self._read_again_at:
            wait = _patience(error, self._read_backoff.next())
            self._needs_somebody = error.reason in _NEEDS_SOMEBODY
            self._read_again_at = now + wait
            self._failed_at, self._failed_deployment = now, job.deployment
            self._words.read_failed(error, self._read_again_at)
        if job.deployment:
            if in_vain:
                self._deployments.in_vain(job.ref.hrid)
            return
        if once or times > 1 or not error.of_whole_place:
            # What concerns the whole place is told there; but a thing that fails again is told itself.
            self._words.unreadable(job.ref, error)
            sink.unreadable(self.name, job.ref, error, now)

    def _count(self) -> None:
        self._words.reading(self._schedule.unread, self._schedule.count)
        self._words.comparing = self._deployments.comparing
        rounds = self._schedule.round_s(self._budget.rate)
        self._words.slow_round_s = rounds if rounds > ROUND_S * 10 / 9 else 0.0

    async def _sleep_or(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for some seconds, or until something is wanted."""
        minute = asyncio.ensure_future(self._rim.sleep(max(0.0, seconds)))
        wanted = asyncio.create_task(event.wait())
        try:
            await asyncio.wait({minute, wanted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end([minute, wanted])


def _patience(error: ControlPlaneError, wait: float) -> float:
    """Seconds until the next try: as long as the server asks for, and longer where only people can help."""
    if error.reason in _NEEDS_SOMEBODY:
        wait = max(wait, _HOPELESS_S)
    return max(wait, error.retry_after or 0.0)


def _still(running: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Those that are not done; a fault in one that is (never one of the server's making) is raised here."""
    for task in running:
        if task.done():
            task.result()
    return {task for task in running if not task.done()}


async def _end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they are gone; what they raised is of no interest any more."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
