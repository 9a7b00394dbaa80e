"""What to read next: first what somebody waits for, then, within a budget, what was read longest ago.

Pure: it is told the time and decides; `watching` does what it says. ENGINE §7: the row under the cursor every
5 s, what was written by us quickly, what moved at once, and every thing whole at least every 10 minutes.
"""

from __future__ import annotations

import heapq
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import NamedTuple

from reconciler.control_plane.limits import Budget
from reconciler.control_plane.refs import StateRef

ROUND_S = 540.0
"""A whole deep round; a tenth below the 10 minutes that are promised."""
YOUNGEST_S = 60.0
"""Nothing is read again in the round that was read so recently."""
SLOWEST_S = 4.0
"""Few things are read more often than they must be: one at least this often."""
LOOK_S = 5.0
AFTER_WRITE_S = (0.0, 1.0, 3.0, 8.0)
RETRY_FIRST_S, RETRY_LONGEST_S = 5.0, 300.0


class Priority(IntEnum):
    """Who waits for it; the lowest goes first."""

    PERSON = 0
    WRITE = 1
    MOVED = 2
    FIRST = 3
    DEPLOYMENT = 4
    ROUND = 5


class Job(NamedTuple):
    """One thing to read: its state, or (`deployment`) the newest publication of an API by its id, whole."""

    ref: StateRef
    deployment: bool = False


class Schedule:
    """Decides the order of reading for one control plane.

    Args:
        cost: how many requests it takes to read a thing.
    """

    def __init__(self, cost: Callable[[StateRef], int]) -> None:
        self._cost = cost
        self._expected: OrderedDict[StateRef, None] = OrderedDict()
        """What belongs to the round, the one that was read longest ago first."""
        self._read_at: dict[StateRef, float] = {}
        """When what is expected was read; what is not in it was never."""
        self._failures: dict[Job, int] = {}
        self._looked: frozenset[StateRef] = frozenset()
        self._look_at: dict[StateRef, float] = {}
        """When each of them is due; what is later in the queue for another instant is outdated."""
        self._ready: list[tuple[int, int, Job]] = []
        self._later: list[tuple[float, int, int, Job]] = []
        self._queued: dict[Job, int] = {}
        self._whenever: OrderedDict[Job, None] = OrderedDict()
        """What is read when the budget has something left, in this order."""
        self._running: set[Job] = set()
        self._again: dict[Job, int] = {}
        self._number = itertools.count()
        self._round_at = 0.0
        self._total_cost = 0

    @property
    def expected(self) -> frozenset[StateRef]:
        """What belongs to the round."""
        return frozenset(self._expected)

    @property
    def count(self) -> int:
        """How many things belong to the round."""
        return len(self._expected)

    @property
    def unread(self) -> int:
        """How many of them were never read."""
        return len(self._expected) - len(self._read_at)

    @property
    def put_off(self) -> frozenset[Job]:
        """What is still to be read when the budget has something left."""
        return frozenset(self._whenever)

    @property
    def busy(self) -> bool:
        """Whether something waits that is due, or is on its way."""
        return bool(self._ready or self._running)

    def expect(self, refs: Iterable[StateRef]) -> None:
        """Say what belongs to the round; what is new is read at once."""
        wanted = dict.fromkeys(refs)
        for ref in [ref for ref in self._expected if ref not in wanted]:
            del self._expected[ref]
            self._read_at.pop(ref, None)
            self._failures.pop(Job(ref), None)
        for ref in wanted:
            if ref not in self._expected:
                self._expected[ref] = None
                self._expected.move_to_end(ref, last=False)
                self.soon(Job(ref), Priority.FIRST)
        self._total_cost = sum(map(self._cost, self._expected))

    def look_at(self, refs: Iterable[StateRef]) -> None:
        """Read these at once and every 5 seconds, until others are looked at."""
        before, self._looked = self._looked, frozenset(refs)
        self._look_at = {ref: at for ref, at in self._look_at.items() if ref in self._looked}
        for ref in self._looked - before:
            self.soon(Job(ref), Priority.PERSON)

    def touched(self, ref: StateRef, now: float) -> None:
        """It was written: read it at once and a few times more in the next seconds."""
        for delay in AFTER_WRITE_S:
            self.later(Job(ref), Priority.WRITE, now + delay)

    def soon(self, job: Job, priority: Priority) -> None:
        """Read it as soon as its turn comes. What is queued moves up; what is being read is read again."""
        if job in self._running:
            self._again[job] = min(priority, self._again.get(job, priority))
            return
        self._whenever.pop(job, None)
        known = self._queued.get(job)
        if known is not None and known <= priority:
            return
        self._queued[job] = priority
        heapq.heappush(self._ready, (priority, next(self._number), job))

    def whenever(self, job: Job, *, first: bool = False) -> None:
        """Read it once, when the budget has something left.

        Args:
            job: what to read.
            first: before the others that wait like this.
        """
        if job in self._running or job in self._queued or job in self._failures:
            return
        self._whenever.setdefault(job)
        if first:
            self._whenever.move_to_end(job, last=False)

    def forget(self, jobs: Iterable[Job]) -> None:
        """Nobody needs these any more that were to be read whenever it can be."""
        for job in jobs:
            self._whenever.pop(job, None)

    def later(self, job: Job, priority: Priority, at: float) -> None:
        """Read it at an instant (seconds since the epoch)."""
        heapq.heappush(self._later, (at, next(self._number), priority, job))

    def next(self, now: float, budget: Budget, *, at_most: Priority = Priority.ROUND) -> Job | float:
        """What to read now, or for how many seconds there is nothing to read.

        The caller says `done` when it was read, or could not be.

        Args:
            now: seconds since the epoch.
            budget: what the round may cost.
            at_most: nothing that is less urgent.
        """
        while self._later and self._later[0][0] <= now:
            at, _, priority, job = heapq.heappop(self._later)
            if priority != Priority.PERSON or self._look_at.get(job.ref) == at:
                self.soon(job, Priority(priority))
        while self._ready and self._ready[0][0] <= at_most:
            priority, _, job = heapq.heappop(self._ready)
            if self._queued.get(job) != priority:
                continue  # it has moved up, and was done
            del self._queued[job]
            if self._unwanted(job, priority):
                continue
            self._running.add(job)
            return job
        due = self._unhurried(now, budget) if at_most is Priority.ROUND else ROUND_S
        if not isinstance(due, float):
            return due
        return min(due, self._later[0][0] - now) if self._later else due

    def done(self, job: Job, now: float, *, failed: bool, random: float = 1.0) -> int:
        """It was read, or could not be: then it is tried again later.

        Args:
            job: what.
            now: seconds since the epoch.
            failed: whether it could not be read.
            random: a number in [0, 1), for jitter.

        Returns:
            how many times in a row it could not be read.
        """
        self._running.discard(job)
        failures = self._failures.get(job, 0) + 1 if failed else 0
        if failed:
            self._failures[job] = failures
            wait = min(RETRY_LONGEST_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 10))
            self.later(job, Priority.ROUND, now + wait * (0.5 + 0.5 * random))
        else:
            self._failures.pop(job, None)
        if not job.deployment and job.ref in self._expected:
            self._expected.move_to_end(job.ref)
            if not failed:
                self._read_at[job.ref] = now
        again = self._again.pop(job, None)
        if again is not None:
            self.soon(job, Priority(again))
        elif not job.deployment and job.ref in self._looked:
            self._look_at[job.ref] = now + LOOK_S
            self.later(job, Priority.PERSON, now + LOOK_S)
        return failures

    def oldest(self, now: float) -> float:
        """Seconds since that expected thing was read that was read longest ago; 0 where nothing was."""
        return now - min((self._read_at[ref] for ref in self._expected if ref in self._read_at), default=now)

    def round_s(self, rate: float) -> float:
        """How long a whole round takes with so many requests a second for it."""
        return max(ROUND_S, self._total_cost / rate)

    # ---------------------------------------------------------------------------------------

    def _unwanted(self, job: Job, priority: int) -> bool:
        """Whether nobody asks for it any more: it is looked at no longer, or no more expected."""
        if job.deployment:
            return False
        if priority == Priority.PERSON:
            return job.ref not in self._looked
        return priority in (Priority.FIRST, Priority.ROUND) and job.ref not in self._expected

    def _unhurried(self, now: float, budget: Budget) -> Job | float:
        """What nobody waits for: the round keeps its pace, the rest of the budget is for what was put off."""
        due = self._round(now, budget)
        if not isinstance(due, float) or not self._whenever:
            return due
        wait = budget.wait(now)
        if wait > 0:
            return min(due, wait)
        job, _ = self._whenever.popitem(last=False)
        self._running.add(job)
        return job

    def _round(self, now: float, budget: Budget) -> Job | float:
        """The one that was read longest ago, if pace and budget allow it; else how long they do not."""
        ref = next((ref for ref in self._expected if not self._pending(ref)), None)
        if ref is None:
            return ROUND_S
        cost = self._cost(ref)
        wait = max(
            self._round_at - now,
            self._read_at.get(ref, -YOUNGEST_S) + YOUNGEST_S - now,
            budget.wait(now, cost),
        )
        if wait > 0:
            return wait
        pace = min(SLOWEST_S, ROUND_S / max(1, self._total_cost))
        # A pace that fell behind (a pause, a budget) catches up no faster than the budget allows.
        self._round_at = max(self._round_at, now - ROUND_S / 10) + pace * cost
        self._running.add(Job(ref))
        return Job(ref)

    def _pending(self, ref: StateRef) -> bool:
        job = Job(ref)
        return job in self._running or job in self._queued or job in self._failures
