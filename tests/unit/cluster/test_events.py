"""Events of a cluster: repeated ones are counted, good news is told in measure, bad news always."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from reconciler.cluster.client import KubeClient
from reconciler.cluster.events import NORMAL_BURST, NORMAL_PER_S, Events
from tests.unit.cluster.fake_api import FakeApi

Open = Callable[..., Awaitable[KubeClient]]


class Board:
    """Where events are posted, and a clock that stands still until it is moved."""

    def __init__(self, server: FakeApi) -> None:
        self.now = 1_800_000_000.0
        self.posted: list[dict[str, Any]] = []
        self.counted: list[int] = []
        server.every = self._every

    async def _every(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if request.method == "POST":
            self.posted.append(body)
        else:
            self.counted.append(body["count"])
        return web.json_response(body)


def about(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ApiV4Definition",
        "metadata": {"namespace": "team-a", "name": f"api-{number}", "uid": f"uid-{number}"},
    }


async def say(events: Events, number: int, kind: str = "Normal") -> None:
    await events.emit(
        about(number), kind, "UpdateSucceeded", "Update succeeded", "apiv4definition-controller"
    )


async def test_a_repetition_raises_the_count(server: FakeApi, connect: Open) -> None:
    board = Board(server)
    events = Events(await connect(server.url), lambda: board.now)
    for _ in range(3):
        await say(events, 1)
    assert len(board.posted) == 1
    assert board.counted == [2, 3]
    assert (events.lost, events.spared) == (0, 0)


async def test_a_flood_of_good_news_is_told_in_measure(server: FakeApi, connect: Open) -> None:
    board = Board(server)
    events = Events(await connect(server.url), lambda: board.now)
    for number in range(200):
        await say(events, number)
    assert len(board.posted) == NORMAL_BURST
    assert events.spared == 200 - NORMAL_BURST
    board.now += 3
    for number in range(200, 300):
        await say(events, number)
    assert len(board.posted) == NORMAL_BURST + 3 * NORMAL_PER_S


async def test_after_a_quiet_while_as_many_are_told_as_at_first(server: FakeApi, connect: Open) -> None:
    board = Board(server)
    events = Events(await connect(server.url), lambda: board.now)
    for number in range(100):
        await say(events, number)
    board.now += 3600
    for number in range(100, 200):
        await say(events, number)
    assert len(board.posted) == 2 * NORMAL_BURST


async def test_a_clock_that_goes_back_gives_nothing_away(server: FakeApi, connect: Open) -> None:
    board = Board(server)
    events = Events(await connect(server.url), lambda: board.now)
    for number in range(100):
        await say(events, number)
    board.now -= 3600
    await say(events, 100)
    board.now += 1
    for number in range(101, 200):
        await say(events, number)
    assert len(board.posted) == NORMAL_BURST + NORMAL_PER_S


async def test_warnings_are_always_told_and_cost_no_good_news(server: FakeApi, connect: Open) -> None:
    board = Board(server)
    events = Events(await connect(server.url), lambda: board.now)
    for number in range(100):
        await say(events, number, "Warning")
    assert len(board.posted) == 100
    await say(events, 1)
    assert len(board.posted) == 101
    assert events.spared == 0
