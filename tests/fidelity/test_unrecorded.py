"""What the recordings do not show and the product or the demo needs: as the public descriptions have it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.rules import identity
from reconciler.simulator.apim import Apim, Refused
from tests.fidelity.described import Descriptions
from tests.fidelity.replay import drawing, ticking
from tests.fidelity.stage import (
    APPLICATION,
    AUTOMATION,
    SUBSCRIPTION,
    V1,
    V2,
    Stage,
    api_body,
    plan_body,
    staged,
)

PAGE = {"hrid": "home", "name": "Home", "type": "MARKDOWN", "content": "rain", "visibility": "PUBLIC"}
CONSOLE_BODY: dict[str, Any] = {
    "definitionVersion": "V4",
    "type": "PROXY",
    "name": "Tides",
    "apiVersion": "1",
    "listeners": [{"type": "HTTP", "paths": [{"path": "/tides"}], "entrypoints": [{"type": "http-proxy"}]}],
    "endpointGroups": [
        {
            "name": "default",
            "type": "http-proxy",
            "endpoints": [{"name": "e", "type": "http-proxy", "configuration": {"target": "http://t"}}],
        }
    ],
}
V2_BODY: dict[str, Any] = {
    "id": "bffabaef-c972-4b66-8621-92c109f39c3d",
    "crossId": "48607cc3-50c0-4d70-a5b3-c36aceec9277",
    "name": "old",
    "version": "1",
    "state": "STARTED",
    "definition_context": {"origin": "kubernetes", "syncFrom": "MANAGEMENT"},
    "proxy": {"virtual_hosts": [{"path": "/old"}], "groups": []},
    "plans": [{"id": "9b7f7954-4ef4-42fc-aa56-f793e96f1611", "crossId": "one", "name": "Open"}],
}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as running:
        yield running


async def test_lists_and_items_of_management_v2_are_as_described(stage: Stage, shared_data: Path) -> None:
    descriptions = Descriptions(shared_data)
    member = {"source": "memory", "sourceId": "guest", "role": "USER"}
    put = await stage.put_api(api_body(pages=[PAGE], members=[member]))
    root = f"{V2}/apis/{put.json()['id']}"
    await stage.call("PUT", f"{AUTOMATION}/applications", APPLICATION)
    await stage.call("PUT", f"{AUTOMATION}/groups", {"hrid": "crew", "name": "Crew"})
    await stage.call("PUT", f"{AUTOMATION}/apis/weather/subscriptions", SUBSCRIPTION)
    read = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()
    event = (await stage.call("GET", f"{root}/events")).json()["data"][0]
    subscription = (await stage.call("GET", f"{root}/subscriptions")).json()["data"][0]
    for path in (
        f"{root}/members",
        f"{root}/metadata",
        f"{root}/pages",
        f"{root}/pages/{read['pages'][0]['id']}",
        f"{root}/plans/{read['plans'][0]['id']}",
        f"{root}/subscriptions/{subscription['id']}",
        f"{root}/events/{event['id']}",
        f"{V2}/groups",
    ):
        answer = await stage.call("GET", path)
        assert answer.status_code == 200, path
        assert descriptions.complaints("GET", path, 200, answer.json()) == set(), path
    members = (await stage.call("GET", f"{root}/members")).json()["data"]
    assert [item["roles"][0]["name"] for item in members] == ["PRIMARY_OWNER", "USER"]


async def test_breaking_the_glass_lasts_until_the_next_put(stage: Stage) -> None:
    identifier = (await stage.put_api(api_body())).json()["id"]
    root = f"{V2}/apis/{identifier}"
    assert (await stage.call("POST", f"{root}/_detach")).status_code == 204
    detached = (await stage.call("GET", root)).json()
    assert detached["originContext"] == {"origin": "MANAGEMENT"}
    audits = (await stage.call("GET", f"{root}/audits?events=AUTOMATION_DETACHED")).json()["data"]
    assert len(audits) == 1
    assert (await stage.call("POST", f"{root}/_detach")).status_code == 400
    await stage.put_api(api_body())
    assert (await stage.call("GET", root)).json()["originContext"]["origin"] == "KUBERNETES"


async def test_a_put_of_what_was_read_is_a_fixed_point(stage: Stage) -> None:
    labels, metadata = ["wet", "dry"], [{"name": "Cost Centre", "format": "STRING", "value": "7"}]
    await stage.put_api(api_body(pages=[PAGE], labels=labels, metadata=metadata))
    path = f"{AUTOMATION}/apis/weather"
    first = (await stage.call("GET", path)).json()
    assert (await stage.put_api(first)).status_code == 200
    assert (await stage.call("GET", path)).json() == first


async def test_an_encryptable_property_is_sealed_by_its_second_write(stage: Stage) -> None:
    body = api_body(properties=[{"key": "token", "value": "plain", "encryptable": True}])
    values = []
    for _ in range(2):
        await stage.put_api(body)
        read = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()["properties"][0]
        assert read["encryptable"] is False
        values.append(read["value"])
    assert values[0] == "plain"
    assert values[1] != "plain"


async def test_an_api_of_version_2_is_imported_shown_and_deleted_through_v1(stage: Stage) -> None:
    answer = await stage.call("PUT", f"{V1}/apis/import-crd?dryRun=false", V2_BODY)
    assert answer.json()["plans"] == {"one": V2_BODY["plans"][0]["id"]}
    assert answer.json()["errors"] == {"severe": [], "warning": []}
    path = f"{V1}/apis/{V2_BODY['id']}"
    assert (await stage.call("GET", path)).json()["name"] == "old"
    listed = (await stage.call("GET", f"{V2}/apis")).json()["data"][0]
    assert (listed["definitionVersion"], listed["originContext"]["origin"]) == ("V2", "KUBERNETES")
    assert (await stage.running(V2_BODY["id"]))["revision"] == "1"
    assert (await stage.call("DELETE", f"{path}?closePlans=true")).status_code == 204
    assert (await stage.call("GET", path)).status_code == 404


async def test_legacy_mode_keeps_the_uuid_and_no_hrid(stage: Stage) -> None:
    legacy = api_body(hrid="weather")
    legacy["hrid"] = V2_BODY["id"]
    put = await stage.put_api(legacy, "?hridContainsUUID=true")
    assert (put.status_code, put.json()["id"]) == (200, V2_BODY["id"])
    path = f"{AUTOMATION}/apis/{V2_BODY['id']}"
    assert (await stage.call("GET", path)).status_code == 404
    assert (await stage.call("GET", f"{path}?hridContainsUUID=true")).status_code == 200


def test_console_made_apis_have_an_owner_an_age_and_plans() -> None:
    apim = Apim(ticking(), draw_id=drawing())
    apim.add_user("sam", "secret")
    with apim.at(1_700_000_000.0):
        made = apim.make_console_api(
            "DEFAULT", CONSOLE_BODY, plans=(plan_body("open", "KEY_LESS"),), owner="sam"
        )
    assert (made.origin, made.owner.name, made.state, made.deployments) == ("MANAGEMENT", "sam", "STARTED", 1)
    assert made.created_at == 1_700_000_000_000
    apim.edit_plan("DEFAULT", made.id, next(iter(made.plans)), description="changed")
    assert made.updated_at == 1_700_000_000_000


def test_environments_and_organizations_are_apart() -> None:
    apim = Apim(ticking(), draw_id=drawing())
    apim.add_environment("staging")
    apim.add_organization("other")
    apim.add_environment("prod", organization="other")
    bodies = {where: apim.put_api(where, api_body()) for where in ("DEFAULT", "staging", "other/prod")}
    assert len({body["id"] for body in bodies.values()}) == 3
    assert bodies["DEFAULT"]["crossId"] == bodies["staging"]["crossId"] != bodies["other/prod"]["crossId"]
    assert bodies["other/prod"]["id"] == identity.resource_id("other", "prod", "weather")
    with pytest.raises(Refused):
        apim.put_api("nowhere", api_body())


async def test_explicit_nulls_are_left_out_of_the_answer_and_read_back_as_defaults(stage: Stage) -> None:
    body = api_body(labels=None, tags=None, pages=None, members=None, metadata=None, flows=None)
    answer = await stage.put_api(body)
    assert answer.status_code == 200
    assert "labels" not in answer.json()
    read = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()
    assert [read[name] for name in ("labels", "tags", "pages", "members")] == [[], [], [], []]


async def test_enumerations_do_not_tell_capitals_from_small_letters(stage: Stage) -> None:
    body = api_body(flowExecution={"mode": "best_match"})
    assert (await stage.put_api(body)).json()["flowExecution"]["mode"] == "BEST_MATCH"
    assert (await stage.put_api(api_body(type="NOPE"))).status_code == 400


async def test_reading_fills_in_what_was_not_sent(stage: Stage) -> None:
    endpoint = {"name": "n", "type": "http-proxy", "configuration": {"target": "http://n"}}
    group = {
        "name": "g",
        "type": "http-proxy",
        "sharedConfiguration": {"http": {"idleTimeout": 7}, "ssl": {"trustAll": True}},
        "endpoints": [{**endpoint, "inheritConfiguration": True}],
    }
    selectors = [
        {"type": "HTTP", "path": "/", "pathOperator": "EQUALS"},
        {"type": "CONDITION", "condition": "{#yes}"},
    ]
    body = api_body(
        endpointGroups=[group],
        failover={"enabled": True, "maxRetries": 9},
        analytics={"enabled": True, "logging": {"content": {"payload": True}}},
        flows=[{"enabled": True, "selectors": selectors}],
        listeners=[
            {
                "type": "HTTP",
                "paths": [{"path": "Sea//Tides"}],
                "cors": {"enabled": True},
                "entrypoints": [{"type": "http-proxy"}],
            }
        ],
    )
    await stage.put_api(body)
    read = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()
    http = read["endpointGroups"][0]["sharedConfiguration"]["http"]
    assert (http["idleTimeout"], http["readTimeout"], http["version"]) == (7, 10000, "HTTP_1_1")
    assert read["endpointGroups"][0]["sharedConfiguration"]["ssl"] == {"trustAll": True}
    assert read["endpointGroups"][0]["loadBalancer"] == {"type": "ROUND_ROBIN"}
    assert (read["failover"]["maxRetries"], read["failover"]["slowCallDuration"]) == (9, 2000)
    content = read["analytics"]["logging"]["content"]
    assert content["payload"] is True
    assert content["messageHeaders"] is False
    assert [selector["type"] for selector in read["flows"][0]["selectors"]] == ["CONDITION", "HTTP"]
    assert read["listeners"][0]["paths"][0]["path"] == "/Sea/Tides/"
    assert read["listeners"][0]["cors"]["allowCredentials"] is False
