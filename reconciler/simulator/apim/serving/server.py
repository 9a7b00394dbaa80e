"""The simulated APIM on a loopback port.

server = ApimServer(apim)
await server.start()
... server.url ...
await server.stop()
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import orjson
from aiohttp import web

from reconciler.simulator.apim.platform import Apim
from reconciler.simulator.apim.serving.calls import Answer
from reconciler.simulator.apim.serving.credentials import unauthorized
from reconciler.simulator.apim.serving.dispatch import Dispatch
from reconciler.simulator.apim.serving.faults import ERROR_PAGE, LOGIN_PAGE, Costs, Faults

_MOST_BODY_BYTES = 16 * 1024 * 1024


class HttpFront:
    """Listens on a port, with faults and costs; who answers is the heir's business.

    Args:
        host: the address to listen on.
        port: the port; 0 picks a free one.
        costs: how long the work takes.
        workers: how many requests are worked at at once; the others wait, as on a real server.

    Attributes:
        faults: what is to go wrong.
        requests: the method and path of every request, in the order of their arrival.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, costs: Costs | None = None, workers: int = 0
    ) -> None:
        self.host = host
        self.port = port
        self.costs = costs if costs is not None else Costs()
        self.faults = Faults()
        self.requests: list[tuple[str, str]] = []
        self._workers = asyncio.Semaphore(workers) if workers else None
        self._runner: web.AppRunner | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The URL of the server, without a slash at its end; known once it is started."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        self._stopping = asyncio.Event()
        application = web.Application(client_max_size=_MOST_BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=0.5, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port, backlog=256).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End every connection and stop listening. Harmless when already stopped."""
        if self._runner is None or self._stopping is None:
            return
        self._stopping.set()
        runner, self._runner = self._runner, None
        await runner.cleanup()

    def respond(self, request: web.Request, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request; `query` holds what is to be answered, not always what was asked."""
        raise NotImplementedError

    def seconds_of(self, method: str, path: str) -> float:  # noqa: ARG002 -- heirs look at them
        """How long the work at a request takes."""
        return 0.0

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = unquote(request.rel_url.raw_path)
        self.requests.append((request.method, path))
        concerned = self.faults.concerns(path)
        if concerned and (early := await self._misbehave(request)) is not None:
            return early
        body = await request.read()
        if seconds := self.seconds_of(request.method, path):
            await self._work(seconds)
        if concerned and self.faults.endless:
            answer = _endless(self.respond(request, path, {**request.query, "page": "1"}, body), request)
        else:
            answer = self.respond(request, path, request.query, body)
        response = _response(answer)
        if concerned and self.faults.truncated and response.body and answer.status == 200:
            content = orjson.dumps(answer.body)
            response.body = content[: len(content) // 2]
        return response

    async def _work(self, seconds: float) -> None:
        if self._workers is None:
            await asyncio.sleep(seconds)
            return
        async with self._workers:
            await asyncio.sleep(seconds)

    async def _misbehave(self, request: web.Request) -> web.Response | None:
        """Hang, wait, or answer something else, as the faults say."""
        faults = self.faults
        if faults.hang and self._stopping is not None:
            await self._stopping.wait()
        if faults.delay_s:
            await asyncio.sleep(faults.delay_s)
        if faults.refuses():
            return _response(unauthorized(request.headers, f"{self.url}{request.path}"))
        if faults.status:
            body = {"httpStatus": faults.status, "message": "simulated fault", "technicalCode": "unexpected"}
            return _response(Answer(faults.status, body))
        if faults.page:
            text = LOGIN_PAGE if faults.page == "login" else ERROR_PAGE
            return web.Response(text=text, content_type="text/html")
        if faults.redirect_to:
            return web.Response(status=302, headers={"Location": faults.redirect_to})
        return None


class ApimServer(HttpFront):
    """Serves a control plane: Automation API, Management v2, and the needed part of Management v1.

    Args:
        apim: what is served.
        host: the address to listen on.
        port: the port; 0 picks a free one.
        costs: how long the work takes.
        workers: how many requests are worked at at once; 0 means all.
    """

    def __init__(
        self,
        apim: Apim,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        costs: Costs | None = None,
        workers: int = 0,
    ) -> None:
        super().__init__(host, port, costs=costs, workers=workers)
        self.apim = apim
        self._dispatch = Dispatch(apim)

    def seconds_of(self, method: str, path: str) -> float:
        """How long the work at a request takes."""
        cost = self._dispatch.cost(method, path)
        by_cost = {"list": self.costs.list_s, "get": self.costs.get_s, "write": self.costs.write_s}
        return by_cost[cost] if cost is not None else 0.0

    def respond(self, request: web.Request, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request."""
        return self._dispatch.answer(
            request.method,
            path,
            query,
            request.rel_url.raw_query_string,
            request.headers,
            body,
            f"http://{request.host}",
        )


def _endless(answer: Answer, request: web.Request) -> Answer:
    """A page of a list that always has one more, and never says how many."""
    body: Any = answer.body
    if answer.status != 200 or not isinstance(body, dict) or "pagination" not in body:
        return answer
    asked = request.query.get("page", "")
    page = int(asked) if asked.isdecimal() else 1
    following = request.rel_url.update_query(page=str(page + 1))
    pagination = {**body["pagination"], "page": page, "pageCount": page + 1, "totalCount": -1}
    links = {**body["links"], "next": f"http://{request.host}{following}"}
    return Answer(200, {**body, "pagination": pagination, "links": links}, answer.headers)


def _response(answer: Answer) -> web.Response:
    headers = dict(answer.headers)
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, body=answer.body.encode(), headers=headers)
    headers.setdefault("Content-Type", "application/json")
    return web.Response(status=answer.status, body=orjson.dumps(answer.body), headers=headers)
