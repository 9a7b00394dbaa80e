"""Whatever a server answers, an operation returns what its type says or raises our own error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.control_plane.automation import AutomationApi
from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.management_v1 import ManagementV1Api
from reconciler.control_plane.outcomes import ArrivedOrNot, Done, Refused, Retry
from reconciler.control_plane.refs import API, StateRef
from reconciler.control_plane.watching import ControlPlaneObserver
from reconciler.control_plane.writing import ControlPlaneWriter
from reconciler.rules.text import printable
from reconciler.simulator.apim import Apim
from tests.unit.control_plane.bodies import api_body
from tests.unit.control_plane.in_process import InProcess, client_of
from tests.unit.control_plane.recording import Told
from tests.unit.control_plane.virtual_time import clock, virtually

REF = StateRef(API, "shop-orders")
NAMES = [
    "data",
    "content",
    "id",
    "name",
    "pagination",
    "totalCount",
    "pageCount",
    "hrid",
    "type",
    "event",
    "createdAt",
    "properties",
    "initiator",
    "user",
    "patch",
    "payload",
    "plan",
    "application",
    "status",
    "message",
    "technicalCode",
    "details",
    "errors",
    "severe",
    "warning",
    "originContext",
    "origin",
    "updatedAt",
    "tags",
    "primaryOwner",
    "displayName",
    "pages",
    "plans",
    "location",
]

leaves = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(max_size=12)
answers = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)
pages = st.fixed_dictionaries({"data": st.lists(answers, max_size=4)}) | st.fixed_dictionaries(
    {"content": st.lists(answers, max_size=4)}
)
bodies = (answers | pages).map(orjson.dumps) | st.binary(max_size=40)
statuses = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503])
kinds = st.sampled_from(["application/json", "text/html", "text/plain", "", "application/json;charset=x"])

READS: dict[str, Callable[[ControlPlaneClient], Awaitable[object]]] = {
    "state": lambda client: AutomationApi(client).state(REF),
    "api": lambda client: ManagementApi(client).api("x"),
    "whole": lambda client: ManagementApi(client).whole("x"),
    "environments": lambda client: ManagementApi(client).environments(),
    "owners": lambda client: ManagementApi(client).owners(["x"]),
    "subscriptions": lambda client: ManagementApi(client).subscriptions("x"),
    "events": lambda client: ManagementApi(client).events("x"),
    "audits": lambda client: ManagementApi(client).audits("x"),
    "groups": lambda client: ManagementApi(client).groups(),
    "instances": lambda client: ManagementV1Api(client).instances(),
    "applications": lambda client: ManagementV1Api(client).applications(),
}


def answering(status: int, kind: str, content: bytes) -> InProcess:
    transport = InProcess(Apim(clock))
    headers = {"Content-Type": kind} if kind else {}
    transport.interfere = lambda request: httpx.Response(status, headers=headers, content=content)
    return transport


@pytest.mark.parametrize("operation", READS)
@settings(max_examples=60, deadline=None)
@given(status=statuses, kind=kinds, content=bodies)
def test_a_reading_returns_or_raises_our_own_error(
    operation: str, status: int, kind: str, content: bytes
) -> None:
    async def main() -> None:
        try:
            await READS[operation](client_of(answering(status, kind, content)))
        except ControlPlaneError as error:
            assert printable(error.sentence()) == error.sentence()

    virtually(main)


@settings(max_examples=100, deadline=None)
@given(status=statuses, kind=kinds, content=bodies)
def test_a_write_has_an_outcome(status: int, kind: str, content: bytes) -> None:
    async def main() -> list[Any]:
        writer = ControlPlaneWriter(client_of(answering(status, kind, content)))
        body = api_body("shop-orders")
        return [await writer.put(REF, body), await writer.check(REF, body), await writer.delete(REF)]

    for outcome in virtually(main):
        assert isinstance(outcome, Done | Refused | Retry | ArrivedOrNot)
        if not 200 <= status < 300 and not (status == 404 and isinstance(outcome, Done)):
            assert not isinstance(outcome, Done)
        if not isinstance(outcome, Done):
            assert outcome.messages


@settings(max_examples=60, deadline=None)
@given(status=statuses, kind=kinds, content=bodies)
def test_observing_once_ends_and_tells_how_well_it_went(status: int, kind: str, content: bytes) -> None:
    async def main() -> Told:
        told = Told()
        observer = ControlPlaneObserver(client_of(answering(status, kind, content)))
        observer.expect([REF])
        await observer.observe_once(told)
        return told

    told = virtually(main)
    assert told.phase in ("ready", "partial", "failed")
    assert printable(told.message) == told.message
