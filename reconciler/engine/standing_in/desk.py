"""The desk at which resources wait their turn: each once, in order, patiently after failures (ENGINE §7).

A key in flight is not begun a second time; if it is asked for meanwhile, it runs once more afterwards. What
failed waits with doubling pauses and jitter; what cannot succeed waits for an input to change.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from reconciler.engine.standing_in.reconciling import StandIn, Work
from reconciler.engine.standing_in.surroundings import SOURCES, Moved, Thing
from reconciler.model.errors import ClusterError
from reconciler.rules.apim.standing_in.marks import KINDS
from reconciler.rules.apim.standing_in.retrying import Again, Parked

WORKERS = 8
LOOK_EVERY_S = 15.0
_ORDER = (
    "ManagementContext",
    "Group",
    "SharedPolicyGroup",
    "Dictionary",
    "ApiResource",
    "Notification",
    "ApiV4Definition",
    "ApiDefinition",
    "Application",
    "Subscription",
    "Portal",
    "PortalListing",
    "PortalLink",
    "Documentation",
)
"""Order from references (ENGINE §5): what is referred to comes first, and fewer wait for another."""

MayWrite = Callable[[], float]
"""Until when (seconds since the epoch) a write begun now must be over; 0: no write may begin."""


@dataclass(slots=True)
class _Waiting:
    """What is known of one key between two turns."""

    first: bool = True
    failures: int = 0
    woken_by: frozenset[Thing] = frozenset()
    asked: frozenset[Thing] = frozenset()
    why: str = ""


@dataclass(slots=True)
class Tally:
    """What was done since the beginning; `puts` counts requests that change a control plane."""

    reconciles: int = 0
    puts: int = 0
    failures: int = 0
    last: dict[Thing, Work] = field(default_factory=dict)


class Desk:
    """Gives the resources of one cluster their turns.

    Args:
        stand_in: does the work.
        clock: seconds since the epoch.
        random: a number in [0, 1), for jitter.
        sleep: waits for seconds.
        may_write: asked before each turn; see `MayWrite`.
        workers: how many keys are worked on at the same time.
    """

    def __init__(
        self,
        stand_in: StandIn,
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        may_write: MayWrite | None = None,
        workers: int = WORKERS,
    ) -> None:
        self._stand_in = stand_in
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._may_write = may_write
        self._workers = workers
        self._waiting: dict[Thing, _Waiting] = {}
        # Who has a turn coming, and who uses a thing: a change costs no more where there are many.
        self._turns: dict[Thing, float] = {}
        self._users: dict[Thing, set[Thing]] = {}
        self._in_flight: dict[Thing, bool] = {}
        self.tally = Tally()

    # --- what is to be done ----------------------------------------------------------------

    def ask(self, things: Iterable[Thing]) -> None:
        """Let these have a turn at once, whatever they waited for; their patience begins anew."""
        now = self._clock()
        for thing in things:
            if thing.kind in KINDS:
                waiting = self._waiting.setdefault(thing, _Waiting())
                waiting.failures = 0
                self._concern(thing, waiting, waiting.asked, frozenset())
                self._turns[thing] = now
                if thing in self._in_flight:
                    self._in_flight[thing] = True

    def heard(self, moved: Moved) -> None:
        """Something moved: it has a turn, and so have those that looked at it or wait for it."""
        self.ask(moved.own)
        news = moved.own | moved.seen_by_users
        self.ask({user for one in news for user in self._users.get(one, ())} - moved.own)

    async def look(self) -> None:
        """List the cluster and note what moved.

        Raises:
            ClusterError: it cannot be listed: nothing is noted then.
        """
        self.heard(await self._stand_in.surroundings.refresh())
        self._stand_in.surroundings.forget_values(one for one in self._users if one.kind in SOURCES)

    def next_at(self) -> float | None:
        """When the next turn is due (seconds since the epoch); None while nobody waits for one."""
        return min(self._turns.values(), default=None)

    def parked(self) -> dict[Thing, str]:
        """What waits for an input to change, and why."""
        return {
            thing: one.why for thing, one in self._waiting.items() if one.why and thing not in self._turns
        }

    # --- doing it --------------------------------------------------------------------------

    async def settle(self) -> list[Work]:
        """Work off everything that is due now, and what that makes due; later turns stay."""
        done: list[Work] = []
        for _ in itertools.count():
            due = self._due()
            if not due or not self._until():
                return done
            slots = asyncio.Semaphore(self._workers)
            # Level by level: what a resource refers to is there before it is looked at.
            level = [thing for thing in due if _rank(thing) == _rank(due[0])]
            done += await asyncio.gather(*(self._one(thing, slots) for thing in level))
        return done

    async def run(self, stop: asyncio.Event) -> None:
        """Look and work until told to stop; a cluster that cannot be listed is looked at again later."""
        while not stop.is_set():
            try:
                await self.look()
            except ClusterError:
                await self._sleep(LOOK_EVERY_S * self._random())
                continue
            until = self._clock() + LOOK_EVERY_S
            while not stop.is_set() and self._clock() < until:
                await self.settle()
                due = self.next_at()
                now = self._clock()
                await self._sleep(max(0.01, min(until, due if due is not None else until) - now))

    def _due(self) -> list[Thing]:
        now = self._clock()
        found = [
            (_rank(thing), due, thing)
            for thing, due in self._turns.items()
            if due <= now and thing not in self._in_flight
        ]
        return [thing for _, _, thing in sorted(found)]

    def _until(self) -> float:
        return self._may_write() if self._may_write is not None else float("inf")

    async def _one(self, thing: Thing, slots: asyncio.Semaphore) -> Work:
        async with slots:
            until = self._until()
            if not until:
                return Work(thing)
            waiting = self._waiting[thing]
            self._in_flight[thing] = False
            self._turns.pop(thing, None)
            try:
                before = None if until == float("inf") else until
                first, waiting.first = waiting.first, False
                work = await self._stand_in.reconcile(thing, waiting.failures + 1, before=before, first=first)
            finally:
                again = self._in_flight.pop(thing)
            self._note(thing, waiting, work)
            if again or work.moved:
                await self._reread(thing)
                self._waiting.setdefault(thing, _Waiting())  # it may be gone, and there again
                self._turns[thing] = self._clock()
            return work

    async def _reread(self, thing: Thing) -> None:
        here = self._stand_in.surroundings
        try:
            now = await here.fresh(thing)
        except ClusterError:
            return
        if now is None:
            self.heard(here.gone(thing))
        else:
            here.note(now)

    def _note(self, thing: Thing, waiting: _Waiting, work: Work) -> None:
        self.tally.reconciles += 1
        self.tally.puts += work.put
        self.tally.last[thing] = work
        self._concern(thing, waiting, work.asked or waiting.asked, frozenset())
        waiting.why = ""
        told = work.told
        if told is not None and told.accepted:
            waiting.failures = 0
            self._wake_users(thing)
            if told.deleting:
                self._concern(thing, waiting, frozenset(), frozenset())
                self._waiting.pop(thing, None)
                self._turns.pop(thing, None)
            return
        if work.again is None:
            return
        waiting.failures += 1
        self.tally.failures += 1
        now = self._clock()
        if isinstance(work.again, Again):
            self._turns[thing] = now + max(work.at_least_s, work.again.after_s * self._random())
        elif isinstance(work.again, Parked):
            names = (Thing.named(text) for text in work.again.woken_by)
            woken_by = frozenset(name for name in names if name is not None)
            self._concern(thing, waiting, waiting.asked, woken_by)
            waiting.why = work.again.why
            if work.again.look_again_s is not None:
                self._turns[thing] = now + work.again.look_again_s

    def _wake_users(self, thing: Thing) -> None:
        """Those that failed for want of this one, or wait until it is gone, look again."""
        self.ask([user for user in self._users.get(thing, ()) if thing in self._waiting[user].woken_by])

    def _concern(
        self, thing: Thing, waiting: _Waiting, asked: frozenset[Thing], woken_by: frozenset[Thing]
    ) -> None:
        """Note what concerns a key from now on, and with each of these that the key uses it."""
        before = waiting.asked | waiting.woken_by
        waiting.asked, waiting.woken_by = asked, woken_by
        now = asked | woken_by
        for one in now - before:
            self._users.setdefault(one, set()).add(thing)
        for one in before - now:
            users = self._users[one]
            users.discard(thing)
            if not users:
                del self._users[one]


def _rank(thing: Thing) -> int:
    return _ORDER.index(thing.kind) if thing.kind in _ORDER else len(_ORDER)
