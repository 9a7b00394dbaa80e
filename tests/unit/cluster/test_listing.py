"""Listings in pages, and whole clusters read once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from reconciler.cluster.access import review_access
from reconciler.cluster.client import KubeClient
from reconciler.cluster.kinds import ServedKind, served_kinds
from reconciler.cluster.listing import Page, kind_path, list_kind
from reconciler.cluster.watching import observe_once
from reconciler.model.errors import ClusterError
from reconciler.settings.model import Cluster
from tests.unit.cluster.fake_api import Answer, FakeApi, api, status
from tests.unit.cluster.recording_sink import RecordingSink

Open = Callable[..., Awaitable[KubeClient]]
KIND = ServedKind("ApiV4Definition", "apiv4definitions", "v1alpha1", True, frozenset({"list"}))
PATH = "/apis/gravitee.io/v1alpha1/apiv4definitions"


def refuses(code: int, message: str = "no") -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return status(code, message)

    return answer


async def pages(client: KubeClient, **options: Any) -> list[Page]:
    return [page async for page in list_kind(client, KIND, **options)]


def names(found: list[Page]) -> list[list[str]]:
    return [[item["metadata"]["name"] for item in page.items] for page in found]


async def test_objects_come_page_by_page(server: FakeApi, connect: Open) -> None:
    server.objects["apiv4definitions"] = [api(name) for name in "abcde"]
    found = await pages(await connect(server.url), page=2)
    assert names(found) == [["a", "b"], ["c", "d"], ["e"]]
    assert found[-1].resource_version == "100"
    assert server.count(PATH, limit="2") == 3


async def test_the_next_page_is_under_way_while_one_is_read(server: FakeApi, connect: Open) -> None:
    server.objects["apiv4definitions"] = [api(name) for name in "abcde"]
    async with contextlib.aclosing(list_kind(await connect(server.url), KIND, page=2)) as listing:
        assert names([await anext(listing)]) == [["a", "b"]]
        await server.until(lambda: server.count(PATH) == 2)  # and not a third one before it is wanted
        assert names([await anext(listing)]) == [["c", "d"]]


async def test_what_was_asked_ahead_and_is_not_wanted_ends_with_the_listing(
    server: FakeApi, connect: Open
) -> None:
    server.objects["apiv4definitions"] = [api(name) for name in "abc"]
    left = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.query.get("continue"):
            await left.wait()
        return await server._list(request)

    server.answers[PATH] = answer
    async with contextlib.aclosing(list_kind(await connect(server.url), KIND, page=2)) as listing:
        await anext(listing)
        ahead = [task for task in asyncio.all_tasks() if "KubeClient.get" in repr(task)]
    left.set()
    await asyncio.wait(ahead)
    assert [task.cancelled() for task in ahead] == [True]


async def test_an_empty_kind_is_one_empty_page(server: FakeApi, connect: Open) -> None:
    assert names(await pages(await connect(server.url))) == [[]]


async def test_a_namespace_is_listed_by_its_own_path(server: FakeApi, connect: Open) -> None:
    server.objects["apiv4definitions"] = [api("a"), api("b", namespace="team-b")]
    assert names(await pages(await connect(server.url), namespace="team-b")) == [["b"]]
    outside = ServedKind("X", "xs", "v1", False, frozenset())
    assert kind_path(outside, "team-b") == "/apis/gravitee.io/v1/xs"


def forgets_once(server: FakeApi, times: int) -> None:
    """The position is gone the first `times` times that it is used."""
    left = times

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal left
        if request.query.get("continue") and left:
            left -= 1
            return status(410, "The provided continue parameter is too old")
        return await server._list(request)

    server.answers[PATH] = answer


async def test_a_position_that_is_gone_in_the_middle_begins_the_listing_anew_and_says_so(
    server: FakeApi, connect: Open
) -> None:
    server.objects["apiv4definitions"] = [api(name) for name in "abc"]
    forgets_once(server, 1)
    found = await pages(await connect(server.url), page=2)
    assert names(found) == [["a", "b"], ["a", "b"], ["c"]]
    assert [page.restarted for page in found] == [False, True, False]


async def test_it_begins_anew_once_only(server: FakeApi, connect: Open) -> None:
    server.objects["apiv4definitions"] = [api(name) for name in "abc"]
    forgets_once(server, 2)
    with pytest.raises(ClusterError) as caught:
        await pages(await connect(server.url), page=2)
    assert (caught.value.reason, caught.value.status) == ("gone", 410)


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"metadata": {}, "items": None},
        {"metadata": {}, "items": [{"metadata": {}}]},
        {"metadata": {}, "items": [{"metadata": {"name": "x", "namespace": 3}}]},
        {"metadata": {"continue": ""}, "items": ["x"]},
    ],
)
async def test_a_listing_of_another_shape(server: FakeApi, connect: Open, body: dict[str, Any]) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body)

    server.answers[PATH] = answer
    with pytest.raises(ClusterError, match="something that is no list"):
        await pages(await connect(server.url))


async def test_a_server_that_repeats_a_position_does_not_keep_us_for_ever(
    server: FakeApi, connect: Open
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"metadata": {"continue": "again"}, "items": []})

    server.answers[PATH] = answer
    with pytest.raises(ClusterError, match="something that is no list"):
        await pages(await connect(server.url))


async def test_a_missing_right_names_the_verb_the_resource_and_the_place(
    server: FakeApi, connect: Open
) -> None:
    server.answers[PATH] = refuses(403)
    client = await connect(server.url)
    with pytest.raises(ClusterError) as everywhere:
        await pages(client)
    assert "may not list ApiV4Definition in all namespaces" in str(everywhere.value)
    assert "or name the readable `namespaces` of this cluster" in everywhere.value.next_step

    server.answers[PATH.replace("apiv4", "namespaces/team-a/apiv4")] = refuses(403)
    with pytest.raises(ClusterError) as inside:
        await pages(client, namespace="team-a")
    assert "in namespace team-a: the verb list on apiv4definitions.gravitee.io is missing" in str(
        inside.value
    )


# --- a cluster read once ---------------------------------------------------------------------------


def spec(*namespaces: str) -> Cluster:
    return Cluster(name="prod", namespaces=namespaces)


async def test_everything_is_read_once_and_nothing_is_watched(
    server: FakeApi, connect: Open, sink: RecordingSink
) -> None:
    server.kinds["Application"] = "applications"
    server.objects["apiv4definitions"] = [api("orders"), api("billing")]
    server.objects["applications"] = [api("mobile", kind="Application")]
    await observe_once(await connect(server.url), spec(), sink)
    assert sink.names() == ["billing", "mobile", "orders"]
    assert sink.served == [("ApiV4Definition", "Application")]
    assert sorted(kind for kind, _ in sink.listings) == ["ApiV4Definition", "Application"]
    assert (sink.phase("prod"), sink.phase("prod/Application")) == ("ready", "ready")
    assert not server.watches


async def test_a_restarted_listing_counts_only_what_it_holds_in_the_end(
    server: FakeApi, connect: Open, sink: RecordingSink
) -> None:
    server.objects["apiv4definitions"] = [api(f"api-{n:04}") for n in range(600)]

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.query.get("continue") and len(server.objects["apiv4definitions"]) == 600:
            del server.objects["apiv4definitions"][:300]
            return status(410)
        return await server._list(request)

    server.answers[PATH] = answer
    await observe_once(await connect(server.url), spec(), sink)
    assert len(sink.objects) == len(sink.listings[0][1]) == 300


async def test_a_forbidden_kind_is_a_state_and_the_rest_is_read(
    server: FakeApi, connect: Open, sink: RecordingSink
) -> None:
    server.kinds["Application"] = "applications"
    server.objects["apiv4definitions"] = [api("orders")]
    server.answers["/apis/gravitee.io/v1alpha1/applications"] = refuses(403)
    await observe_once(await connect(server.url), spec(), sink)
    assert sink.names() == ["orders"]
    assert sink.phase("prod/Application") == "failed"
    assert "the verb list on applications.gravitee.io is missing" in sink.message("prod/Application")
    assert sink.phase("prod") == "partial"
    assert [kind for kind, _ in sink.listings] == ["ApiV4Definition"]


async def test_a_user_of_some_namespaces_reads_those_one_by_one(
    server: FakeApi, connect: Open, sink: RecordingSink
) -> None:
    server.objects["apiv4definitions"] = [
        api("a"),
        api("b", namespace="team-b"),
        api("c", namespace="team-c"),
    ]
    server.answers[PATH] = refuses(403)
    await observe_once(await connect(server.url), spec("team-a", "team-b"), sink)
    assert sink.names() == ["a", "b"]
    assert sink.phase("prod") == "ready"


async def test_one_forbidden_namespace_of_several_is_named_and_nothing_counts_as_gone(
    server: FakeApi, connect: Open, sink: RecordingSink
) -> None:
    server.objects["apiv4definitions"] = [api("a")]
    server.answers[PATH.replace("apiv4", "namespaces/team-b/apiv4")] = refuses(403)
    await observe_once(await connect(server.url), spec("team-a", "team-b"), sink)
    assert sink.names() == ["a"]
    assert "in namespace team-b" in sink.message("prod/ApiV4Definition")
    assert sink.listings == []


async def test_a_cluster_without_the_crds_says_what_to_install(
    server: FakeApi, connect: Open, sink: RecordingSink
) -> None:
    server.kinds.clear()
    await observe_once(await connect(server.url), spec(), sink)
    assert sink.served == [()]
    assert sink.phase("prod") == "partial"
    assert "install the custom resource definitions" in sink.message("prod")


async def test_a_cluster_that_cannot_be_read_at_all_is_an_error(
    server: FakeApi, connect: Open, sink: RecordingSink
) -> None:
    server.every = refuses(503, "starting")
    with pytest.raises(ClusterError, match="starting"):
        await observe_once(await connect(server.url), spec(), sink)
    assert sink.served == []


CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/apiv4definitions.gravitee.io"


class OrderedSink(RecordingSink):
    """Refuses objects of a cluster whose kinds were not told yet."""

    def page(self, cluster: str, kind: str, items: list[dict[str, Any]]) -> None:
        assert self.served, "an object came before its kind"
        super().page(cluster, kind, items)


async def test_the_first_page_is_collected_while_schemas_are_read_and_told_after_them(
    server: FakeApi, connect: Open
) -> None:
    server.objects["apiv4definitions"] = [api("a")]

    async def answer(_: web.Request) -> web.StreamResponse:
        await server.until(lambda: server.count(PATH) == 1)  # for ever, if the listing waited for this
        return status(404)

    server.answers[CRD] = answer
    sink = OrderedSink()
    await observe_once(await connect(server.url), spec(), sink)
    assert sink.names() == ["a"]


async def test_a_cluster_lost_while_its_schemas_are_read_is_one_plain_error(
    server: FakeApi, connect: Open
) -> None:
    server.answers[CRD] = refuses(401)
    sink = OrderedSink()
    with pytest.raises(ClusterError):
        await observe_once(await connect(server.url), spec(), sink)
    assert not sink.objects
    assert not sink.listings


# --- what one may do -------------------------------------------------------------------------------


async def test_access_is_asked_for_each_verb_kind_and_namespace(server: FakeApi, connect: Open) -> None:
    async def review(request: web.Request) -> web.StreamResponse:
        asked = (await request.json())["spec"]["resourceAttributes"]
        allowed = asked["verb"] == "list" and asked["namespace"] == "team-a"
        reason = "" if allowed else f"no {asked['verb']} on {asked['resource']}.{asked['group']}"
        return web.json_response({"status": {"allowed": allowed, "reason": reason}})

    server.answers["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"] = review
    client = await connect(server.url)
    kinds = await served_kinds(client, "gravitee.io")
    rows = await review_access(client, kinds, ["team-a", "team-b"], ["list", "watch"])
    assert [(row.namespace, row.verb, row.allowed) for row in rows] == [
        ("team-a", "list", True),
        ("team-a", "watch", False),
        ("team-b", "list", False),
        ("team-b", "watch", False),
    ]
    assert rows[1].reason == "no watch on apiv4definitions.gravitee.io"
    everywhere = await review_access(client, kinds)
    assert [(row.namespace, row.verb) for row in everywhere] == [("", "get"), ("", "list"), ("", "watch")]
