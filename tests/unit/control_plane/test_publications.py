"""What was published: of many APIs from one list, definitions where somebody needs them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from reconciler.control_plane.deployments import Deployments
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.history import event_of, event_of_v1
from reconciler.control_plane.publications import FEW, Publications
from reconciler.control_plane.refs import StateRef
from reconciler.control_plane.schedule import Schedule
from reconciler.control_plane.watching import POLL_S, ControlPlaneObserver
from reconciler.rules.identity import resource_id
from reconciler.simulator.apim import Apim
from tests.unit.control_plane.bodies import api_body, put_apis
from tests.unit.control_plane.in_process import InProcess, client_of
from tests.unit.control_plane.recording import Told
from tests.unit.control_plane.test_observing import running
from tests.unit.control_plane.virtual_time import clock, until, virtually

MANY = 3 * FEW
LIST = "/platform/events"


def id_of(ref: StateRef) -> str:
    return resource_id("DEFAULT", "DEFAULT", ref.hrid)


class Observed:
    """Many APIs that are expected."""

    def __init__(self, *, count: int = MANY, expected: bool = True) -> None:
        self.apim = Apim(clock)
        self.refs = put_apis(self.apim, *(f"shop-api-{number:03}" for number in range(count)))
        self.ids = [id_of(ref) for ref in self.refs]
        self.transport = InProcess(self.apim)
        self.told = Told()
        self.observer = ControlPlaneObserver(client_of(self.transport))
        if expected:
            self.observer.expect(self.refs)

    async def known(self) -> None:
        await until(lambda: len(self.told.deployments) == len(self.refs) and self.told.phase == "ready")

    def whole(self) -> list[str]:
        """The APIs whose publication was told with its definition."""
        return [api_id for api_id, event in self.told.deployments.items() if event and event.whole]

    def singly(self, since: float = 0.0) -> int:
        """How many publications were asked for by themselves."""
        return self.transport.count("/events", since=since) - self.transport.count(LIST, since=since)


def test_the_publications_of_many_come_from_one_list() -> None:
    async def main() -> None:
        it = Observed()
        it.apim.put_api("DEFAULT", {**_body(it), "description": "again"})
        it.apim.stop("DEFAULT", it.ids[1])
        async with running(it.observer, it.told):
            await it.known()
            assert (it.transport.count(LIST), it.singly()) == (1, 0)
            again, stopped, other = (it.told.deployments[api_id] for api_id in it.ids[:3])
            assert again and stopped and other
            assert (again.type, again.number) == ("PUBLISH_API", "2")
            assert stopped.type == "STOP_API"
            assert (other.type, other.number, other.by) == ("PUBLISH_API", "1", "admin")
            assert other.api_id == it.ids[2]
            assert it.whole() == []

    virtually(main)


def test_an_event_is_the_same_from_the_list_and_by_itself() -> None:
    async def main() -> None:
        it = Observed(count=1)
        client = client_of(it.transport)
        listed = await Publications(client).newest({it.ids[0]: clock()})
        await it.observer.observe_once(it.told)
        alone = it.told.deployments[it.ids[0]]
        assert alone is not None and alone.whole
        assert listed[it.ids[0]] == alone
        assert not listed[it.ids[0]].whole

    virtually(main)


def test_of_a_few_each_is_read_whole() -> None:
    async def main() -> None:
        it = Observed(count=FEW)
        async with running(it.observer, it.told):
            await it.known()
            assert it.transport.count(LIST) == 0
            assert sorted(it.whole()) == sorted(it.ids)

    virtually(main)


def test_reading_once_reads_every_definition_for_nothing_comes_later() -> None:
    async def main() -> None:
        it = Observed()
        await it.observer.observe_once(it.told)
        assert it.transport.count(LIST) == 0
        assert sorted(it.whole()) == sorted(it.ids)

    virtually(main)


def test_a_definition_that_would_be_compared_is_read_when_the_budget_allows_it_and_once() -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await it.known()
            it.observer.read_definitions(it.ids[:2])
            await until(lambda: sorted(it.whole()) == sorted(it.ids[:2]), 120)
            await until(lambda: it.told.message == "", 5)
            asked = it.singly()
            it.observer.read_definitions(it.ids[:2])
            await asyncio.sleep(60)
            assert it.singly() == asked == 2

    virtually(main)


def test_as_long_as_definitions_are_awaited_the_place_says_so() -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await it.known()
            it.observer.read_definitions(it.ids)
            await until(lambda: "judged by their revisions" in it.told.message, 30)
            assert it.told.phase == "ready"
            await until(lambda: len(it.whole()) == MANY, 120)
            await until(lambda: it.told.message == "", 5)

    virtually(main)


def test_what_somebody_looks_at_is_read_whole_at_once() -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await it.known()
            it.observer.look_at([it.refs[7]])
            await until(lambda: it.whole() == [it.ids[7]], 1)

    virtually(main)


def test_what_is_published_later_is_read_whole_and_of_many_at_once_from_the_list() -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await it.known()
            it.apim.put_api("DEFAULT", {**_body(it), "description": "new"})
            await until(lambda: it.whole() == [it.ids[0]], POLL_S * 2)
            assert it.told.deployments[it.ids[0]].number == "2"  # type: ignore[union-attr]
            begun = clock()
            for ref in it.refs:
                it.apim.put_api("DEFAULT", {**_body(it, ref), "description": "all"})
            await until(lambda: _numbers(it) == {"2", "3"} and len(it.whole()) == FEW, POLL_S * 2)
            assert it.transport.count(LIST, since=begun) == 1
            assert it.singly(since=begun) == FEW

    virtually(main)


@pytest.mark.parametrize("status", [403, 404, 500, 501])
def test_without_that_list_each_is_read_by_itself(status: int) -> None:
    async def main() -> None:
        it = Observed()
        it.transport.interfere = lambda request: (
            httpx.Response(status, json={"message": "no"}) if LIST in request.url.path else None
        )
        async with running(it.observer, it.told):
            await it.known()
            assert it.singly() == MANY
            assert sorted(it.whole()) == sorted(it.ids)

    virtually(main)


def test_what_the_list_does_not_tell_soon_enough_is_read_by_itself() -> None:
    async def main() -> None:
        it = Observed()
        for number in range(600):  # the others' publications are six pages away
            it.apim.put_api("DEFAULT", {**_body(it), "description": f"number {number}"})
        async with running(it.observer, it.told):
            await it.known()
            assert it.transport.count(LIST) == 5
            assert it.whole() != []
            assert all(it.told.deployments.values())

    virtually(main)


@pytest.mark.parametrize(
    "answer",
    [
        {"content": "none"},
        [],
        {"content": [{"type": "PUBLISH_API"}], "totalElements": 1},
        {"content": [None, 7, {}], "totalElements": 3},
        {"content": [], "totalElements": -5},
    ],
)
def test_whatever_the_list_answers_nothing_is_lost(answer: Any) -> None:
    async def main() -> None:
        it = Observed()
        it.transport.interfere = lambda request: (
            httpx.Response(200, json=answer) if LIST in request.url.path else None
        )
        async with running(it.observer, it.told):
            await it.known()
            assert sorted(it.whole()) == sorted(it.ids)

    virtually(main)


def test_a_list_that_does_not_begin_with_the_newest_is_not_believed() -> None:
    def event(at: float, api_id: str) -> dict[str, Any]:
        return {
            "id": f"event-{at}",
            "type": "PUBLISH_API",
            "created_at": at * 1000,
            "properties": {"api_id": api_id, "deployment_number": "1"},
        }

    async def main() -> None:
        it = Observed(count=1)
        content = [event(1_700_000_000.0, "a"), event(1_700_000_600.0, "a")]
        it.transport.interfere = lambda _request: httpx.Response(
            200, json={"content": content, "totalElements": 2}
        )
        with pytest.raises(ControlPlaneError, match="order"):
            await Publications(client_of(it.transport)).newest({"a": 1_700_000_000.0, "b": 1_700_000_000.0})

    virtually(main)


def test_an_orphans_hrid_is_found_out_at_leisure_and_not_where_it_was_computed_meanwhile() -> None:
    async def main() -> None:
        it = Observed(expected=False)
        async with running(it.observer, it.told):
            await it.known()
            it.observer.expect(it.refs[: MANY - 1])
            await until(lambda: it.told.entries[it.ids[-1]].hrid == it.refs[-1].hrid, 60)
            assert it.singly() < FEW

    virtually(main)


def test_what_the_list_told_never_replaces_what_is_newer() -> None:
    async def main() -> None:
        it = Observed()
        await it.observer.observe_once(it.told)
        entries = it.told.entries
        following = Deployments(client_of(it.transport), Schedule(lambda _ref: 1))
        newest = event_of(
            {
                "type": "PUBLISH_API",
                "id": "newer",
                "createdAt": (clock() + 60) * 1000,
                "properties": {"API_ID": it.ids[0], "DEPLOYMENT_NUMBER": "9"},
            }
        )
        following.read(it.ids[0], newest)
        for entry in entries.values():
            following.published(entry, first=True)
        told = Told()
        await following.catch_up(told, entries)
        assert it.ids[0] not in told.deployments
        assert len(told.deployments) == MANY - 1

    virtually(main)


@pytest.mark.parametrize("item", [None, 1, {}, {"type": 3}, {"type": "X", "properties": []}])
def test_what_is_no_event_is_none_or_empty(item: Any) -> None:
    event = event_of_v1(item)
    assert event is None or (event.api_id, event.number, event.at) == ("", "", 0.0)


def _numbers(it: Observed) -> set[str]:
    return {event.number for event in it.told.deployments.values() if event}


def _body(it: Observed, ref: StateRef | None = None) -> dict[str, Any]:
    return api_body((ref or it.refs[0]).hrid)
