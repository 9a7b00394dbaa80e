"""What a real gateway 4.12.14 was recorded to answer, read and judged by the same code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.gateways.facts import DeployedApi, deployed_api, health_of, node_facts
from reconciler.gateways.folding import Expectation, PodView, comparing, judge_pod
from reconciler.gateways.places import Access, UrlPlace
from reconciler.model.verdicts import Verdict
from reconciler.settings.model import GatewaySpec
from tests.unit.gateways.fake_gateway import FakeGateway, data

PETSTORE = "3ced8d79-8fb5-32e8-aaf5-e0c9893935e4"
KEY = b"k" * 32


def body_of(data: Path, name: str) -> Any:
    return json.loads((data / "exchanges" / f"{name}.json").read_text())["response"]["body"]


def deployed(data: Path, name: str) -> DeployedApi:
    body = body_of(data, name)
    return deployed_api(PETSTORE, body, json.dumps(body).encode())


def view_of(api: DeployedApi, read_at: float) -> PodView:
    listed = frozenset({PETSTORE})
    return PodView("edge", "", None, (), listed, read_at, {PETSTORE: api}, {PETSTORE: read_at})


def test_the_node_and_its_probes_are_read(shared_data: Path) -> None:
    node = node_facts(body_of(shared_data, "20b-gw-node"))
    assert (node.version, node.hostname, node.tags) == ("4.12.14", "vm", None)
    assert (node.environments, node.organizations) == ((), ())
    assert node.id == "eef42575-c561-447d-b425-75c561a47d5f"
    assert health_of(body_of(shared_data, "20e-gw-node-health")).healthy


def test_what_the_event_published_is_what_the_gateway_runs(shared_data: Path) -> None:
    """The event's definition, as it was saved then, beside the pod's: no change, whatever the key order."""
    events = body_of(shared_data, "12b-v2-api-events")["data"]
    payload = json.loads(events[0]["payload"])
    api = deployed(shared_data, "20d-gw-node-api")
    at = api.deployed_at
    assert at is not None
    wanted = Expectation(
        PETSTORE, "3", published_at=at, read_at=at, definition=json.loads(payload["definition"])
    )
    assert judge_pod(wanted, PETSTORE, view_of(api, at + 60), comparing(KEY)).verdict is Verdict.SYNCED


def test_what_deployments_current_shows_is_what_the_gateway_runs(shared_data: Path) -> None:
    api = deployed(shared_data, "20d-gw-node-api")
    current = body_of(shared_data, "12a-v2-deployments-current")
    wanted = Expectation(PETSTORE, "3", definition=current)
    assert judge_pod(wanted, PETSTORE, view_of(api, 60.0), comparing(KEY)).verdict is Verdict.SYNCED


def test_an_identical_put_redeploys_so_the_old_revision_is_behind(shared_data: Path) -> None:
    before, after = deployed(shared_data, "20d-gw-node-api"), deployed(shared_data, "31b-gw-after-identical")
    assert (before.revision, after.revision) == ("3", "4")
    assert after.deployed_at is not None
    wanted = Expectation(
        PETSTORE, "4", published_at=after.deployed_at, read_at=1e12, definition=after.definition()
    )
    compare = comparing(KEY)
    soon, late = after.deployed_at + 2, after.deployed_at + 60
    assert judge_pod(wanted, PETSTORE, view_of(after, late), compare).verdict is Verdict.SYNCED
    assert judge_pod(wanted, PETSTORE, view_of(before, soon), compare).verdict is Verdict.AHEAD
    assert judge_pod(wanted, PETSTORE, view_of(before, late), compare).verdict is Verdict.DRIFTED


async def test_the_recorded_answers_pass_through_the_client(shared_data: Path) -> None:
    gateway = FakeGateway()
    for path, name in {
        "/_node": "20b-gw-node",
        "/_node/apis": "20c-gw-node-apis",
        f"/_node/apis/{PETSTORE}": "20d-gw-node-api",
        "/_node/health": "20e-gw-node-health",
    }.items():
        gateway.instead[path] = data(body_of(shared_data, name))
    async with gateway.serving():
        place = UrlPlace(GatewaySpec(name="edge", url=gateway.url), Access(), {})
        api = place.api("", 18082)
        assert (await api.node()).version == "4.12.14"
        assert (await api.health()).healthy
        assert len(await api.apis()) == 8
        petstore = await api.api(PETSTORE)
        await api.aclose()
    assert petstore is not None
    assert (petstore.revision, petstore.name, petstore.environment_hrid) == ("3", "Petstore", "default")
