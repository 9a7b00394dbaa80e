"""A small simulated platform over HTTP for one test, with bodies of our own: needs no recordings."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from reconciler.simulator.apim import Apim, ApimServer, Costs, Gateway, GatewayServer
from tests.fidelity.replay import drawing, ticking

AUTOMATION = "/automation/organizations/DEFAULT/environments/DEFAULT"
V2 = "/management/v2/environments/DEFAULT"
V1 = "/management/organizations/DEFAULT/environments/DEFAULT"


class Stage:
    """One control plane, one gateway pod, one administrator.

    Attributes:
        server: serves the control plane.
        technical: serves the gateway's technical API; it polls when a test says so.
        client: sends requests to the control plane as the administrator.
    """

    def __init__(self, apim: Apim, gateway: Gateway, server: ApimServer, technical: GatewayServer) -> None:
        self.apim = apim
        self.gateway = gateway
        self.server = server
        self.technical = technical
        self.client = httpx.AsyncClient(base_url=server.url, auth=("admin", "admin"))

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request to the control plane."""
        return await self.client.request(method, path, json=body)

    async def put_api(self, body: dict[str, Any], query: str = "") -> httpx.Response:
        """Write an API through the Automation API."""
        return await self.call("PUT", f"{AUTOMATION}/apis{query}", body)

    async def running(self, identifier: str) -> dict[str, Any]:
        """What the gateway runs, after it has polled."""
        self.gateway.poll()
        async with httpx.AsyncClient(base_url=self.technical.url, auth=("admin", "adminadmin")) as client:
            shown: dict[str, Any] = (await client.get(f"/_node/apis/{identifier}")).json()
            return shown


@asynccontextmanager
async def staged(
    *, costs: Costs | None = None, workers: int = 0, tags: tuple[str, ...] = ()
) -> AsyncIterator[Stage]:
    """Start a stage, and end it."""
    apim = Apim(ticking(), draw_id=drawing())
    apim.add_user("guest", "guest")
    gateway = Gateway(apim, "pod-0", tags=tags)
    server, technical = ApimServer(apim, costs=costs, workers=workers), GatewayServer(gateway, sleep=None)
    await server.start()
    await technical.start()
    stage = Stage(apim, gateway, server, technical)
    try:
        yield stage
    finally:
        await stage.client.aclose()
        await technical.stop()
        await server.stop()


def api_body(hrid: str = "weather", **changes: Any) -> dict[str, Any]:
    """A small API with one plan that needs a key and one that does not."""
    body: dict[str, Any] = {
        "hrid": hrid,
        "name": hrid.title(),
        "version": "3",
        "type": "PROXY",
        "state": "STARTED",
        "lifecycleState": "PUBLISHED",
        "listeners": [
            {"type": "HTTP", "paths": [{"path": f"/{hrid}"}], "entrypoints": [{"type": "http-proxy"}]}
        ],
        "endpointGroups": [
            {
                "name": "stations",
                "type": "http-proxy",
                "endpoints": [
                    {"name": "north", "type": "http-proxy", "configuration": {"target": "http://north:80"}}
                ],
            }
        ],
        "plans": [plan_body("open", "KEY_LESS"), plan_body("keys", "API_KEY")],
    }
    return {**body, **copy.deepcopy(changes)}


def plan_body(hrid: str, security: str) -> dict[str, Any]:
    """A published plan."""
    return {
        "hrid": hrid,
        "name": hrid.title(),
        "security": {"type": security},
        "mode": "STANDARD",
        "type": "API",
        "status": "PUBLISHED",
        "validation": "AUTO",
    }


def step(policy: str, **configuration: Any) -> dict[str, Any]:
    """A flow with one step on the way in."""
    return {
        "name": "flow",
        "enabled": True,
        "selectors": [{"type": "HTTP", "path": "/", "pathOperator": "STARTS_WITH"}],
        "request": [{"name": "step", "policy": policy, "enabled": True, "configuration": configuration}],
    }


APPLICATION = {"hrid": "umbrella", "name": "Umbrella", "description": "reads the weather"}
SUBSCRIPTION = {"hrid": "rain", "applicationHrid": "umbrella", "planHrid": "keys"}
