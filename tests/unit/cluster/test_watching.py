"""Observing for ever: what a watch sends, what it suffers, and what the engine is told of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.cluster.following import MOST_SILENCES, POLL_S, SILENCE_S
from reconciler.cluster.listing import PAGE
from reconciler.cluster.watching import REDISCOVER_S, SETTLE_S, ClusterWatch
from reconciler.settings.model import Cluster
from tests.unit.cluster.conftest import WriteKubeconfig
from tests.unit.cluster.fake_api import FakeApi, api, status
from tests.unit.cluster.recording_sink import RecordingSink
from tests.unit.cluster.simulated_time import SimulatedTime

LIST = "/apis/gravitee.io/v1alpha1/apiv4definitions"
KIND = "prod/ApiV4Definition"
Run = Callable[..., contextlib.AbstractAsyncContextManager[ClusterWatch]]


@pytest.fixture
def running(server: FakeApi, sink: RecordingSink, time: SimulatedTime, kubeconfig: WriteKubeconfig) -> Run:
    """Give `async with running():` while which the cluster `prod` is observed."""

    @contextlib.asynccontextmanager
    async def run(namespaces: tuple[str, ...] = (), user: Any = None) -> AsyncIterator[ClusterWatch]:
        spec = Cluster(
            name="prod",
            kubeconfig=kubeconfig(server.url, user),
            namespaces=namespaces,
            request_timeout_s=5,
        )

        async def factory() -> KubeClient:
            return await open_cluster(spec, environ={})

        watch = ClusterWatch(factory, spec, clock=time.clock, sleep=time.sleep, random=time.random)
        task = asyncio.create_task(watch.run(sink))
        try:
            yield watch
            assert not task.done(), "observing never ends by itself"
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return run


async def test_what_is_there_is_listed_and_what_happens_is_told(
    server: FakeApi, sink: RecordingSink, running: Run
) -> None:
    server.objects["apiv4definitions"] = [api("orders"), api("billing")]
    async with running():
        watch = await server.watch()
        await sink.until(lambda: sink.phase("prod") == "ready")
        assert sink.names() == ["billing", "orders"]
        assert sink.served == [("ApiV4Definition",)]
        assert (sink.version, sink.last("prod").detail) == ("v1.33.1", "v1.33.1")

        watch.event("ADDED", api("cart", version="101"))
        watch.event("MODIFIED", api("orders", version="102"))
        watch.event("DELETED", api("billing", version="103"))
        await sink.until(lambda: len(sink.events) == 3)
        assert sink.names() == ["cart", "orders"]


async def test_a_watch_starts_where_the_listing_ended_and_asks_for_bookmarks(
    server: FakeApi, running: Run
) -> None:
    async with running():
        watch = await server.watch()
    assert watch.params["resourceVersion"] == "100"
    assert watch.params["allowWatchBookmarks"] == "true"
    assert 300 <= int(watch.params["timeoutSeconds"]) <= 600


async def test_a_bookmark_is_a_sign_of_life_and_the_place_to_go_on_from(
    server: FakeApi, sink: RecordingSink, running: Run
) -> None:
    async with running():
        watch = await server.watch()
        watch.bookmark("180")
        await sink.until(lambda: sink.signs_of_life == 1)
        watch.end()  # as servers do after some minutes
        again = await server.watch(2)
    assert again.params["resourceVersion"] == "180"
    assert server.count(LIST, limit=str(PAGE)) == 1, "nothing has to be listed again"


async def test_a_watch_that_ends_at_once_is_not_hammered(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    time.dice = 1.0
    async with running():
        for number, wait in enumerate((0.5, 1.0, 2.0), 1):
            (await server.watch(number)).end()
            await time.until_sleeping(wait)
            await time.advance(wait)
        await sink.until(lambda: sink.phase(KIND) == "failed")
        assert "the watch ended at once" in sink.message(KIND)


async def test_silence_reconnects_where_it_stood_and_at_length_lists_again(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    async with running():
        await server.watch()
        for number in range(2, MOST_SILENCES + 1):
            await time.until_sleeping(SILENCE_S)
            await time.advance(SILENCE_S)
            again = await server.watch(number)
            assert again.params["resourceVersion"] == "100"
        assert server.count(LIST, limit=str(PAGE)) == 1, "a quiet fleet is not listed over and over"

        await time.until_sleeping(SILENCE_S)
        await time.advance(SILENCE_S)
        await server.watch(MOST_SILENCES + 1)
        assert server.count(LIST, limit=str(PAGE)) == 2, "who is silent so long may be swallowing everything"
        assert sink.phase(KIND) == "ready"


async def test_a_word_now_and_then_keeps_a_watch(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    async with running():
        watch = await server.watch()
        await sink.until(lambda: sink.signs_of_life == 1)  # the watch was taken
        for number in range(1, 4):
            await time.advance(SILENCE_S - 10)
            watch.bookmark(str(100 + number))
            await sink.until(lambda n=number: sink.signs_of_life == n + 1)
    assert len(server.watches) == 1


@pytest.mark.parametrize("as_event", [True, False], ids=["as an event", "as a status"])
async def test_a_position_that_is_gone_is_listed_anew(
    server: FakeApi, sink: RecordingSink, running: Run, as_event: bool
) -> None:
    server.objects["apiv4definitions"] = [api("orders"), api("billing")]
    async with running():
        watch = await server.watch()
        server.objects["apiv4definitions"] = [api("orders", version="150")]
        server.version = 200
        if as_event:
            watch.error(410)
        else:
            watch.bookmark("120")  # a watch that ends without a word is not tried again at once
            server.watch_answer = lambda _: _later(status(410))
            watch.end()
            await server.until(lambda: server.count(LIST, limit=str(PAGE)) == 2)
            server.watch_answer = None
        await sink.until(lambda: sink.names() == ["orders"])
        if as_event:
            again = await server.watch(2)
            assert again.params["resourceVersion"] == "200"
    assert "failed" not in {state.phase for state in sink.states}


async def _later(response: web.StreamResponse) -> web.StreamResponse:
    return response


async def test_a_connection_that_breaks_inside_a_line_loses_nothing(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    async with running():
        watch = await server.watch()
        watch.event("ADDED", api("orders", version="120"))
        await sink.until(lambda: len(sink.events) == 1)
        watch.write(b'{"type": "ADDED", "object": {"metadata": {"na')
        watch.break_off()
        await time.until_sleeping(0.25)  # 0.5 s with the dice at one half
        await time.advance(0.25)
        again = await server.watch(2)
        assert again.params["resourceVersion"] == "120"
        again.event("ADDED", api("billing", version="121"))
        await sink.until(lambda: sink.names() == ["billing", "orders"])
    assert sink.phase(KIND) == "ready"
    assert "failed" not in {state.phase for state in sink.states}, "one break is no failure"


async def test_rubbish_in_a_watch_is_followed_by_a_listing(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    async with running():
        watch = await server.watch()
        watch.write(b"<html>maintenance</html>\n")
        await time.until_sleeping(0.25)
        server.objects["apiv4definitions"] = [api("orders")]
        await time.advance(0.25)
        await server.watch(2)
        assert sink.names() == ["orders"]


async def test_waiting_times_double_up_to_five_minutes(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    time.dice = 1.0
    server.every = lambda _: _later(status(503, "the apiserver is starting"))
    waits: list[float] = []
    async with running():
        for _ in range(12):
            await sink.until(lambda: sink.phase("prod") == "failed")
            state = sink.last("prod")
            assert state is not None and state.retry_at is not None
            waits.append(round(state.retry_at - time.now, 3))
            sink.states.clear()
            await time.until_sleeping(waits[-1])
            await time.advance(waits[-1])
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


async def test_a_cluster_that_comes_back_goes_on_where_it_stood(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    server.objects["apiv4definitions"] = [api("orders")]
    async with running():
        watch = await server.watch()
        watch.bookmark("140")
        await sink.until(lambda: sink.signs_of_life == 1)
        server.every = lambda _: _later(status(500, "etcd is away"))
        watch.break_off()
        await time.until_sleeping(SETTLE_S)
        await time.advance(SETTLE_S)
        await sink.until(lambda: sink.phase("prod") == "failed")
        assert "etcd is away" in sink.message("prod")
        assert sink.names() == ["orders"], "what was known is kept"

        server.every = None
        await time.until_sleeping(0.25)
        await time.advance(0.25)
        again = await server.watch(2)
        await sink.until(lambda: sink.phase("prod") == "ready")
        assert again.params["resourceVersion"] == "140"
        assert server.count(LIST, limit=str(PAGE)) == 1


async def test_a_kind_without_permission_is_a_state_and_the_others_go_on(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    server.kinds["Application"] = "applications"
    server.objects["apiv4definitions"] = [api("orders")]
    forbidden = "/apis/gravitee.io/v1alpha1/applications"
    server.answers[forbidden] = lambda _: _later(status(403, 'User "sre" cannot list'))
    async with running():
        await sink.until(lambda: sink.phase("prod/Application") == "failed")
        await sink.until(lambda: sink.phase(KIND) == "ready")
        message = sink.message("prod/Application")
        assert "may not list Application in all namespaces" in message
        assert "grant the verb list on applications.gravitee.io" in message
        await sink.until(lambda: sink.phase("prod") == "partial")
        assert "Application cannot be read" in sink.message("prod")

        del server.answers[forbidden]  # the right is granted
        await time.until_sleeping(30.0)
        await time.advance(30.0)
        await sink.until(lambda: sink.phase("prod") == "ready")


async def test_a_kind_that_may_be_listed_but_not_watched_is_polled(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    server.watch_answer = lambda _: _later(status(403))
    async with running():
        await sink.until(lambda: sink.phase(KIND) == "partial")
        assert "the verb watch on apiv4definitions.gravitee.io is missing" in sink.message(KIND)
        server.objects["apiv4definitions"] = [api("orders")]
        await time.until_sleeping(POLL_S)
        await time.advance(POLL_S)
        await sink.until(lambda: sink.names() == ["orders"])
        assert sink.phase(KIND) == "partial"


async def test_a_kind_installed_later_is_found_within_a_minute(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    async with running():
        await server.watch()
        server.kinds["Application"] = "applications"
        server.objects["applications"] = [api("app", kind="Application")]
        await time.until_sleeping(REDISCOVER_S)
        await time.advance(REDISCOVER_S)
        await sink.until(lambda: sink.names() == ["app"])
        assert sink.served[-1] == ("ApiV4Definition", "Application")
        assert server.count(LIST, watch="true") == 1, "the watch of the other kind is not disturbed"


async def test_a_kind_that_is_removed_is_noticed_by_its_404(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    server.kinds["Application"] = "applications"
    async with running():
        await server.watch(2)
        await sink.until(lambda: sink.phase("prod") == "ready")
        del server.kinds["Application"]
        for watch in server.watches:
            watch.end()
        await time.until_sleeping(SETTLE_S)
        await time.advance(SETTLE_S)
        await sink.until(lambda: sink.served[-1] == ("ApiV4Definition",))
        await sink.until(lambda: sink.phase("prod") == "ready")


async def test_a_cluster_without_the_crds_says_so_and_is_ready_once_they_come(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    server.kinds.clear()
    async with running():
        await sink.until(lambda: sink.phase("prod") == "partial")
        assert "serves no kind of gravitee.io; install" in sink.message("prod")
        server.kinds["ApiV4Definition"] = "apiv4definitions"
        await time.until_sleeping(REDISCOVER_S)
        await time.advance(REDISCOVER_S)
        await sink.until(lambda: sink.phase("prod") == "ready")


async def test_namespaces_are_listed_and_watched_one_by_one(
    server: FakeApi, sink: RecordingSink, running: Run
) -> None:
    server.objects["apiv4definitions"] = [
        api("orders", namespace="team-a"),
        api("billing", namespace="team-b"),
        api("secret", namespace="team-c"),
    ]
    server.answers[LIST] = lambda _: _later(status(403))
    async with running(namespaces=("team-a", "team-b")):
        await server.watch(2)
        await sink.until(lambda: sink.phase("prod") == "ready")
        assert sink.names() == ["billing", "orders"]
        assert len(sink.listings) == 1, "complete only when every namespace has been listed"


async def test_one_namespace_listed_anew_does_not_make_the_others_objects_go(
    server: FakeApi, sink: RecordingSink, running: Run
) -> None:
    server.objects["apiv4definitions"] = [api("orders", namespace="team-a"), api("x", namespace="team-b")]
    async with running(namespaces=("team-a", "team-b")):
        watches = [await server.watch(1), await server.watch(2)]
        await sink.until(lambda: sink.phase("prod") == "ready")
        paths = [request.path for request in server.requests if request.query.get("watch")]
        of_a, of_b = (watches[["team-a" in paths[0], "team-a" in paths[1]].index(x)] for x in (True, False))
        of_b.event("ADDED", api("new", namespace="team-b", version="130"))
        of_b.event("DELETED", api("x", namespace="team-b", version="131"))
        await sink.until(lambda: len(sink.events) == 2)
        of_a.error(410)
        await sink.until(lambda: len(sink.listings) == 2)
        assert sink.names() == ["new", "orders"]


async def test_a_refused_login_is_the_clusters_state_and_the_kubeconfig_is_read_anew(
    server: FakeApi,
    sink: RecordingSink,
    time: SimulatedTime,
    running: Run,
    kubeconfig: WriteKubeconfig,
) -> None:
    async def guard(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer renewed":
            return status(401, "Unauthorized")
        answer = server._known(request)
        return await answer(request) if answer else web.Response(status=404)

    server.every = guard
    async with running(user={"token": "expired-token"}):
        await sink.until(lambda: sink.phase("prod") == "failed")
        message = sink.message("prod")
        assert "the credentials were refused (401)" in message
        assert "the token may have expired: renew it in" in message
        assert "expired-token" not in message

        kubeconfig(server.url, {"token": "renewed"})
        await time.until_sleeping(0.25)
        await time.advance(0.25)
        await sink.until(lambda: sink.phase("prod") == "ready")


async def test_a_waiting_cluster_can_be_asked_to_try_at_once(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    server.every = lambda _: _later(status(500))
    async with running() as watch:
        await sink.until(lambda: sink.phase("prod") == "failed")
        await time.until_sleeping(0.25)
        server.every = None
        watch.look_again()
        await sink.until(lambda: sink.phase("prod") == "ready")


async def test_one_kind_whose_listing_fails_does_not_stop_the_others(
    server: FakeApi, sink: RecordingSink, time: SimulatedTime, running: Run
) -> None:
    server.kinds["Application"] = "applications"
    broken = "/apis/gravitee.io/v1alpha1/applications"
    server.answers[broken] = lambda _: _later(status(500, "conversion webhook failed"))
    async with running():
        await sink.until(lambda: sink.phase("prod/Application") == "failed")
        assert "conversion webhook failed" in sink.message("prod/Application")
        await server.watch()
        await sink.until(lambda: sink.phase(KIND) == "ready")
        retry_at = sink.last("prod/Application").retry_at
        assert retry_at is not None and retry_at > time.now
