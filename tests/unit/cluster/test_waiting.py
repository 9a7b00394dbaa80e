"""Waiting for what a write needs, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from reconciler.cluster.addresses import Address
from reconciler.cluster.applying import ObjectWriter
from reconciler.cluster.client import KubeClient
from reconciler.cluster.rim import Rim
from reconciler.cluster.waiting import wait_for_kind, wait_for_namespace, wait_until_gone
from tests.unit.cluster.fake_api import FakeApi, status

Open = Callable[..., Awaitable[KubeClient]]
Look = Callable[[int], web.Response]
PLACE = Address("gravitee.io/v1alpha1", "Group", "groups", "shop", "g")


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def rim(self) -> Rim:
        async def sleep(seconds: float) -> None:
            self.now += seconds
            await asyncio.sleep(0)

        return Rim(clock=lambda: self.now, sleep=sleep)


def answering(server: FakeApi, look: Look) -> list[str]:
    """Let the server answer by how often it was asked; returns the list of what it was asked."""
    asked: list[str] = []

    async def every(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return look(len(asked))

    server.every = every
    return asked


def named(name: str, **metadata: Any) -> web.Response:
    return web.json_response({"kind": "X", "metadata": {"name": name, "uid": "u", **metadata}})


async def test_a_namespace_that_appears_ends_the_wait(server: FakeApi, connect: Open) -> None:
    asked = answering(server, lambda times: named("shop") if times > 3 else status(404))
    clock = Clock()
    writer = ObjectWriter(await connect(server.url))
    assert await wait_for_namespace(writer, "shop", clock.rim(), timeout_s=30) == ""
    assert len(asked) == 4 and clock.now < 5


async def test_what_stood_in_the_way_is_told_when_time_is_up(server: FakeApi, connect: Open) -> None:
    answering(server, lambda times: named("shop", deletionTimestamp="2026-01-01T00:00:00Z"))
    clock = Clock()
    writer = ObjectWriter(await connect(server.url))
    told = await wait_for_namespace(writer, "shop", clock.rim(), timeout_s=30)
    assert told == "namespace shop is being deleted"
    assert clock.now == 30


async def test_a_missing_right_is_told_and_not_taken_for_absence(server: FakeApi, connect: Open) -> None:
    answering(server, lambda times: status(403, "cannot get namespaces"))
    writer = ObjectWriter(await connect(server.url))
    told = await wait_for_namespace(writer, "shop", Clock().rim(), timeout_s=1)
    assert "cannot get namespaces" in told


async def test_an_object_held_by_a_finalizer_is_named_with_it(server: FakeApi, connect: Open) -> None:
    answering(server, lambda times: named("g", finalizers=["finalizers.gravitee.io/groups"]))
    writer = ObjectWriter(await connect(server.url))
    told = await wait_until_gone(writer, PLACE, "u", Clock().rim(), timeout_s=5)
    assert told == "Group/shop/g is still there, held by finalizers.gravitee.io/groups"
    assert await wait_until_gone(writer, PLACE, "another uid", Clock().rim(), timeout_s=5) == ""


async def test_a_kind_is_waited_for_until_it_is_served(server: FakeApi, connect: Open) -> None:
    def look(times: int) -> web.Response:
        if times == 1:
            return web.json_response({"kind": "APIGroup", "versions": [{"version": "v1alpha1"}]})
        kinds = [{"name": "groups", "kind": "Group", "namespaced": True, "verbs": ["get"]}]
        return web.json_response({"kind": "APIResourceList", "resources": kinds})

    answering(server, look)
    assert await wait_for_kind(await connect(server.url), "Group", Clock().rim(), timeout_s=5) == ""
