"""What is read next: what somebody waits for first, then what was read longest ago, within the budget."""

from __future__ import annotations

import itertools

import pytest

from reconciler.control_plane.limits import Budget
from reconciler.control_plane.refs import API, StateRef
from reconciler.control_plane.schedule import (
    AFTER_WRITE_S,
    LOOK_S,
    RETRY_LONGEST_S,
    ROUND_S,
    YOUNGEST_S,
    Job,
    Priority,
    Schedule,
)

REFS = [StateRef(API, f"shop-{number}") for number in range(4)]
JOBS = [Job(ref) for ref in REFS]
LATER = 10_000.0


class Reading:
    """A schedule whose budget never runs out, and a clock."""

    def __init__(self, *refs: StateRef) -> None:
        self.schedule = Schedule(lambda ref: 1)
        self.now = LATER
        self.schedule.expect(refs)

    def next(self, at_most: Priority = Priority.ROUND) -> Job | float:
        return self.schedule.next(self.now, Budget(self.now, 1000.0), at_most=at_most)

    def read_all(self) -> list[Job]:
        """Everything that is due now, in its order."""
        done = []
        while isinstance(job := self.next(), Job):
            self.schedule.done(job, self.now, failed=False)
            done.append(job)
        return done


def test_what_is_expected_is_read_at_once_and_then_not_for_a_while() -> None:
    it = Reading(*REFS)
    assert it.schedule.unread == 4
    assert it.read_all() == JOBS
    assert it.schedule.unread == 0
    it.now += YOUNGEST_S - 1
    assert isinstance(it.next(), float)


def test_every_thing_is_read_in_each_round_the_oldest_first() -> None:
    it = Reading(*REFS)
    it.read_all()
    seen: list[Job] = []
    end = it.now + ROUND_S
    while it.now < end:
        found = it.next()
        if isinstance(found, Job):
            seen.append(found)
            it.schedule.done(found, it.now, failed=False)
        else:
            it.now += max(found, 0.01)
    assert seen[:4] == JOBS
    assert it.schedule.oldest(it.now) <= ROUND_S


def test_the_most_urgent_goes_first_and_what_is_queued_moves_up() -> None:
    it = Reading(*REFS)
    it.schedule.soon(JOBS[3], Priority.MOVED)
    it.schedule.look_at([REFS[2]])
    it.schedule.touched(REFS[1], it.now)
    order = it.read_all()
    assert order[:4] == [JOBS[2], JOBS[1], JOBS[3], JOBS[0]]
    assert len(order) == 4, "each once, though it was queued twice"


def test_what_moves_while_it_is_being_read_is_read_once_more() -> None:
    it = Reading(REFS[0])
    job = it.next()
    assert job == JOBS[0]
    it.schedule.soon(JOBS[0], Priority.MOVED)
    it.schedule.soon(JOBS[0], Priority.MOVED)
    assert isinstance(it.next(), float), "never twice at the same time"
    it.schedule.done(JOBS[0], it.now, failed=False)
    assert it.read_all() == JOBS[:1]


def test_the_row_under_the_cursor_is_read_every_five_seconds_until_another_is() -> None:
    it = Reading(*REFS)
    it.read_all()
    it.schedule.look_at(REFS[:1])
    assert it.read_all() == JOBS[:1]
    it.now += LOOK_S
    assert it.read_all() == JOBS[:1]
    it.schedule.look_at(REFS[1:2])
    assert it.read_all() == JOBS[1:2]
    it.now += LOOK_S
    assert it.read_all() == JOBS[1:2]


def test_what_was_written_is_read_at_once_and_a_few_times_more() -> None:
    it = Reading(*REFS)
    it.read_all()
    begun = it.now
    it.schedule.touched(REFS[0], begun)
    for delay in AFTER_WRITE_S:
        it.now = begun + delay
        assert it.read_all() == JOBS[:1]


def test_what_cannot_be_read_is_tried_less_and_less_and_does_not_hold_up_the_others() -> None:
    it = Reading(*REFS)
    waits = []
    for _ in range(12):
        job = it.next()
        while job != JOBS[0]:
            if isinstance(job, Job):
                it.schedule.done(job, it.now, failed=False)
            else:
                it.now += max(job, 0.01)
            job = it.next()
        failed_at = it.now
        it.schedule.done(JOBS[0], it.now, failed=True)
        waits.append(failed_at)
    gaps = [later - earlier for earlier, later in itertools.pairwise(waits)]
    assert gaps[0] == pytest.approx(5.0, abs=1.0)
    assert all(gap <= RETRY_LONGEST_S + 5.0 for gap in gaps)
    assert gaps[-1] > gaps[0] * 10


def test_without_a_budget_the_round_waits_and_a_person_does_not() -> None:
    it = Reading(*REFS)
    it.read_all()
    it.now += ROUND_S
    spent = Budget(it.now)
    spent.spend(it.now, 60.0)
    wait = it.schedule.next(it.now, spent)
    assert isinstance(wait, float)
    assert wait > 0
    it.schedule.look_at(REFS[:1])
    assert it.schedule.next(it.now, spent) == JOBS[0]


def test_what_is_expected_no_longer_is_forgotten() -> None:
    it = Reading(*REFS)
    it.schedule.expect(REFS[:1])
    assert it.schedule.count == 1
    assert it.read_all() == JOBS[:1]
