"""Simulated gateways poll, respect tags and environments, fall behind, and tell it as real ones do."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from reconciler.simulator.apim import Apim, Gateway, GatewayServer
from tests.fidelity.replay import drawing, ticking
from tests.fidelity.stage import api_body, plan_body


def _apim() -> Apim:
    apim = Apim(ticking(), draw_id=drawing())
    apim.environment("DEFAULT").tags.update({"eu", "us", "internal"})
    return apim


def _put(apim: Apim, hrid: str, **changes: Any) -> str:
    return str(apim.put_api("DEFAULT", api_body(hrid, **changes))["id"])


def test_a_gateway_runs_what_was_published_when_it_polls_and_not_before() -> None:
    now = [100.0]
    apim = _apim()
    pod = Gateway(apim, "pod-0", clock=lambda: now[0], poll_interval_s=5.0)
    assert pod.tick()
    identifier = _put(apim, "weather")
    now[0] = 104.9
    assert not pod.tick()
    assert pod.deployed == {}
    now[0] = 105.0
    assert pod.tick()
    assert list(pod.deployed) == [identifier]


def test_sharding_tags_decide_who_runs_an_api_and_which_of_its_plans() -> None:
    apim = _apim()
    pods = {
        tags: Gateway(apim, "-".join(tags) or "all", tags=tags)
        for tags in ((), ("eu",), ("us",), ("eu", "!internal"), ("!internal",))
    }
    plans = [plan_body("open", "KEY_LESS"), {**plan_body("european", "API_KEY"), "tags": ["eu"]}]
    everywhere = _put(apim, "everywhere", plans=plans)
    european = _put(apim, "european", tags=["eu"])
    internal = _put(apim, "internal", tags=["eu", "internal"])
    for pod in pods.values():
        pod.poll()
    runs = {tags: set(pod.deployed) for tags, pod in pods.items()}
    assert runs[()] == runs[("eu",)] == {everywhere, european, internal}
    assert runs[("us",)] == {everywhere}
    assert runs[("eu", "!internal")] == runs[("!internal",)] == {everywhere, european}
    plans_in_us = pods[("us",)].deployed[everywhere].definition["plans"]
    assert [plan["name"] for plan in plans_in_us] == ["Open"]


def test_an_api_whose_tags_move_away_is_taken_away() -> None:
    apim = _apim()
    pod = Gateway(apim, "pod-0", tags=("eu",))
    identifier = _put(apim, "weather", tags=["eu"])
    pod.poll()
    assert identifier in pod.deployed
    _put(apim, "weather", tags=["us"])
    pod.poll()
    assert pod.deployed == {}


def test_a_pod_that_is_held_stays_a_revision_behind_until_it_is_released() -> None:
    apim = _apim()
    ahead, behind = Gateway(apim, "pod-0"), Gateway(apim, "pod-1")
    weather, tides = _put(apim, "weather"), _put(apim, "tides")
    for pod in (ahead, behind):
        pod.poll()
    behind.hold(weather)
    for hrid in ("weather", "tides"):
        _put(apim, hrid, description="second")
    for pod in (ahead, behind):
        pod.poll()
    assert [pod.deployed[weather].revision for pod in (ahead, behind)] == ["2", "1"]
    assert [pod.deployed[tides].revision for pod in (ahead, behind)] == ["2", "2"]
    behind.release()
    behind.poll()
    assert behind.deployed[weather].revision == "2"


def test_stopped_and_deleted_apis_leave_and_a_new_pod_learns_only_what_is_left() -> None:
    apim = _apim()
    pod = Gateway(apim, "pod-0")
    weather, tides, moon = (_put(apim, hrid) for hrid in ("weather", "tides", "moon"))
    pod.poll()
    apim.stop("DEFAULT", weather)
    apim.delete_api("DEFAULT", "tides")
    pod.poll()
    late = Gateway(apim, "pod-1")
    late.poll()
    assert set(pod.deployed) == set(late.deployed) == {moon}
    apim.start("DEFAULT", weather)
    pod.poll()
    assert set(pod.deployed) == {weather, moon}
    assert tides not in pod.deployed


def test_a_gateway_serves_only_its_environments() -> None:
    apim = _apim()
    apim.add_environment("staging")
    pod = Gateway(apim, "pod-0", environments=("staging",))
    _put(apim, "weather")
    staged = apim.put_api("staging", api_body("weather"))["id"]
    pod.poll()
    assert list(pod.deployed) == [staged]
    assert pod.deployed[staged].environment_hrid == "staging"


def test_what_syncs_from_the_cluster_comes_from_config_maps_only() -> None:
    apim = _apim()
    maps: list[dict[str, Any]] = []
    pod = Gateway(apim, "pod-0", config_maps=lambda: maps)
    local = api_body("weather", definitionContext={"origin": "KUBERNETES", "syncFrom": "KUBERNETES"})
    identifier = apim.put_api("DEFAULT", local)["id"]
    pod.poll()
    assert pod.deployed == {}
    definition = {"id": identifier, "name": "Weather", "apiVersion": "3", "tags": [], "plans": []}
    labels = {"managed-by": "gravitee.io", "gio-type": "apidefinitions.gravitee.io"}
    maps.append(
        {
            "metadata": {"name": "weather", "labels": labels, "resourceVersion": "481"},
            "data": {"definition": json.dumps(definition), "environmentId": "DEFAULT"},
        }
    )
    pod.poll()
    shown = pod.show_api(identifier)
    assert (shown["revision"], shown["definitionContext"]["syncFrom"]) == ("481", "KUBERNETES")
    maps.clear()
    pod.poll()
    assert pod.deployed == {}


async def test_the_technical_api_asks_for_credentials_and_tells_how_the_pod_is() -> None:
    apim = _apim()
    pod = Gateway(apim, "pod-0")
    server = GatewayServer(pod, sleep=None)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.url, auth=("admin", "adminadmin")) as client:
            assert (await client.get("/_node", auth=("admin", "wrong"))).status_code == 401
            assert (await client.get("/_node/sync")).status_code == 503
            pod.poll()
            assert (await client.get("/_node/sync")).json()["initialDone"] is True
            node = (await client.get("/_node")).json()
            assert node["metadata"]["node.hostname"] == "pod-0"
            probes = (await client.get("/_node/health?probes=sync-process")).json()
            assert probes == {"sync-process": {"healthy": True}}
            pod.probes["management-repository"] = "Connection refused"
            assert (await client.get("/_node/health")).status_code == 500
            assert (await client.get("/_node/apis/unknown")).status_code == 404
            assert (await client.get("/_node/configuration")).status_code == 501
            identifier = _put(apim, "weather")
            pod.poll()
            pod.listed_twice.add(identifier)
            assert [item["id"] for item in (await client.get("/_node/apis")).json()] == [identifier] * 2
    finally:
        await server.stop()


async def test_a_served_pod_polls_by_itself() -> None:
    apim = _apim()
    pod = Gateway(apim, "pod-0")
    identifier = _put(apim, "weather")
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 1:  # the second poll was made: rest
            rested.set()
            await forever.wait()

    import asyncio

    rested, forever = asyncio.Event(), asyncio.Event()
    server = GatewayServer(pod, sleep=sleep)
    await server.start()
    try:
        await asyncio.wait_for(rested.wait(), 5)
        assert slept == [5.0, 5.0]
        assert pod.polls == 2
        assert identifier in pod.deployed
    finally:
        await server.stop()


def test_a_gateway_can_be_one_deployment_behind_and_catch_up() -> None:
    now = [100.0]
    apim = _apim()
    identifier = _put(apim, "weather", version="1")
    _put(apim, "weather", version="2")
    pod = Gateway(apim, "pod-0", clock=lambda: now[0])

    pod.fall_behind(identifier)
    pod.poll()
    assert pod.show_api(identifier)["revision"] == "1"
    assert pod.show_api(identifier)["definition"]["apiVersion"] == "1"

    pod.release()
    pod.poll()
    assert pod.show_api(identifier)["revision"] == "2"


def test_what_was_deployed_once_has_nothing_to_fall_behind_to() -> None:
    apim = _apim()
    identifier = _put(apim, "weather")

    with pytest.raises(LookupError, match="was not deployed twice"):
        Gateway(apim, "pod-0").fall_behind(identifier)
