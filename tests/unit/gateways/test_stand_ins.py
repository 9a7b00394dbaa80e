"""The two stand-ins for a gateway, ours and the embedded platform's, answer in the recorded form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.simulator.apim import Apim, Gateway, GatewayServer
from tests.unit.control_plane.bodies import api_body
from tests.unit.gateways.fake_gateway import FakeGateway
from tests.unit.gateways.test_recorded_exchanges import body_of

Answers = dict[str, httpx.Response]


async def answers(url: str, api_id: str, auth: tuple[str, str] | None) -> Answers:
    paths = {
        "20b-gw-node": "/_node",
        "20c-gw-node-apis": "/_node/apis",
        "20d-gw-node-api": f"/_node/apis/{api_id}",
        "20e-gw-node-health": "/_node/health",
        "an absent API": "/_node/apis/nothing",
        "a hidden probe": "/_node/health?probes=sync-process",
        "no credentials": "/_node/apis",
    }
    async with httpx.AsyncClient(base_url=url) as client:
        return {
            name: await client.get(path, auth=None if name == "no credentials" else auth)
            for name, path in paths.items()
        }


@pytest.fixture
async def simulated() -> Answers:
    apim = Apim()
    api_id = apim.put_api("DEFAULT", api_body("orders"))["id"]
    gateway = Gateway(apim, "vm")
    gateway.poll()
    server = GatewayServer(gateway, sleep=None)
    await server.start()
    try:
        return await answers(server.url, api_id, ("admin", "adminadmin"))
    finally:
        await server.stop()


@pytest.fixture
async def fake() -> Answers:
    gateway = FakeGateway(password="adminadmin")
    gateway.deploy("orders")
    async with gateway.serving():
        return await answers(gateway.url, "orders", ("admin", "adminadmin"))


def form(body: Any, depth: int = 2) -> Any:
    """The names in a body, without its values; of a list its first item's."""
    if isinstance(body, dict) and depth:
        return {name: form(value, depth - 1) for name, value in body.items() if name != "definition"}
    return [form(body[0], depth)] if isinstance(body, list) and body and depth else None


@pytest.mark.parametrize("name", ["20b-gw-node", "20c-gw-node-apis", "20d-gw-node-api"])
def test_both_have_exactly_the_recorded_fields(
    shared_data: Path, simulated: Answers, fake: Answers, name: str
) -> None:
    recorded = form(body_of(shared_data, name))
    assert form(simulated[name].json()) == recorded
    assert form(fake[name].json()) == recorded


def test_both_show_exactly_the_recorded_probes(shared_data: Path, simulated: Answers, fake: Answers) -> None:
    recorded = body_of(shared_data, "20e-gw-node-health")
    assert simulated["20e-gw-node-health"].json() == recorded
    assert fake["20e-gw-node-health"].json().keys() == recorded.keys()


def test_both_show_a_hidden_probe_to_those_who_name_it_and_nothing_else(
    simulated: Answers, fake: Answers
) -> None:
    for gateway in (simulated, fake):
        assert gateway["a hidden probe"].json() == {"sync-process": {"healthy": True}}


def test_both_refuse_without_credentials_and_do_not_know_what_is_absent(
    simulated: Answers, fake: Answers
) -> None:
    for gateway in (simulated, fake):
        assert gateway["no credentials"].status_code == 401
        assert gateway["an absent API"].status_code == 404
