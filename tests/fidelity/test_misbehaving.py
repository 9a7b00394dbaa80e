"""Costs and faults: how a simulated control plane is made slow, wrong or unreachable for other tests."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from reconciler.simulator.apim import Costs
from tests.fidelity.stage import AUTOMATION, V2, Stage, api_body, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as running:
        await running.put_api(api_body())
        yield running


async def test_lists_reads_and_writes_cost_what_they_are_set_to() -> None:
    async with staged(costs=Costs(list_s=0.2, get_s=0.05)) as stage:
        took = []
        for path in (f"{V2}/apis", f"{AUTOMATION}/apis/none"):
            begun = time.perf_counter()
            await stage.call("GET", path)
            took.append(time.perf_counter() - begun)
    assert took[0] >= 0.2
    assert 0.05 <= took[1] < 0.2


async def test_html_login_page_redirect_and_500_come_instead_of_json(stage: Stage) -> None:
    faults = stage.server.faults
    faults.page = "login"
    answer = await stage.call("GET", f"{V2}/apis")
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    faults.clear()
    faults.redirect_to = "https://login.example/start"
    answer = await stage.call("GET", f"{V2}/apis")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://login.example/start")
    faults.clear()
    faults.status = 500
    assert (await stage.call("GET", f"{V2}/apis")).status_code == 500
    faults.clear()
    assert (await stage.call("GET", f"{V2}/apis")).status_code == 200


async def test_credentials_can_fail_halfway(stage: Stage) -> None:
    stage.server.faults.unauthorized_after = 2
    codes = [(await stage.call("GET", f"{V2}/apis")).status_code for _ in range(4)]
    assert codes == [200, 200, 401, 401]


async def test_json_can_be_cut_off(stage: Stage) -> None:
    stage.server.faults.truncated = True
    answer = await stage.call("GET", f"{V2}/apis")
    assert answer.status_code == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)


async def test_pages_can_have_no_end(stage: Stage) -> None:
    stage.server.faults.endless = True
    for page in (1, 2, 7):
        body = (await stage.call("GET", f"{V2}/apis?page={page}&perPage=10")).json()
        assert len(body["data"]) == 1
        assert body["pagination"]["pageCount"] == page + 1
        assert f"page={page + 1}" in body["links"]["next"]


async def test_only_the_named_path_is_concerned_and_a_hanging_server_can_be_stopped() -> None:
    async with staged() as stage:
        stage.server.faults.path = "/automation/"
        stage.server.faults.hang = True
        assert (await stage.call("GET", f"{V2}/apis")).status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            await stage.client.get(f"{AUTOMATION}/apis/weather", timeout=0.05)


async def test_what_is_not_modelled_answers_501_and_says_what(stage: Stage) -> None:
    path = f"{V2}/apis/x/analytics"
    answer = await stage.call("GET", path)
    assert answer.status_code == 501
    assert f"GET {path}" in answer.json()["message"]
    assert ("GET", path) in stage.server.requests
