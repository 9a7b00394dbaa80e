"""Observing a gateway: pods come and go, polls are cheap, failures are told, waited for and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from reconciler.gateways.credentials import BasicAuth
from reconciler.gateways.facts import DeployedApi, Health, NodeFacts, SyncFacts
from reconciler.gateways.failures import GatewayError
from reconciler.gateways.folding import PodView
from reconciler.gateways.places import Access, UrlPlace, place_of, pods_of, unique_gateways
from reconciler.gateways.pod_poll import AGED_PER_POLL, CHANGED_PER_POLL
from reconciler.gateways.views import GatewayViews
from reconciler.gateways.watching import POLL_S, GatewayObserver
from reconciler.model.errors import ClusterError
from reconciler.model.rows import PlaceState
from reconciler.settings.model import GatewaySpec
from tests.unit.cluster.simulated_time import SimulatedTime
from tests.unit.gateways.fake_gateway import Answer, FakeGateway, cut_off, text

PATIENCE_S = 10.0


class Told(GatewayViews):
    """Remembers as the engine does, keeps every state, and lets a test wait until something holds."""

    def __init__(self) -> None:
        super().__init__(self._keep)
        self.states: dict[str, PlaceState] = {}
        self._news = asyncio.Event()

    def _keep(self, state: PlaceState) -> None:
        self.states[state.name] = state
        self._news.set()

    def pods(self, gateway: str, pods: frozenset[str]) -> None:
        super().pods(gateway, pods)
        self._news.set()

    def listed(self, gateway: str, pod: str, api_ids: frozenset[str], at: float) -> None:
        super().listed(gateway, pod, api_ids, at)
        self._news.set()

    def api(self, gateway: str, pod: str, api: DeployedApi, at: float) -> None:
        super().api(gateway, pod, api, at)
        self._news.set()

    def node(
        self, gateway: str, pod: str, facts: NodeFacts, health: Health | None, sync: SyncFacts | None
    ) -> None:
        super().node(gateway, pod, facts, health, sync)
        self._news.set()

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def phase(self, name: str = "edge") -> str:
        state = self.states.get(name)
        return state.phase if state is not None else ""

    def one(self, pod: str = "") -> PodView:
        return next(view for view in self.of("edge") if view.pod == pod)


def by_url(
    url: str, time: SimulatedTime, access: Access | None = None, environ: dict[str, str] | None = None
) -> GatewayObserver:
    place = UrlPlace(GatewaySpec(name="edge", url=url), access or Access(), environ or {})
    return GatewayObserver("edge", place, clock=time.clock, sleep=time.sleep, random=time.random)


@asynccontextmanager
async def running(observer: GatewayObserver, told: Told) -> AsyncIterator[None]:
    task = asyncio.create_task(observer.run(told))
    try:
        yield
    finally:
        task.cancel()
        (end,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(end, asyncio.CancelledError), f"the observer ended by itself: {end!r}"


async def test_once_reads_every_api_of_a_gateway_and_its_own_facts(
    gateway: FakeGateway, time: SimulatedTime
) -> None:
    told = Told()
    await by_url(gateway.url, time).observe_once(told)
    view = told.one()
    assert view.listed == {"orders", "stock"}
    assert view.deployed["orders"].revision == "3"
    assert view.facts is not None
    assert view.facts.version == "4.12.14"
    assert told.phase() == "ready"
    assert told.drain() == {"orders", "stock"}


async def test_a_poll_without_news_asks_little(time: SimulatedTime) -> None:
    gateway = FakeGateway()
    for number in range(AGED_PER_POLL * 5):
        gateway.deploy(f"api-{number}")
    told = Told()
    async with gateway.serving(), running(by_url(gateway.url, time), told):
        await told.until(lambda: len(told.one().deployed) == AGED_PER_POLL * 5)
        await time.until_sleeping(POLL_S, 2)
        gateway.details_asked()
        again: list[str] = []
        for _ in range(5):
            await time.advance(POLL_S)
            await time.until_sleeping(POLL_S, 2)
            asked = gateway.details_asked()
            assert len(asked) == AGED_PER_POLL
            again += asked
    assert set(again) == set(gateway.apis), "in five polls every API had its turn"


async def test_many_new_apis_are_read_in_bounded_steps(time: SimulatedTime) -> None:
    gateway = FakeGateway()
    for number in range(CHANGED_PER_POLL + 50):
        gateway.deploy(f"api-{number}")
    told = Told()
    async with gateway.serving(), running(by_url(gateway.url, time), told):
        await told.until(lambda: told.phase() == "ready")
        assert len(gateway.details_asked()) == CHANGED_PER_POLL + AGED_PER_POLL
        await time.until_sleeping(POLL_S, 2)
        await time.advance(POLL_S)
        await told.until(lambda: len(told.one().deployed) == CHANGED_PER_POLL + 50)


async def test_what_the_control_plane_published_is_read_at_once(
    gateway: FakeGateway, time: SimulatedTime
) -> None:
    told = Told()
    observer = by_url(gateway.url, time)
    async with running(observer, told):
        await told.until(lambda: told.phase() == "ready")
        await time.until_sleeping(POLL_S, 2)
        gateway.deploy("orders", "4")
        observer.look_at(["orders"])
        await told.until(lambda: told.one().deployed["orders"].revision == "4")
    assert time.now == 1_700_000_000.0, "no time had to pass"


async def test_a_deployment_that_has_not_arrived_yet_is_looked_for_in_every_poll(time: SimulatedTime) -> None:
    gateway = FakeGateway()
    for number in range(AGED_PER_POLL * 10):
        gateway.deploy(f"api-{number}")
    told = Told()
    async with gateway.serving():
        observer = by_url(gateway.url, time)
        async with running(observer, told):
            await told.until(lambda: told.phase() == "ready")
            await time.until_sleeping(POLL_S, 2)
            observer.look_at(["api-199"])
            for _ in range(2):
                gateway.details_asked()
                await time.until_sleeping(POLL_S, 2)
                await time.advance(POLL_S)
            gateway.deploy("api-199", "2")
            await time.until_sleeping(POLL_S, 2)
            await time.advance(POLL_S)
            await told.until(lambda: told.one().deployed["api-199"].revision == "2")
            await time.until_sleeping(POLL_S, 2)
            gateway.details_asked()
            await time.advance(POLL_S)
            await time.until_sleeping(POLL_S, 2)
            assert gateway.details_asked().count("api-199") == 0, "it has arrived: only its turn counts again"


@pytest.mark.parametrize("answer", [cut_off, text("{"), text("<html>", "text/html"), text("", status=500)])
async def test_one_api_that_cannot_be_read_is_told_and_the_others_are_read(
    gateway: FakeGateway, time: SimulatedTime, answer: Answer
) -> None:
    gateway.instead["/_node/apis/orders"] = answer
    told = Told()
    await by_url(gateway.url, time).observe_once(told)
    assert told.phase() == "partial"
    assert told.states["edge"].message.startswith("edge: ")
    assert told.one().deployed.keys() == {"stock"}


async def test_credentials_refused_halfway_keep_what_was_read_with_the_reason(time: SimulatedTime) -> None:
    gateway = FakeGateway(password="first")
    gateway.deploy("orders", "3")
    told = Told()
    auth = BasicAuth(password_env="PASSWORD")
    async with gateway.serving():
        observer = by_url(gateway.url, time, Access(auth=auth), {"PASSWORD": "first"})
        async with running(observer, told):
            await told.until(lambda: told.phase() == "ready")
            await time.until_sleeping(POLL_S, 2)
            gateway.expect("admin", "second")
            await time.advance(POLL_S)
            await told.until(lambda: told.phase() == "failed")
    view = told.one()
    assert view.deployed["orders"].revision == "3"
    assert "refused the credentials" in view.problem
    assert view.listed_at == 1_700_000_000.0


async def test_an_api_that_was_stopped_is_absent_after_one_poll(
    gateway: FakeGateway, time: SimulatedTime
) -> None:
    told = Told()
    async with running(by_url(gateway.url, time), told):
        await told.until(lambda: told.phase() == "ready")
        await time.until_sleeping(POLL_S, 2)
        told.drain()
        del gateway.apis["stock"]
        await time.advance(POLL_S)
        await told.until(lambda: told.one().listed == {"orders"})
    assert "stock" in told.drain()


async def test_an_api_that_goes_between_list_and_details_is_no_failure(
    gateway: FakeGateway, time: SimulatedTime
) -> None:
    gateway.instead["/_node/apis/stock"] = text("", status=404)
    told = Told()
    await by_url(gateway.url, time).observe_once(told)
    assert told.phase() == "ready"
    assert "stock" not in told.one().deployed


async def test_an_api_listed_twice_is_told_and_the_rest_goes_on(
    gateway: FakeGateway, time: SimulatedTime
) -> None:
    gateway.listed_twice = {"orders"}
    told = Told()
    await by_url(gateway.url, time).observe_once(told)
    state = told.states["edge"]
    assert (state.phase, told.one().deployed.keys()) == ("partial", {"orders", "stock"})
    assert "lists 1 API(s) more than once: orders" in state.message


@pytest.mark.parametrize("path", ["/_node", "/_node/apis"])
async def test_a_broken_answer_is_told_then_tried_again_and_forgotten(
    gateway: FakeGateway, time: SimulatedTime, path: str
) -> None:
    gateway.instead[path] = cut_off
    told = Told()
    async with running(by_url(gateway.url, time), told):
        await told.until(lambda: told.phase() == "failed")
        assert told.states["edge"].message.startswith("edge: the connection broke")
        gateway.instead.clear()
        await time.until_sleeping(POLL_S, 2)
        await time.advance(POLL_S)
        await told.until(lambda: told.phase() == "ready" and "orders" in told.one().deployed)
        assert told.one().problem == ""


async def test_a_gateway_that_stays_away_is_asked_more_and_more_seldom(time: SimulatedTime) -> None:
    gateway = FakeGateway()
    told = Told()
    time.dice = 1.0
    async with gateway.serving():
        url = gateway.url
    async with running(by_url(url, time), told):
        await time.until_sleeping(POLL_S, 2)  # the pod's poll, and the look for pods
        await time.advance(POLL_S)
        for longer in (10.0, 20.0, 40.0, 60.0, 60.0):
            await time.until_sleeping(longer)
            await time.advance(longer)
    view = told.one()
    assert view.listed is None
    assert "refused the connection" in view.problem


async def test_a_node_that_is_not_well_is_read_and_says_why(
    gateway: FakeGateway, time: SimulatedTime
) -> None:
    gateway.unhealthy = {"management-repository": "no connection"}
    told = Told()
    await by_url(gateway.url, time).observe_once(told)
    state = told.states["edge"]
    assert state.phase == "partial"
    assert state.message == "the node is not healthy: management-repository (no connection)"
    assert told.one().deployed


async def test_another_node_behind_the_same_url_begins_anew(
    gateway: FakeGateway, time: SimulatedTime
) -> None:
    told = Told()
    async with running(by_url(gateway.url, time), told):
        await told.until(lambda: told.phase() == "ready")
        await time.until_sleeping(POLL_S, 2)
        gateway.details_asked()
        gateway.node_id = "node-2"
        gateway.apis = {"orders": gateway.apis["orders"]}
        await time.advance(POLL_S)
        await told.until(lambda: told.one().facts is not None and told.one().facts.id == "node-2")  # type: ignore[union-attr]
        await told.until(lambda: told.one().listed == {"orders"} and "orders" in told.one().deployed)


# -- pods of a cluster -------------------------------------------------------------------------


class Stream:
    """A plain TCP connection in the place of a port-forward."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.closed = False

    async def read(self, max_bytes: int) -> bytes:
        return b"" if self.closed else await self._reader.read(max_bytes)

    async def write(self, data: bytes) -> None:
        if self.closed:
            raise ClusterError("the port-forward was closed")
        self._writer.write(data)
        await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.close()


class Cluster:
    """Pods by name, each a fake gateway (or None for one that cannot be reached)."""

    def __init__(self) -> None:
        self.pods: dict[str, FakeGateway | None] = {}
        self.pending: dict[str, str] = {}
        self.trouble: ClusterError | None = None
        self.dialled: list[tuple[str, str, str, int]] = []
        self.streams: list[Stream] = []

    async def list_pods(self, cluster: str, namespace: str, selector: str) -> list[dict[str, Any]]:
        assert (cluster, namespace, selector) == ("prod", "gravitee", "app=gateway")
        if self.trouble is not None:
            raise self.trouble
        phases = dict.fromkeys(self.pods, "Running") | self.pending
        return [{"metadata": {"name": name}, "status": {"phase": phase}} for name, phase in phases.items()]

    async def dial(self, cluster: str, namespace: str, pod: str, port: int) -> Stream:
        self.dialled.append((cluster, namespace, pod, port))
        gateway = self.pods.get(pod)
        if gateway is None:
            raise ClusterError("a port-forward was refused", subject=pod, next_step="look at the pod")
        self.streams.append(Stream(*await asyncio.open_connection("127.0.0.1", gateway.port)))
        return self.streams[-1]

    def observer(self, time: SimulatedTime) -> GatewayObserver:
        spec = GatewaySpec(name="edge", cluster="prod", namespace="gravitee", selector="app=gateway")
        place = place_of(spec, Access(), {}, list_pods=self.list_pods, dial=self.dial)
        return GatewayObserver("edge", place, clock=time.clock, sleep=time.sleep, random=time.random)


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """Give a cluster with two pods of one gateway."""
    cluster = Cluster()
    async with AsyncExitStack() as stack:
        for name in ("gw-a", "gw-b"):
            fake = FakeGateway(f"node-of-{name}")
            fake.deploy("orders", "3")
            cluster.pods[name] = await stack.enter_async_context(fake.serving())
        yield cluster


async def test_every_pod_is_reached_by_itself_on_the_technical_port(
    cluster: Cluster, time: SimulatedTime
) -> None:
    told = Told()
    await cluster.observer(time).observe_once(told)
    nodes = {view.pod: view.facts.id for view in told.of("edge") if view.facts is not None}
    assert nodes == {"gw-a": "node-of-gw-a", "gw-b": "node-of-gw-b"}
    assert {call[2:] for call in cluster.dialled} == {("gw-a", 18082), ("gw-b", 18082)}
    assert told.phase() == "ready"


async def test_a_kept_connection_that_was_closed_meanwhile_is_opened_anew(
    cluster: Cluster, time: SimulatedTime
) -> None:
    """A kubelet ends idle port-forwards: writing to one fails, which is no news of the pod."""
    told = Told()
    async with running(cluster.observer(time), told):
        await told.until(lambda: told.phase() == "ready")
        await time.until_sleeping(POLL_S, 3)
        for stream in cluster.streams:
            stream.closed = True
        cluster.dialled.clear()
        await time.advance(POLL_S)
        await time.until_sleeping(POLL_S, 3)
        assert cluster.dialled, "it was opened anew"
        assert told.phase() == "ready"
        assert all(view.listed_at == time.now for view in told.of("edge"))


async def test_pods_come_and_go(cluster: Cluster, time: SimulatedTime) -> None:
    told = Told()
    newcomer = FakeGateway("node-of-gw-c")
    newcomer.deploy("orders", "4")
    async with newcomer.serving(), running(cluster.observer(time), told):
        await told.until(lambda: told.phase() == "ready")
        await time.until_sleeping(POLL_S, 3)
        del cluster.pods["gw-a"]
        cluster.pods["gw-c"] = newcomer
        await time.advance(POLL_S)
        await told.until(lambda: [v.pod for v in told.of("edge") if v.deployed] == ["gw-b", "gw-c"])
        await told.until(lambda: told.phase() == "ready")


async def test_one_pod_that_cannot_be_reached_leaves_the_others_alone(
    cluster: Cluster, time: SimulatedTime
) -> None:
    cluster.pods["gw-b"] = None
    told = Told()
    await cluster.observer(time).observe_once(told)
    assert told.states["edge/gw-a"].phase == "ready"
    assert told.states["edge/gw-b"].phase == "failed"
    assert told.states["edge"].phase == "partial"
    assert told.states["edge"].message == (
        "1 of 2 pods cannot be read: edge/gw-b: a port-forward was refused; look at the pod"
    )


async def test_pods_that_cannot_be_listed_keep_what_is_known(cluster: Cluster, time: SimulatedTime) -> None:
    told = Told()
    async with running(cluster.observer(time), told):
        await told.until(lambda: told.phase() == "ready")
        await time.until_sleeping(POLL_S, 3)
        cluster.trouble = ClusterError("no permission (403)", subject="prod", status=403, reason="forbidden")
        await time.advance(POLL_S)
        await told.until(lambda: told.phase() == "failed")
        assert "its pods cannot be listed: no permission (403)" in told.states["edge"].message
        assert all(view.deployed for view in told.of("edge"))


async def test_a_selector_that_matches_nothing_says_so(time: SimulatedTime) -> None:
    told = Told()
    await Cluster().observer(time).observe_once(told)
    assert told.phase() == "failed"
    assert "no pod matches app=gateway in namespace gravitee of cluster prod" in told.states["edge"].message
    (view,) = told.of("edge")
    assert "no pod matches" in view.problem


async def test_a_pod_that_is_only_starting_is_named_and_not_asked(
    cluster: Cluster, time: SimulatedTime
) -> None:
    cluster.pending = {"gw-new": "Pending"}
    told = Told()
    await cluster.observer(time).observe_once(told)
    assert (told.phase(), told.states["edge"].message) == ("ready", "gw-new: the pod is Pending")


def test_pods_that_end_or_have_ended_are_left_out_and_a_named_port_is_used() -> None:
    def item(name: str, phase: str, **metadata: str) -> dict[str, Any]:
        ports = [{"name": "http", "containerPort": 8082}, {"name": "technical", "containerPort": 18099}]
        return {
            "metadata": {"name": name, **metadata},
            "spec": {"containers": [{"ports": ports}]},
            "status": {"phase": phase},
        }

    pods = pods_of(
        [
            item("runs", "Running"),
            item("leaves", "Running", deletionTimestamp="2026-01-01T00:00:00Z"),
            item("done", "Succeeded"),
            item("waits", "Pending"),
            {"metadata": None},
        ]
    )
    assert pods.running == {"runs": 18099}
    assert pods.waiting == {"waits": "the pod is Pending"}


def test_two_gateways_with_one_name_are_told_and_the_first_is_kept() -> None:
    specs = [GatewaySpec(name="edge", url="http://a"), GatewaySpec(name="edge", url="http://b")]
    kept, refused = unique_gateways(specs)
    assert [spec.url for spec in kept] == ["http://a"]
    (error,) = refused
    assert isinstance(error, GatewayError)
    assert error.sentence().startswith("edge: is the name of more than one gateway")
