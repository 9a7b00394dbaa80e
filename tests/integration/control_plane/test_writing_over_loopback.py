"""Writing over real sockets, where connections break: whether it arrived is known, or said to be unknown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.outcomes import ArrivedOrNot, Done, Refused, Retry
from reconciler.control_plane.refs import API, StateRef
from reconciler.control_plane.watching import ControlPlaneObserver
from reconciler.control_plane.writing import ControlPlaneWriter
from reconciler.rules.identity import resource_id
from reconciler.simulator.apim import Apim, ApimServer
from tests.integration.control_plane.relay import Relay
from tests.integration.control_plane.scene import EVERYTHING, PASSWORD, declared, opened, v2_body
from tests.integration.control_plane.waking import Waking
from tests.unit.control_plane.bodies import api_body

NEW = StateRef(API, "shop-new")
NEW_ID = resource_id("DEFAULT", "DEFAULT", "shop-new")


@pytest.fixture
async def client(served: ApimServer) -> AsyncIterator[ControlPlaneClient]:
    client = opened(declared(served.url, timeout_s=0.5))
    yield client
    await client.aclose()


def puts(served: ApimServer) -> int:
    return sum(method == "PUT" for method, _ in served.requests)


async def test_everything_is_written_and_deleted(
    apim: Apim, served: ApimServer, client: ControlPlaneClient
) -> None:
    writer = ControlPlaneWriter(client)
    assert isinstance(await writer.check(NEW, api_body("shop-new")), Done)
    assert NEW_ID not in apim.environment("DEFAULT").apis
    assert isinstance(await writer.put(NEW, api_body("shop-new")), Done)
    assert isinstance(await writer.put(EVERYTHING[-1], v2_body(name="Renamed")), Done)
    state = await writer.read(EVERYTHING[-1])
    assert state is not None
    assert state.body()["name"] == "Renamed"
    assert [plan["name"] for plan in state.body()["plans"]] == ["free"]
    for ref in (EVERYTHING[1], NEW, *(ref for ref in EVERYTHING if ref != EVERYTHING[1])):
        assert isinstance(await writer.delete(ref), Done), ref
    assert [api.origin for api in apim.environment("DEFAULT").apis.values()] == ["MANAGEMENT"]


async def test_a_put_that_arrived_though_its_answer_did_not_is_unknown_and_not_repeated(
    apim: Apim, served: ApimServer
) -> None:
    async with Relay(served.url) as relay:
        relay.lose_answers = True
        client = opened(declared(relay.url))
        writer = ControlPlaneWriter(client)
        outcome = await writer.put(NEW, api_body("shop-new"))
        relay.lose_answers = False
        state = await writer.read(NEW)
        await client.aclose()
    assert isinstance(outcome, ArrivedOrNot)
    assert state is not None, "reading it tells that it had arrived"
    assert puts(served) == 1
    assert NEW_ID in apim.environment("DEFAULT").apis


async def test_a_put_whose_answer_is_cut_off_is_unknown(
    apim: Apim, served: ApimServer, client: ControlPlaneClient
) -> None:
    served.faults.truncated = True
    outcome = await ControlPlaneWriter(client).put(NEW, api_body("shop-new"))
    assert isinstance(outcome, ArrivedOrNot)
    assert NEW_ID in apim.environment("DEFAULT").apis


async def test_a_server_that_hangs_leaves_it_unknown(
    apim: Apim, served: ApimServer, client: ControlPlaneClient
) -> None:
    served.faults.hang = True
    outcome = await ControlPlaneWriter(client).put(NEW, api_body("shop-new"))
    assert isinstance(outcome, ArrivedOrNot)
    assert outcome.reason == "timeout"
    assert puts(served) == 1


async def test_nobody_at_the_address_means_that_nothing_was_sent(
    served: ApimServer, client: ControlPlaneClient
) -> None:
    await served.stop()
    outcome = await ControlPlaneWriter(client).put(NEW, api_body("shop-new"))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "refused"
    assert not outcome.read_first


async def test_a_server_without_tls_is_never_sent_the_body(served: ApimServer) -> None:
    client = opened(declared(served.url.replace("http://", "https://")))
    outcome = await ControlPlaneWriter(client).put(NEW, api_body("shop-new"))
    await client.aclose()
    assert isinstance(outcome, Retry)
    assert outcome.reason == "tls"
    assert puts(served) == 0


async def test_a_kept_connection_that_the_server_closed_does_no_harm(
    apim: Apim, served: ApimServer, client: ControlPlaneClient
) -> None:
    writer = ControlPlaneWriter(client)
    assert isinstance(await writer.put(NEW, api_body("shop-new")), Done)
    port = served.port
    await served.stop()
    again = ApimServer(apim, port=port)
    await again.start()
    outcome = await writer.put(NEW, {**api_body("shop-new"), "description": "again"})
    assert isinstance(outcome, Done)
    assert puts(again) == 1
    await again.stop()


async def test_wrong_credentials_are_refused_for_good_and_nothing_is_told_of_them(served: ApimServer) -> None:
    client = opened(declared(served.url, password=PASSWORD + "-not"))
    outcome = await ControlPlaneWriter(client).put(NEW, api_body("shop-new"))
    await client.aclose()
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unauthorized"
    assert PASSWORD not in repr(outcome)


async def test_what_apim_refuses_is_refused_in_its_words(
    served: ApimServer, client: ControlPlaneClient
) -> None:
    body = api_body("shop-new")
    body["plans"].append(body["plans"][0])
    outcome = await ControlPlaneWriter(client).put(NEW, body)
    assert isinstance(outcome, Refused)
    assert [message.text for message in outcome.messages] == ["Duplicate hrid found in plans"]


async def test_slow_writes_leave_the_reading_alone(apim: Apim, served: ApimServer) -> None:
    client = opened(declared(served.url, timeout_s=30.0))
    told = Waking()
    observer = ControlPlaneObserver(client)
    observer.expect(EVERYTHING)
    served.costs.write_s = 20.0
    writer = ControlPlaneWriter(client)
    writes = [
        asyncio.create_task(writer.put(StateRef(API, f"slow-{n:02}"), api_body(f"slow-{n:02}")))
        for n in range(40)
    ]
    await asyncio.sleep(0)
    begun = time.monotonic()
    await observer.observe_once(told)
    assert told.phase == "ready"
    assert time.monotonic() - begun < 5.0
    assert not any(write.done() for write in writes)
    for write in writes:
        write.cancel()
    await asyncio.gather(*writes, return_exceptions=True)
    await client.aclose()
