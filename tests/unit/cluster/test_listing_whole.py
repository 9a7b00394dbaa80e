"""Listings in one go: what they ask for, and what they do where that is too much."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from reconciler.cluster.client import KubeClient
from reconciler.cluster.kinds import ServedKind
from reconciler.cluster.listing import PAGE, SAMPLE, Page, list_whole
from reconciler.model.errors import ClusterError
from tests.unit.cluster.fake_api import FakeApi, api, status

Open = Callable[..., Awaitable[KubeClient]]
KIND = ServedKind("ApiV4Definition", "apiv4definitions", "v1alpha1", True, frozenset({"list"}))
PATH = "/apis/gravitee.io/v1alpha1/apiv4definitions"


def names(found: list[Page]) -> list[list[str]]:
    return [[item["metadata"]["name"] for item in page.items] for page in found]


def counts_what_is_left(server: FakeApi) -> None:
    """Say of the first objects how many follow, as API servers do."""

    async def answer(request: web.Request) -> web.StreamResponse:
        limit, held = int(request.query.get("limit") or 0), server.objects["apiv4definitions"]
        if request.query.get("continue") or not 0 < limit < len(held):
            return await server._list(request)
        metadata = {"resourceVersion": "100", "continue": str(limit), "remainingItemCount": len(held) - limit}
        return web.json_response({"kind": "List", "metadata": metadata, "items": held[:limit]})

    server.answers[PATH] = answer


async def whole(client: KubeClient, **options: Any) -> list[Page]:
    return [page async for page in list_whole(client, KIND, **options)]


async def test_a_small_kind_is_one_request(server: FakeApi, connect: Open) -> None:
    server.objects["apiv4definitions"] = [api(name) for name in "ab"]
    assert names(await whole(await connect(server.url))) == [["a", "b"]]
    assert server.count(PATH) == 1


async def test_a_large_kind_of_small_objects_is_asked_for_in_one_go_and_told_in_pages(
    server: FakeApi, connect: Open
) -> None:
    server.objects["apiv4definitions"] = [api(f"api-{n:04}") for n in range(600)]
    counts_what_is_left(server)
    found = await whole(await connect(server.url))
    assert [len(page.items) for page in found] == [PAGE, PAGE, 600 - 2 * PAGE]
    assert len({name for page in names(found) for name in page}) == 600
    assert found[-1].resource_version == "100"
    assert [request.query.get("limit") for request in server.requests] == [str(SAMPLE), None]


async def test_what_is_too_large_for_one_go_is_asked_for_in_pages(server: FakeApi, connect: Open) -> None:
    server.objects["apiv4definitions"] = [api(f"api-{n:04}") for n in range(600)]
    counts_what_is_left(server)
    found = await whole(await connect(server.url), at_most=1000)
    assert len({name for page in names(found) for name in page}) == 600
    assert server.count(PATH, limit=str(PAGE)) == 3


async def test_what_a_server_does_not_count_is_asked_for_in_pages(server: FakeApi, connect: Open) -> None:
    server.objects["apiv4definitions"] = [api(f"api-{n:04}") for n in range(600)]
    found = await whole(await connect(server.url))
    assert [len(page.items) for page in found] == [PAGE, PAGE, 600 - 2 * PAGE]
    assert all(request.query.get("limit") for request in server.requests)


async def test_what_is_too_much_for_a_server_at_once_is_asked_for_in_pages(
    server: FakeApi, connect: Open
) -> None:
    server.objects["apiv4definitions"] = [api(f"api-{n:04}") for n in range(600)]
    counts_what_is_left(server)
    counted = server.answers[PATH]

    async def answer(request: web.Request) -> web.StreamResponse:
        return await counted(request) if request.query.get("limit") else status(504, "took too long")

    server.answers[PATH] = answer
    found = await whole(await connect(server.url))
    assert len({name for page in names(found) for name in page}) == 600


async def test_what_may_not_be_listed_is_refused_at_once(server: FakeApi, connect: Open) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return status(403)

    server.answers[PATH] = answer
    with pytest.raises(ClusterError, match="the verb list on apiv4definitions"):
        await whole(await connect(server.url))
    assert server.count(PATH) == 1


async def test_a_listing_in_one_go_that_is_no_list_is_an_error(server: FakeApi, connect: Open) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"kind": "List", "metadata": {}, "items": ["a"]})

    server.answers[PATH] = answer
    with pytest.raises(ClusterError, match="no list"):
        await whole(await connect(server.url))
