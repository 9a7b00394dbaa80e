"""Each trap of a real server (DOMAIN §9) is one of the simulated server too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

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
    step,
)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as running:
        yield running


async def _subscribed(stage: Stage) -> str:
    """Make an API, an application and a subscription; return the API's id."""
    identifier = str((await stage.put_api(api_body())).json()["id"])
    await stage.call("PUT", f"{AUTOMATION}/applications", APPLICATION)
    answer = await stage.call("PUT", f"{AUTOMATION}/apis/weather/subscriptions", SUBSCRIPTION)
    assert answer.status_code == 200
    return identifier


async def _status_of_subscription(stage: Stage, identifier: str) -> str:
    path = f"{V2}/apis/{identifier}/subscriptions?statuses=ACCEPTED,CLOSED"
    return str((await stage.call("GET", path)).json()["data"][0]["status"])


async def test_trap_1_a_dry_run_of_a_subscription_subscribes(stage: Stage) -> None:
    await stage.put_api(api_body())
    await stage.call("PUT", f"{AUTOMATION}/applications", APPLICATION)
    path = f"{AUTOMATION}/apis/weather/subscriptions"
    assert (await stage.call("PUT", f"{path}?dryRun=true", SUBSCRIPTION)).status_code == 200
    assert (await stage.call("GET", f"{path}/rain")).status_code == 200


async def test_trap_1_a_dry_run_of_a_deletion_deletes(stage: Stage) -> None:
    await stage.put_api(api_body())
    assert (await stage.call("DELETE", f"{AUTOMATION}/apis/weather?dryRun=true")).status_code == 204
    assert (await stage.call("GET", f"{AUTOMATION}/apis/weather")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"flows": [step("no-such-policy")]}, "Plugin [no-such-policy] cannot be found"),
        ({"flows": [step("mock", status=1)]}, "is not a valid enum value"),
        ({"tags": ["nowhere"]}, "TagNotAllowedException"),
        (
            {"listeners": [{"type": "HTTP", "paths": [{"path": "/w"}], "entrypoints": [{"type": "telex"}]}]},
            "Plugin [telex] cannot be found",
        ),
        (
            {"endpointGroups": [{"name": "g", "type": "http-proxy", "endpoints": [
                {"name": "e", "type": "http-proxy", "configuration": {}}]}]},
            "required key [target] not found",
        ),
        (
            {"endpointGroups": [{"name": "g", "type": "http-proxy", "endpoints": [
                {"name": "e", "type": "http-proxy", "configuration": {"target": "http://a"}},
                {"name": "e", "type": "http-proxy", "configuration": {"target": "http://b"}}]}]},
            "endpoint name [e] is already used",
        ),
    ],
)  # fmt: skip
async def test_trap_2_what_a_dry_run_passes_fails_as_500(
    stage: Stage, changes: dict[str, Any], said: str
) -> None:
    dry = await stage.put_api(api_body(**changes), "?dryRun=true")
    assert dry.status_code == 200
    assert "errors" not in dry.json()
    real = await stage.put_api(api_body(**changes))
    assert (real.status_code, real.json()["technicalCode"]) == (500, "unexpected")
    assert said in real.json()["message"]
    assert (await stage.call("GET", f"{AUTOMATION}/apis/weather")).status_code == 404


async def test_trap_2_a_dry_run_finds_clashes_and_what_is_unknown(stage: Stage) -> None:
    await stage.put_api(api_body())
    body = api_body(
        "storm",
        groups=["nobody"],
        categories=["none"],
        members=[{"source": "memory", "sourceId": "ghost", "role": "USER"}],
    )
    body["listeners"][0]["paths"] = [{"path": "/weather"}]
    errors = (await stage.put_api(body, "?dryRun=true")).json()["errors"]
    assert errors["severe"] == ["Path [/weather/] already exists"]
    assert len(errors["warning"]) == 3


async def test_trap_3_without_state_the_server_fails(stage: Stage) -> None:
    body = api_body()
    del body["state"]
    assert (await stage.put_api(body, "?dryRun=true")).status_code == 200
    assert (await stage.put_api(body)).status_code == 500


async def test_trap_3_metadata_without_key_fails_the_second_time_and_changes_nothing(stage: Stage) -> None:
    entries = [{"name": "Cost Centre", "format": "STRING", "value": "7"}]
    assert (await stage.put_api(api_body(metadata=entries))).status_code == 200
    again = await stage.put_api(api_body(metadata=entries, description="half"))
    assert again.status_code == 500
    read = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()
    assert "description" not in read
    assert read["metadata"][1]["key"] == "cost-centre"


async def test_trap_4_each_kind_of_mistake_has_its_own_answer(stage: Stage) -> None:
    nameless = api_body()
    del nameless["name"]
    violation = (await stage.put_api(nameless)).json()
    assert [item["location"] for item in violation["details"]] == ["name"]
    twice = await stage.put_api(api_body(plans=[plan_body("open", "KEY_LESS")] * 2))
    assert (twice.status_code, twice.json()["technicalCode"]) == (400, "invalid")
    broken = await stage.client.put(
        f"{AUTOMATION}/apis", content=b'{"hrid":', headers={"Content-Type": "application/json"}
    )
    assert (broken.status_code, broken.headers["Content-Type"].partition(";")[0]) == (400, "text/plain")
    for path in (
        AUTOMATION.replace("tions/DEFAULT", "tions/NONE"),
        AUTOMATION.replace("ments/DEFAULT", "ments/NONE"),
    ):
        assert (await stage.call("GET", f"{path}/apis/weather")).status_code == 400


async def test_trap_5_an_identical_put_deploys_again(stage: Stage) -> None:
    identifier = (await stage.put_api(api_body())).json()["id"]
    first = await stage.running(identifier)
    await stage.put_api(api_body())
    second = await stage.running(identifier)
    assert (first["revision"], second["revision"]) == ("1", "2")
    assert first["definition"] == second["definition"]
    assert second["deployedAt"] > first["deployedAt"]


async def test_trap_6_deployed_says_nothing_but_instants_and_the_gateway_do(stage: Stage) -> None:
    identifier = (await stage.put_api(api_body())).json()["id"]
    stage.apim.edit_api("DEFAULT", identifier, description="by hand", name="Meteo")
    shown = (await stage.call("GET", f"{V2}/apis/{identifier}")).json()
    assert shown["deploymentState"] == "DEPLOYED"
    assert shown["updatedAt"] > shown["deployedAt"]
    current = (await stage.call("GET", f"{V2}/apis/{identifier}/deployments/current")).json()
    assert current["name"] == "Meteo"
    assert (await stage.running(identifier))["definition"]["name"] == "Weather"


async def test_trap_7_a_plan_or_page_edited_by_hand_moves_no_timestamp(stage: Stage) -> None:
    page = {"hrid": "home", "name": "Home", "type": "MARKDOWN", "content": "rain", "visibility": "PUBLIC"}
    identifier = (await stage.put_api(api_body(pages=[page]))).json()["id"]
    before = (await stage.call("GET", f"{V2}/apis/{identifier}")).json()
    read = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()
    plan, home = read["plans"][1]["id"], read["pages"][0]["id"]
    shown = (await stage.call("GET", f"{V2}/apis/{identifier}/plans/{plan}")).json()
    changed = await stage.call("PUT", f"{V2}/apis/{identifier}/plans/{plan}", {**shown, "description": "new"})
    assert changed.status_code == 200
    await stage.call("PUT", f"{V2}/apis/{identifier}/pages/{home}", {"name": "Home", "content": "sun"})
    assert (await stage.call("GET", f"{V2}/apis/{identifier}")).json() == before
    after = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()
    assert after["plans"][1]["description"] == "new"
    assert after["pages"][0]["content"] == "sun"


async def test_trap_8_the_index_knows_origins_in_lower_case_and_no_hrids(stage: Stage) -> None:
    await stage.put_api(api_body())

    async def found(query: str) -> int:
        answer = await stage.call("POST", f"{V2}/apis/_search", {"query": query})
        return int(answer.json()["pagination"]["totalCount"])

    counts = [await found(query) for query in ("origin:kubernetes", "origin:KUBERNETES", "hrid:weather")]
    assert counts == [1, 0, 0]
    listed = (await stage.call("GET", f"{V2}/apis")).json()["data"][0]
    assert "hrid" not in listed


async def test_trap_9_a_removed_plan_closes_its_subscriptions_silently(stage: Stage) -> None:
    identifier = await _subscribed(stage)
    path = f"{AUTOMATION}/apis/weather/subscriptions/rain"
    before = (await stage.call("GET", path)).json()
    removal = (await stage.put_api(api_body(plans=[plan_body("open", "KEY_LESS")]))).json()
    assert removal["errors"] == {"severe": [], "warning": []}
    gone = await stage.call("GET", path)
    assert (gone.status_code, gone.json()["technicalCode"]) == (404, "plan.notFound")
    await stage.put_api(api_body())
    assert (await stage.call("GET", path)).json() == before
    assert "status" not in before
    assert await _status_of_subscription(stage, identifier) == "CLOSED"


async def test_trap_9_a_plan_made_by_hand_has_no_hrid_and_goes_with_the_next_put(stage: Stage) -> None:
    identifier = (await stage.put_api(api_body())).json()["id"]
    by_hand = {"definitionVersion": "V4", **plan_body("unused", "KEY_LESS"), "name": "By hand"}
    del by_hand["hrid"]
    assert (await stage.call("POST", f"{V2}/apis/{identifier}/plans", by_hand)).status_code == 201
    read = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()
    assert {plan["hrid"] for plan in read["plans"]} == {None, "open", "keys"}
    await stage.put_api(api_body())
    read = (await stage.call("GET", f"{AUTOMATION}/apis/weather")).json()
    assert [plan["hrid"] for plan in read["plans"]] == ["open", "keys"]


async def test_trap_10_what_a_second_deletion_answers(stage: Stage) -> None:
    await _subscribed(stage)
    await stage.call("PUT", f"{AUTOMATION}/groups", {"hrid": "crew", "name": "Crew"})
    for path, expected in (
        ("apis/weather/subscriptions/rain", [204, 204]),
        ("applications/umbrella", [204, 204]),
        ("groups/crew", [204, 404]),
        ("apis/weather", [204, 404]),
    ):
        codes = [(await stage.call("DELETE", f"{AUTOMATION}/{path}")).status_code for _ in range(2)]
        assert codes == expected, path
    archived = await stage.call("GET", f"{AUTOMATION}/applications/umbrella")
    assert (archived.status_code, archived.json()["status"]) == (200, "ARCHIVED")


async def test_trap_10_a_put_revives_application_and_subscription(stage: Stage) -> None:
    identifier = await _subscribed(stage)
    path = f"{AUTOMATION}/apis/weather/subscriptions"
    await stage.call("DELETE", f"{path}/rain")
    assert await _status_of_subscription(stage, identifier) == "CLOSED"
    await stage.call("PUT", path, SUBSCRIPTION)
    assert await _status_of_subscription(stage, identifier) == "ACCEPTED"
    await stage.call("DELETE", f"{AUTOMATION}/applications/umbrella")
    revived = await stage.call("PUT", f"{AUTOMATION}/applications", APPLICATION)
    assert revived.json()["status"] == "ACTIVE"


async def test_trap_10_a_shared_policy_group_in_use_can_be_deleted(stage: Stage) -> None:
    group = {"hrid": "common", "name": "Common", "apiType": "PROXY", "phase": "REQUEST", "steps": []}
    await stage.call("PUT", f"{AUTOMATION}/shared-policy-groups", group)
    await stage.put_api(api_body(flows=[step("shared-policy-group-policy", hrid="common")]))
    codes = [
        (await stage.call("DELETE", f"{AUTOMATION}/shared-policy-groups/common")).status_code
        for _ in range(2)
    ]
    assert codes == [204, 404]


async def test_trap_11_one_portal_and_what_is_only_elsewhere(stage: Stage) -> None:
    await stage.call("PUT", f"{AUTOMATION}/portals", {"hrid": "main-portal", "name": "Main"})
    second = await stage.call("PUT", f"{AUTOMATION}/portals", {"hrid": "other-portal", "name": "Other"})
    assert second.status_code == 400
    assert (await stage.call("GET", "/management/v2/environments")).status_code == 500
    listed = await stage.call("GET", "/management/v2/organizations/DEFAULT/environments")
    assert [item["id"] for item in listed.json()] == ["DEFAULT"]
    assert (await stage.call("GET", f"{V2}/instances")).status_code == 404
    assert (await stage.call("GET", f"{V1}/instances")).json()["content"][0]["hostname"] == "pod-0"
    assert (await stage.call("GET", f"{V1}/audit")).status_code == 403


async def test_trap_11_a_personal_access_token_is_a_bearer_and_401_names_the_url(stage: Stage) -> None:
    await stage.put_api(api_body())
    token = stage.apim.issue_token("admin")
    url = f"{stage.server.url}{AUTOMATION}/apis/weather"
    async with httpx.AsyncClient() as client:
        good = await client.get(url, headers={"Authorization": f"Bearer {token}"})
        bad = await client.get(url, headers={"Authorization": "Bearer wrong"})
        low = await client.get(url, auth=("guest", "guest"))
    assert good.status_code == 200
    assert (bad.status_code, bad.json()) == (401, {"message": "Unauthorized", "url": url, "status": "401"})
    assert (low.status_code, low.json()["technicalCode"]) == (403, "forbidden")
