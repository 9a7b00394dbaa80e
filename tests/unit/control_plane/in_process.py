"""The simulated APIM without a network: requests are answered in process, after the real server's time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

import httpx
import orjson

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.credentials import Authorization
from reconciler.control_plane.places import Login, Target
from reconciler.simulator.apim import Apim, Costs
from reconciler.simulator.apim.serving.dispatch import Dispatch
from tests.unit.control_plane.virtual_time import clock, rim


class Asked(NamedTuple):
    """One request, and when it was sent."""

    method: str
    path: str
    query: str
    at: float


Interfere = Callable[[httpx.Request], httpx.Response | None]


class InProcess(httpx.AsyncBaseTransport):
    """Answers as the server would.

    Args:
        apim: what is served.
        costs: how long the work takes.

    Attributes:
        asked: every request.
        interfere: may answer something else; then the server was not asked.
        lose: may lose the answer of the server, which has done what it was asked.
        delay_s: seconds that pass before any answer.
    """

    def __init__(self, apim: Apim, costs: Costs | None = None) -> None:
        self._dispatch = Dispatch(apim)
        self._costs = costs or Costs()
        self.asked: list[Asked] = []
        self.interfere: Interfere = lambda request: None
        self.lose: Callable[[httpx.Request], Exception | None] = lambda request: None
        self.delay_s = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = unquote(request.url.raw_path.decode().partition("?")[0])
        self.asked.append(Asked(request.method, path, request.url.query.decode(), clock()))
        cost = self._dispatch.cost(request.method, path)
        by_cost = {"list": self._costs.list_s, "get": self._costs.get_s, "write": self._costs.write_s}
        await asyncio.sleep(self.delay_s + (by_cost[cost] if cost else 0.0))
        other = self.interfere(request)
        if other is not None:
            return other
        query = request.url.query.decode()
        # httpx gives header names in lower case; the dispatcher reads them as aiohttp would give them
        headers = {name.title(): value for name, value in request.headers.items()}
        answer = self._dispatch.answer(
            request.method, path, dict(request.url.params), query, headers, request.content, "http://apim"
        )
        lost = self.lose(request)
        if lost is not None:
            raise lost
        if answer.body is None:
            return httpx.Response(answer.status, headers=dict(answer.headers))
        content = answer.body.encode() if isinstance(answer.body, str) else orjson.dumps(answer.body)
        sent = {"Content-Type": "application/json", **answer.headers}
        return httpx.Response(answer.status, headers=sent, content=content)

    def lists(self) -> list[float]:
        """When each reading of the list of APIs began."""
        return [
            asked.at
            for asked in self.asked
            if asked.path.endswith("/environments/DEFAULT/apis") and "page=1&" in asked.query
        ]

    def count(self, part: str = "", *, since: float = 0.0) -> int:
        """How many requests were sent whose path holds this text."""
        return sum(part in asked.path and asked.at >= since for asked in self.asked)


async def _admin() -> Login:
    return Login(username="admin", password="admin")


def target(**changes: object) -> Target:
    """The environment DEFAULT of the simulated APIM."""
    values: dict[str, object] = {
        "name": "prod",
        "server": "http://apim",
        "organization": "DEFAULT",
        "environment": "DEFAULT",
        "logins": (_admin,),
    }
    return Target(**{**values, **changes})  # type: ignore[arg-type]


def client_of(transport: httpx.AsyncBaseTransport, **changes: object) -> ControlPlaneClient:
    """A client in virtual time."""
    place = target(**changes)
    return ControlPlaneClient(
        place,
        Authorization(place.name, place.logins),
        lambda: httpx.AsyncClient(transport=transport),
        rim=rim(),
    )
