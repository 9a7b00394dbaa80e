"""A write whose answer does not come: it is not sent again, and a second read says what it did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from reconciler.cluster.addresses import Address
from reconciler.cluster.applying import ObjectWriter
from reconciler.cluster.client import KubeClient
from reconciler.cluster.preconditions import version_of
from reconciler.model.steps import Did
from tests.unit.cluster.fake_api import FakeApi, api, status

PLACE = Address("gravitee.io/v1alpha1", "ApiV4Definition", "apiv4definitions", "team-a", "orders")
MANIFEST = {
    "apiVersion": PLACE.api_version,
    "kind": PLACE.kind,
    "metadata": {"name": "orders", "namespace": "team-a"},
    "spec": {"name": "orders"},
}
Open = Callable[..., Awaitable[KubeClient]]


class Flaky:
    """One object behind an API server that may act on a write and never say so."""

    def __init__(self, server: FakeApi, held: dict[str, Any] | None) -> None:
        self.held = held
        self.acts = True
        self.answer: Callable[[], Awaitable[web.StreamResponse]] | None = None
        self.writes: list[str] = []
        server.every = self._every

    async def _every(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response(self.held) if self.held else status(404, "not found", "NotFound")
        if request.query.get("dryRun"):
            return web.json_response(self._written(await request.json()))
        self.writes.append(request.method)
        if self.acts:
            self.held = None if request.method == "DELETE" else self._written(await request.json())
        if self.answer is not None:
            return await self.answer()
        return web.json_response(self.held or {"kind": "Status", "status": "Success"})

    def _written(self, sent: Any) -> dict[str, Any]:
        if isinstance(sent, list):
            sent = self.held
        body = json.loads(json.dumps(sent))
        fields = [{"manager": "gko-tui", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]
        body["metadata"].update(uid="uid-orders", resourceVersion="2", managedFields=fields)
        return body


async def silence() -> web.StreamResponse:
    await asyncio.sleep(30)
    raise AssertionError("nobody waits this long")


async def breaks() -> web.StreamResponse:
    raise web.HTTPBadGateway(text="<html>", content_type="text/html")


@pytest.mark.parametrize("answer", [silence, breaks])
async def test_a_create_that_arrived_is_created_though_nobody_said_so(
    server: FakeApi, connect: Open, answer: Any
) -> None:
    place = Flaky(server, None)
    place.answer = answer
    writer = ObjectWriter(await connect(server.url, timeout_s=0.2))
    written = await writer.apply(PLACE, MANIFEST, None)
    assert written.did is Did.CREATED
    assert place.writes == ["PATCH"]


@pytest.mark.parametrize("answer", [silence, breaks])
async def test_one_that_did_not_arrive_is_unknown_and_is_not_sent_again(
    server: FakeApi, connect: Open, answer: Any
) -> None:
    place = Flaky(server, None)
    place.answer, place.acts = answer, False
    writer = ObjectWriter(await connect(server.url, timeout_s=0.2))
    written = await writer.apply(PLACE, MANIFEST, None)
    assert (written.did, written.cause) == (Did.UNKNOWN, "unknown")
    assert "arrived or not" in written.message
    assert place.writes == ["PATCH"]


async def test_somebody_elses_write_in_between_is_not_taken_for_ours(server: FakeApi, connect: Open) -> None:
    before = api("orders")
    place = Flaky(server, before)
    place.acts = False

    async def theirs() -> web.StreamResponse:
        place.held = api("orders", version="9", spec={"name": "theirs"})
        return await breaks()

    place.answer = theirs
    writer = ObjectWriter(await connect(server.url))
    written = await writer.apply(PLACE, MANIFEST, version_of(before))
    assert written.did is Did.UNKNOWN


async def test_a_deletion_that_arrived_is_deleted(server: FakeApi, connect: Open) -> None:
    before = api("orders")
    place = Flaky(server, before)
    place.answer = breaks
    writer = ObjectWriter(await connect(server.url))
    assert (await writer.delete(PLACE, version_of(before))).did is Did.DELETED
    assert place.writes == ["DELETE"]


async def test_a_removal_that_arrived_is_configured(server: FakeApi, connect: Open) -> None:
    before = api("orders", spec={"name": "orders", "plans": {"free": {}}})
    place = Flaky(server, before)
    place.acts = False

    async def gone() -> web.StreamResponse:
        place.held = api("orders", version="2", spec={"name": "orders", "plans": {}})
        return await breaks()

    place.answer = gone
    writer = ObjectWriter(await connect(server.url))
    written = await writer.remove(PLACE, [("spec", "plans", "free")], version_of(before))
    assert written.did is Did.CONFIGURED


async def test_what_never_left_is_no_riddle(server: FakeApi, connect: Open) -> None:
    """Given a server that is gone, when something is written, then it surely was not."""
    url = server.url
    writer = ObjectWriter(await connect(url))
    await server.stop()
    written = await writer.apply(PLACE, MANIFEST, None)
    assert (written.did, written.cause) == (Did.FAILED, "unreachable")


@pytest.mark.parametrize("code", [429, 403, 400])
async def test_a_clear_no_is_a_failure(server: FakeApi, connect: Open, code: int) -> None:
    place = Flaky(server, None)
    place.acts = False

    async def no() -> web.StreamResponse:
        return status(code, "no")

    place.answer = no
    writer = ObjectWriter(await connect(server.url))
    written = await writer.apply(PLACE, MANIFEST, None)
    assert (written.did, written.cause, written.message) == (Did.FAILED, "refused", "no")
    assert place.writes == ["PATCH"]
