"""A tiny API server whose faults a test chooses: it hangs, lies, breaks off, answers HTML, and so on.

Correct behaviour is the simulator's and the real server's business; this one is for what neither does.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
PATIENCE_S = 10.0


def api(name: str, *, namespace: str = "team-a", version: str = "1", **more: Any) -> dict[str, Any]:
    """An object as the server holds it."""
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": more.pop("kind", "ApiV4Definition"),
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": version},
        "spec": {"name": name},
        **more,
    }


def status(code: int, message: str = "as the test says", reason: str = "") -> web.Response:
    """A Kubernetes Status."""
    body = {"kind": "Status", "apiVersion": "v1", "code": code, "message": message, "reason": reason}
    return web.json_response(body, status=code)


class Watch:
    """One open watch, into which the test writes."""

    def __init__(self, request: web.Request) -> None:
        self.params = dict(request.query)
        self._transport = request.transport
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def event(self, type: str, item: Mapping[str, Any]) -> None:
        self.write(json.dumps({"type": type, "object": item}).encode() + b"\n")

    def bookmark(self, version: str) -> None:
        self.event("BOOKMARK", {"kind": "ApiV4Definition", "metadata": {"resourceVersion": version}})

    def error(self, code: int) -> None:
        self.event("ERROR", {"kind": "Status", "code": code, "message": "too old resource version"})

    def write(self, data: bytes) -> None:
        self._queue.put_nowait(data)

    def end(self) -> None:
        """End it in good order."""
        self._queue.put_nowait(None)

    def break_off(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def serve(self, response: web.StreamResponse) -> None:
        while (data := await self._queue.get()) is not None:
            await response.write(data)


class FakeApi:
    """The server. `answers[path]` replaces what it would say; `objects[plural]` is what it holds."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {"ApiV4Definition": "apiv4definitions"}
        self.objects: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.answers: dict[str, Answer] = {}
        self.watch_answer: Answer | None = None
        self.every: Answer | None = None
        self.version = 100
        self.requests: list[web.Request] = []
        self.watches: list[Watch] = []
        self.url = ""
        self.port = 0
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def start(self, tls: ssl.SSLContext | None = None, port: int = 0) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        return self

    async def stop(self) -> None:
        for watch in self.watches:
            watch.end()
        if self._runner is not None:
            await self._runner.cleanup()

    def paths(self) -> list[str]:
        """The paths asked for so far."""
        return [request.path for request in self.requests]

    def count(self, path: str, **query: str) -> int:
        """How often a path was asked for, with these query parameters."""
        return sum(
            request.path == path and all(request.query.get(k) == v for k, v in query.items())
            for request in self.requests
        )

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        """Wait until something holds that a request changes."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(fulfilled)

    async def watch(self, number: int = 1) -> Watch:
        """Wait for the n-th watch."""
        await self.until(lambda: len(self.watches) >= number)
        return self.watches[number - 1]

    # ---------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        async with self._news:
            self._news.notify_all()
        answer = self.every or self.answers.get(request.path) or self._known(request)
        if answer is None:
            return web.Response(status=404, text="404 page not found")
        return await answer(request)

    def _known(self, request: web.Request) -> Answer | None:
        if request.query.get("watch") == "true":
            return self.watch_answer or self._watch
        if request.path in ("/version", "/apis", "/apis/gravitee.io", "/apis/gravitee.io/v1alpha1"):
            return self._discovery
        return self._list if request.path.rpartition("/")[2] in self.kinds.values() else None

    async def _discovery(self, request: web.Request) -> web.StreamResponse:
        verbs = ["get", "list", "watch", "create", "patch", "update", "delete"]
        group = {
            "name": "gravitee.io",
            "versions": [{"groupVersion": "gravitee.io/v1alpha1", "version": "v1alpha1"}],
            "preferredVersion": {"groupVersion": "gravitee.io/v1alpha1", "version": "v1alpha1"},
        }
        if request.path == "/apis/gravitee.io" and not self.kinds:
            return web.Response(status=404, text="404 page not found")
        return web.json_response(
            {
                "/version": {"gitVersion": "v1.33.1"},
                "/apis": {"kind": "APIGroupList", "groups": [group] if self.kinds else []},
                "/apis/gravitee.io": {"kind": "APIGroup", **group},
                "/apis/gravitee.io/v1alpha1": {
                    "kind": "APIResourceList",
                    "resources": [
                        entry
                        for kind, plural in self.kinds.items()
                        for entry in (
                            {"name": plural, "kind": kind, "namespaced": True, "verbs": verbs},
                            {"name": f"{plural}/status", "kind": kind, "namespaced": True, "verbs": ["get"]},
                        )
                    ],
                },
            }[request.path]
        )

    async def _list(self, request: web.Request) -> web.StreamResponse:
        plural = request.path.rpartition("/")[2]
        _, inside, rest = request.path.partition("/namespaces/")
        namespace = rest.partition("/")[0] if inside else None
        held = [i for i in self.objects[plural] if namespace in (None, i["metadata"]["namespace"])]
        start, limit = int(request.query.get("continue") or 0), int(request.query.get("limit") or 10**6)
        metadata = {"resourceVersion": str(self.version)}
        if start + limit < len(held):
            metadata["continue"] = str(start + limit)
        return web.json_response({"kind": "List", "metadata": metadata, "items": held[start : start + limit]})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        watch = Watch(request)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        self.watches.append(watch)
        async with self._news:
            self._news.notify_all()
        await watch.serve(response)
        return response
