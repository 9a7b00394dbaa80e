"""A simulated gateway pod's technical API on a loopback port; it polls while it is served."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from reconciler.simulator.apim.gateway import Gateway
from reconciler.simulator.apim.refusals import Refused
from reconciler.simulator.apim.serving.calls import Answer
from reconciler.simulator.apim.serving.credentials import fits
from reconciler.simulator.apim.serving.dispatch import not_modelled
from reconciler.simulator.apim.serving.faults import Costs
from reconciler.simulator.apim.serving.server import HttpFront


class GatewayServer(HttpFront):
    """Serves `/_node…` of one pod.

    Args:
        gateway: the pod.
        host: the address to listen on.
        port: the port; 0 picks a free one.
        costs: how long the work takes.
        sleep: waits so many seconds between two polls; None lets nobody poll but who calls
            `Gateway.poll` or `Gateway.tick`.
    """

    def __init__(
        self,
        gateway: Gateway,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        costs: Costs | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = asyncio.sleep,
    ) -> None:
        super().__init__(host, port, costs=costs)
        self.gateway = gateway
        self._sleep = sleep
        self._polling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, and to poll.

        Raises:
            OSError: the port is taken.
        """
        await super().start()
        if self._sleep is not None:
            self._polling = asyncio.create_task(
                self._poll(self._sleep), name=f"gateway {self.gateway.hostname}"
            )

    async def stop(self) -> None:
        """Stop polling and listening. Harmless when already stopped."""
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling
            self._polling = None
        await super().stop()

    async def _poll(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        while True:
            with self.gateway.apim.lock:
                self.gateway.poll()
            await sleep(self.gateway.poll_interval_s)

    def respond(
        self,
        request: web.Request,
        path: str,
        query: Mapping[str, str],
        body: bytes,  # noqa: ARG002
    ) -> Answer:
        """Answer a request."""
        credentials = self.gateway.credentials
        if credentials is not None and not fits(credentials, request.headers):
            return Answer(401, "Unauthorized", {"WWW-Authenticate": 'Basic realm="gravitee.io"'})
        if request.method != "GET":
            return not_modelled(request.method, path)
        try:
            with self.gateway.apim.lock:
                return self._tell(request.method, path.rstrip("/"), query)
        except Refused as refusal:
            return Answer(refusal.status, refusal.body)

    def seconds_of(self, method: str, path: str) -> float:  # noqa: ARG002
        """How long the work at a request takes."""
        return self.costs.list_s if path.rstrip("/").endswith("/apis") else self.costs.get_s

    def _tell(self, method: str, path: str, query: Mapping[str, str]) -> Answer:
        gateway = self.gateway
        if path == "/_node":
            return Answer(200, gateway.node())
        if path == "/_node/health":
            named = [name for name in query.get("probes", "").split(",") if name]
            healthy, probes = gateway.health(named)
            return Answer(200 if healthy else 500, probes)
        if path == "/_node/sync":
            state = gateway.sync_state()
            if state is None:
                return Answer(404, "Resource not found", {"Content-Type": "text/plain"})
            return Answer(200 if state["initialDone"] else 503, state)
        if path == "/_node/apis":
            return Answer(200, gateway.list_apis())
        return self._tell_of_api(method, path)

    def _tell_of_api(self, method: str, path: str) -> Answer:
        if path.startswith("/_node/apis/"):
            return Answer(200, self.gateway.show_api(path.removeprefix("/_node/apis/")))
        return not_modelled(method, path)
