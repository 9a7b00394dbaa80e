"""A data plane of the embedded platform: an APIM, its gateways' technical APIs on loopback, ways to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from reconciler.gateways.expecting import expectation_of_events
from reconciler.gateways.folding import Expectation, Folded, comparing, fold, judge_pod
from reconciler.gateways.opening import open_gateway
from reconciler.gateways.views import GatewayViews
from reconciler.model.errors import ClusterError
from reconciler.model.rows import PlaceState
from reconciler.settings.model import GatewaySpec
from reconciler.simulator.apim import Apim, Gateway, GatewayServer
from reconciler.simulator.apim.v2_views import event_view
from tests.unit.control_plane.bodies import api_body

KEY = b"k" * 32
ENVIRONMENT = {"GATEWAY_PASSWORD": "adminadmin"}
AUTH = {"username": "admin", "password_env": "GATEWAY_PASSWORD"}
BY_PODS = {"cluster": "prod", "namespace": "gravitee", "selector": "app=gw"}


class LoopbackStream:
    """A connection to a pod's port, as a port-forward gives one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, max_bytes: int) -> bytes:
        return await self._reader.read(max_bytes)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class DataPlane:
    """One APIM and the pods that poll it; time moves only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.apim = Apim(self.clock)
        self.apim.environment("DEFAULT").tags.update({"internal", "partner"})
        self.servers: dict[str, GatewayServer] = {}
        self.states: dict[str, PlaceState] = {}
        self.dialled: list[tuple[str, str, str, int]] = []
        self.specs: dict[str, GatewaySpec] = {}
        self.listed: list[dict[str, Any]] | None = None
        self.refusal: ClusterError | None = None
        self.views = GatewayViews(
            lambda state: self.states.update({state.name: state}),
            tags_of=lambda name: self.specs[name].tags if name in self.specs else None,
        )

    def clock(self) -> float:
        return self.now

    async def pod(self, name: str, **how: Any) -> Gateway:
        """Start a pod; it polls when `poll` is called."""
        gateway = Gateway(self.apim, name, **how)
        await self.serve(gateway)
        return gateway

    async def serve(self, gateway: Gateway) -> GatewayServer:
        """Serve a pod's technical API, in place of the process that had its name."""
        await self.end(gateway.hostname)
        server = self.servers[gateway.hostname] = GatewayServer(gateway, sleep=None)
        await server.start()
        return server

    async def end(self, name: str) -> None:
        """End a pod."""
        server = self.servers.pop(name, None)
        if server is not None:
            await server.stop()

    def publish(self, hrid: str, **changes: Any) -> str:
        """Write an API as GKO does, which publishes it; its id."""
        return str(self.apim.put_api("DEFAULT", {**api_body(hrid), **changes})["id"])

    def poll(self, *, then_s: float = 60.0) -> None:
        """Every pod polls; then time passes, so that nothing is on its way any more."""
        for server in self.servers.values():
            server.gateway.poll()
        self.now += then_s

    def expected(self, api_id: str) -> Expectation | None:
        """What the control plane published of an API, read now."""
        environment = self.apim.environment("DEFAULT")
        events = [event_view(environment, event) for event in environment.events if event.subject == api_id]
        return expectation_of_events(api_id, events, read_at=self.now)

    async def look(self, name: str = "edge", environ: Mapping[str, str] = ENVIRONMENT, **fields: Any) -> str:
        """Read a gateway once; the phase of its state."""
        spec = GatewaySpec.model_validate({"name": name, "auth": AUTH, **fields})
        self.specs[name] = spec
        observer = open_gateway(spec, environ, list_pods=self.list_pods, dial=self.dial, clock=self.clock)
        await observer.observe_once(self.views)
        return self.states[name].phase

    def judge(self, api_id: str, name: str = "edge", expected: Expectation | None = None) -> Folded:
        """What the pods of a gateway, as last read, make of an API."""
        wanted = expected or self.expected(api_id)
        compare = comparing(KEY)
        return fold(name, [judge_pod(wanted, api_id, view, compare) for view in self.views.of(name)])

    async def list_pods(self, _cluster: str, _namespace: str, _selector: str) -> list[dict[str, Any]]:
        if self.refusal is not None:
            raise self.refusal
        if self.listed is not None:
            return self.listed
        return [{"metadata": {"name": name}, "status": {"phase": "Running"}} for name in self.servers]

    async def dial(self, cluster: str, namespace: str, pod: str, port: int) -> LoopbackStream:
        self.dialled.append((cluster, namespace, pod, port))
        if pod not in self.servers:
            raise ClusterError("there is no such pod", subject=pod)
        return LoopbackStream(*await asyncio.open_connection("127.0.0.1", self.servers[pod].port))


@asynccontextmanager
async def data_plane(*pods: str) -> AsyncIterator[DataPlane]:
    """A data plane with these pods, which take everything."""
    plane = DataPlane()
    try:
        for name in pods:
            await plane.pod(name)
        yield plane
    finally:
        for name in list(plane.servers):
            await plane.end(name)
