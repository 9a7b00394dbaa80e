"""A simulated API server misbehaves on purpose, and behaves again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from reconciler.simulator.kube import READ_ALL, SimCluster, SimKubeServer
from tests.contract.widgets import API_VERSION, definition, widget

PATH = f"/apis/{API_VERSION}/widgets"


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_767_268_800.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[SimKubeServer]:
    cluster = SimCluster("paris", crds=[definition()], clock=clock, history=20)
    for name in ("one", "two", "three"):
        cluster.create(widget(name), manager="ci")
    served = SimKubeServer(cluster, bookmark_every_s=0.02)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def client(server: SimKubeServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.cluster.admin_token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=5, trust_env=False) as made:
        yield made


async def test_a_hanging_server_takes_connections_and_never_answers(
    server: SimKubeServer, client: httpx.AsyncClient
) -> None:
    server.cluster.faults.hang = True
    with pytest.raises(httpx.ReadTimeout):
        await client.get(PATH, timeout=0.1)
    server.cluster.faults.clear()
    assert (await client.get(PATH)).status_code == 200


async def test_a_failing_server_says_so(server: SimKubeServer, client: httpx.AsyncClient) -> None:
    server.cluster.faults.fail_status = 503
    answer = await client.get(PATH)
    assert (answer.status_code, answer.json()["kind"], answer.json()["code"]) == (503, "Status", 503)


async def test_a_fault_can_be_of_some_paths_only(server: SimKubeServer, client: httpx.AsyncClient) -> None:
    server.cluster.faults.fail_status, server.cluster.faults.fail_path = 500, "/widgets"
    assert (await client.get(PATH)).status_code == 500
    assert (await client.get("/api/v1/namespaces")).status_code == 200


async def test_a_slow_server_answers_in_the_end(server: SimKubeServer, client: httpx.AsyncClient) -> None:
    server.cluster.faults.delay_s = 0.15
    with pytest.raises(httpx.ReadTimeout):
        await client.get(PATH, timeout=0.05)
    assert (await client.get(PATH)).status_code == 200


async def test_watches_can_be_refused_while_lists_work(
    server: SimKubeServer, client: httpx.AsyncClient
) -> None:
    server.cluster.faults.refuse_watches = True
    assert (await client.get(PATH, params={"watch": "1"})).status_code == 503
    assert (await client.get(PATH)).status_code == 200


async def test_open_watches_can_be_cut(server: SimKubeServer, client: httpx.AsyncClient) -> None:
    async with client.stream("GET", PATH, params={"watch": "1"}) as answer:
        lines = answer.aiter_lines()
        for _ in range(3):
            await anext(lines)
        server.cluster.faults.drop_watches()
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(lines)


async def test_a_silent_watch_is_open_and_says_nothing_until_it_speaks_again(
    server: SimKubeServer, client: httpx.AsyncClient
) -> None:
    cluster = server.cluster
    begin = str(cluster.revision)
    cluster.faults.silent_watches = True
    params = {"watch": "1", "resourceVersion": begin, "allowWatchBookmarks": "true"}
    async with client.stream("GET", PATH, params=params) as answer:
        lines = answer.aiter_lines()
        waiting = asyncio.ensure_future(anext(lines))
        cluster.create(widget("four"), manager="ci")
        done, _ = await asyncio.wait([waiting], timeout=0.15)
        assert not done
        cluster.faults.silent_watches = False
        event = json.loads(await asyncio.wait_for(waiting, 5))
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "four")


async def test_bookmarks_follow_what_happens_elsewhere(
    server: SimKubeServer, client: httpx.AsyncClient
) -> None:
    cluster = server.cluster
    params = {"watch": "1", "resourceVersion": str(cluster.revision), "allowWatchBookmarks": "true"}
    async with client.stream("GET", PATH, params=params) as answer:
        cluster.add_namespace("elsewhere")
        event = json.loads(await anext(answer.aiter_lines()))
    assert event["type"] == "BOOKMARK"
    assert event["object"]["metadata"]["resourceVersion"] == str(cluster.revision)


async def test_a_forgotten_history_expires_pages_and_watches(
    server: SimKubeServer, client: httpx.AsyncClient
) -> None:
    cluster = server.cluster
    begin = str(cluster.revision)
    page = (await client.get(PATH, params={"limit": 1})).json()
    cluster.create(widget("four"), manager="ci")
    cluster.compact()
    token = page["metadata"]["continue"]
    expired = await client.get(PATH, params={"limit": 1, "continue": token})
    assert (expired.status_code, expired.json()["reason"]) == (410, "Expired")
    watch = await client.get(PATH, params={"watch": "1", "resourceVersion": begin})
    assert json.loads(watch.text)["object"]["code"] == 410


async def test_a_watch_that_cannot_keep_up_is_told(server: SimKubeServer, client: httpx.AsyncClient) -> None:
    """Given a history of twenty writes, a watch that is sixty behind has lost some."""
    cluster = server.cluster
    begin = str(cluster.revision)
    for number in range(60):
        patch = {"metadata": {"annotations": {"n": str(number)}}}
        cluster.merge_patch("Widget", "default", "one", patch, manager="ci")
    watch = await client.get(PATH, params={"watch": "1", "resourceVersion": begin})
    assert json.loads(watch.text)["object"]["reason"] == "Expired"


async def test_tokens_expire_and_are_renewed(
    server: SimKubeServer, client: httpx.AsyncClient, clock: Clock
) -> None:
    cluster = server.cluster
    token = cluster.tokens.issue("dev", expires_at=clock.now + 60)
    cluster.grant("dev", READ_ALL)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get(PATH, headers=headers)).status_code == 200
    clock.now += 60
    assert (await client.get(PATH, headers=headers)).status_code == 401
    cluster.tokens.renew(token)
    assert (await client.get(PATH, headers=headers)).status_code == 200
    cluster.tokens.expire(token)
    assert (await client.get(PATH, headers=headers)).status_code == 401


async def test_a_client_that_leaves_takes_its_watch_along(
    server: SimKubeServer, client: httpx.AsyncClient
) -> None:
    table = server.cluster.store.tables[f"widgets.{API_VERSION.partition('/')[0]}"]
    async with client.stream("GET", PATH, params={"watch": "1"}) as answer:
        await anext(answer.aiter_lines())
        assert table.watcher_count == 1
    async with asyncio.timeout(5):
        while table.watcher_count:  # noqa: ASYNC110 -- the server tells nobody when a client is gone
            await asyncio.sleep(0.005)


async def test_a_stopped_server_refuses_and_can_be_started_again(
    server: SimKubeServer, client: httpx.AsyncClient
) -> None:
    url = server.url
    await server.stop()
    await server.stop()
    with pytest.raises(httpx.ConnectError):
        await client.get(PATH)
    await server.start()
    assert server.url == url
    assert (await client.get(PATH)).status_code == 200


async def test_a_kubeconfig_entry_leads_to_the_server(server: SimKubeServer) -> None:
    entry = server.kubeconfig_entry()
    assert entry["cluster"] == {"name": "paris", "cluster": {"server": server.url}}
    assert entry["user"]["user"] == {"token": server.cluster.admin_token}
    assert entry["context"]["context"] == {"cluster": "paris", "user": "paris-admin"}
