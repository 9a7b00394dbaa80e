"""Who has a turn when: what moved, what uses that, what waited for it; each key once at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.engine.standing_in.desk import Desk
from reconciler.engine.standing_in.reconciling import Work
from reconciler.engine.standing_in.surroundings import Moved, Thing
from reconciler.rules.apim.standing_in.retrying import Again, Parked
from reconciler.rules.apim.standing_in.told import Told, deleted, failed, unanswered

CONTEXT = Thing("ManagementContext", "team-a", "ctx")
GROUP = Thing("Group", "team-a", "sre")
ORDERS = Thing("ApiV4Definition", "team-a", "orders")
PETS = Thing("ApiV4Definition", "team-a", "pets")
SECRET = Thing("Secret", "team-a", "values")
DONE = Told(sent=True)
FAILED = failed(unanswered("PUT", "http://apim", "it did not answer"))


class Scripted:
    """Does no work, and says of each key what it was told to say."""

    def __init__(self) -> None:
        self.surroundings = self
        self.turns: list[Thing] = []
        self.says: dict[Thing, Work] = {}
        self.during: Callable[[Thing], None] = lambda _: None
        self.kept: set[Thing] = set()

    async def reconcile(self, thing: Thing, attempt: int = 1, **_: Any) -> Work:
        del attempt
        self.turns.append(thing)
        self.during(thing)
        return self.says.get(thing) or Work(thing, DONE)

    def took(self) -> list[Thing]:
        """Whose turns there were since this was last asked."""
        turns, self.turns = self.turns, []
        return turns

    async def refresh(self) -> Moved:
        return moved()

    async def fresh(self, thing: Thing) -> dict[str, Any] | None:
        return {"kind": thing.kind, "metadata": {"namespace": thing.namespace, "name": thing.name}}

    def note(self, body: dict[str, Any]) -> Moved:
        del body
        return moved()

    def forget_values(self, used: Any) -> None:
        self.kept = set(used)


def moved(*own: Thing, users: tuple[Thing, ...] = ()) -> Moved:
    return Moved(frozenset(own), frozenset(users))


class Room:
    """A desk, its worker, and a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.work = Scripted()
        self.desk = Desk(self.work, clock=lambda: self.now, random=lambda: 0.5)  # type: ignore[arg-type]

    async def turns(self, news: Moved | None = None) -> list[Thing]:
        """Whose turns come of some news."""
        if news is not None:
            self.desk.heard(news)
        await self.desk.settle()
        return self.work.took()


async def test_what_moved_has_a_turn_and_so_has_who_looked_at_it() -> None:
    room = Room()
    room.work.says[ORDERS] = Work(ORDERS, DONE, asked=frozenset({CONTEXT, SECRET}))
    assert await room.turns(moved(CONTEXT, ORDERS, PETS)) == [CONTEXT, ORDERS, PETS]
    assert await room.turns(moved(users=(SECRET,))) == [ORDERS]
    assert await room.turns(moved(CONTEXT)) == [CONTEXT, ORDERS]
    assert await room.turns(moved(users=(PETS,))) == []


async def test_what_is_no_longer_looked_at_concerns_nobody() -> None:
    room = Room()
    room.work.says[ORDERS] = Work(ORDERS, DONE, asked=frozenset({SECRET}))
    await room.turns(moved(ORDERS))
    await room.desk.look()
    assert room.work.kept == {SECRET}
    room.work.says[ORDERS] = Work(ORDERS, DONE, asked=frozenset({CONTEXT}))
    await room.turns(moved(ORDERS))
    assert await room.turns(moved(users=(SECRET,))) == []
    await room.desk.look()
    assert room.work.kept == set()


async def test_who_waits_for_something_is_woken_by_its_success_and_not_by_its_failure() -> None:
    room = Room()
    parked = Parked("what it refers to is missing", (str(GROUP),))
    room.work.says[ORDERS] = Work(ORDERS, FAILED, parked)
    await room.turns(moved(ORDERS))
    assert room.desk.parked() == {ORDERS: parked.why}
    assert room.desk.next_at() is None
    room.work.says[GROUP] = Work(GROUP, FAILED, Again(60.0))
    room.desk.ask([GROUP])
    assert await room.turns() == [GROUP]
    del room.work.says[GROUP], room.work.says[ORDERS]
    room.desk.ask([GROUP])
    assert await room.turns() == [GROUP, ORDERS]
    assert room.desk.parked() == {}


async def test_a_failure_waits_its_time_and_news_cut_that_short() -> None:
    room = Room()
    room.work.says[ORDERS] = Work(ORDERS, FAILED, Again(10.0))
    await room.turns(moved(ORDERS))
    assert room.desk.next_at() == room.now + 5.0
    assert await room.turns() == []
    assert await room.turns(moved(ORDERS)) == [ORDERS]
    room.now += 5.0
    assert await room.turns() == [ORDERS]


async def test_what_is_asked_for_while_it_is_in_flight_runs_once_more() -> None:
    room = Room()
    asked = iter((True, True))

    def again(thing: Thing) -> None:
        if next(asked, False):
            room.desk.ask([thing, thing])

    room.work.during = again
    assert await room.turns(moved(ORDERS)) == [ORDERS, ORDERS, ORDERS]


async def test_what_is_made_anew_while_its_deletion_ends_has_a_turn() -> None:
    room = Room()
    room.work.says[ORDERS] = Work(ORDERS, deleted())

    def made_anew(thing: Thing) -> None:
        room.work.during = lambda _: None
        room.work.says.clear()
        room.desk.heard(moved(thing))

    gone = room.work.says[ORDERS]
    room.work.during = made_anew
    plain = room.work.reconcile

    async def reconcile(thing: Thing, attempt: int = 1, **named: Any) -> Work:
        first = bool(room.work.says)
        work = await plain(thing, attempt, **named)
        return gone if first else work

    room.work.reconcile = reconcile  # type: ignore[method-assign]
    assert await room.turns(moved(ORDERS)) == [ORDERS, ORDERS]


async def test_what_is_gone_is_forgotten() -> None:
    room = Room()
    room.work.says[ORDERS] = Work(ORDERS, DONE, asked=frozenset({SECRET}))
    await room.turns(moved(ORDERS))
    room.work.says[ORDERS] = Work(ORDERS, deleted(), asked=frozenset({SECRET}))
    await room.turns(moved(ORDERS))
    assert await room.turns(moved(users=(SECRET,))) == []
    await room.desk.look()
    assert room.work.kept == set()
