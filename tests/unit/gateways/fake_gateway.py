"""A technical API as a real gateway serves it, in a few lines, that can be told to misbehave."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

LISTED_PROBES = ("cluster", "ratelimit-repository", "management-repository", "http-server")

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def definition(api_id: str, **changes: Any) -> dict[str, Any]:
    """A small v4 definition in the form gateways show."""
    body: dict[str, Any] = {
        "id": api_id,
        "name": f"API {api_id}",
        "type": "proxy",
        "apiVersion": "1",
        "definitionVersion": "4.0.0",
        "listeners": [
            {"type": "http", "paths": [{"path": f"/{api_id}/"}], "entrypoints": [{"type": "http-proxy"}]}
        ],
        "plans": [
            {"id": f"{api_id}-free", "name": "Free", "security": {"type": "key-less"}, "status": "published"}
        ],
    }
    return body | changes


class FakeGateway:
    """One gateway process.

    `apis` maps ids to (revision, deployed at in epoch ms, definition). `instead` maps a path to what is
    answered instead. `seen` lists the paths that were asked, in order.
    """

    def __init__(self, node_id: str = "node-1", *, user: str = "admin", password: str = "") -> None:
        self.node_id = node_id
        self.version = "4.12.14"
        self.tags: list[str] | None = None
        self.environments: list[str] = []
        self.apis: dict[str, tuple[str, int, dict[str, Any]]] = {}
        self.listed_twice: set[str] = set()
        self.unhealthy: dict[str, str] = {}
        self.first_round_done = True
        self.sync: dict[str, Any] | None = {
            "initialDone": True,
            "counter": 7,
            "nextSyncTime": 1_700_000_005_000,
        }
        self.instead: dict[str, Answer] = {}
        self.seen: list[str] = []
        self.port = 0
        self.url = ""
        self._authorization = ""
        if password:
            self.expect(user, password)

    def expect(self, user: str, password: str) -> None:
        """Ask for these credentials from now on."""
        self._authorization = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"

    def deploy(self, api_id: str, revision: str = "1", at: int = 1_700_000_000_000, **changes: Any) -> None:
        self.apis[api_id] = (revision, at, definition(api_id, **changes))

    def details_asked(self) -> list[str]:
        """The APIs whose details were asked for since this was last called."""
        asked = [path.rpartition("/")[2] for path in self.seen if path.startswith("/_node/apis/")]
        self.seen.clear()
        return asked

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FakeGateway]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.path)
        if self._authorization and request.headers.get("Authorization") != self._authorization:
            return web.Response(status=401, text="Unauthorized")
        for path, answer in self.instead.items():
            if request.path == path:
                return await answer(request)
        body = self._body(request.path, request.query.get("probes", ""))
        status = 200
        if request.path == "/_node/health" and any(not probe["healthy"] for probe in body.values()):
            status = 500
        if request.path == "/_node/sync" and body is not None and not body.get("initialDone"):
            status = 503
        return web.Response(status=404) if body is None else web.json_response(body, status=status)

    def _body(self, path: str, probes: str) -> Any:
        if path == "/_node":
            metadata: dict[str, Any] = {
                "node.id": self.node_id,
                "environments": self.environments,
                "installation": "installation-1",
                "organizations": [],
                "node.hostname": "pod-1",
            }
            if self.tags is not None:
                metadata["tags"] = self.tags
            version = {"BUILD_ID": "", "BUILD_NUMBER": "", "MAJOR_VERSION": self.version, "REVISION": ""}
            return {"id": self.node_id, "name": "A gateway", "metadata": metadata, "version": version}
        if path == "/_node/health":
            hidden = {"sync-process": {"healthy": self.first_round_done}}
            bad = {name: {"healthy": False, "message": why} for name, why in self.unhealthy.items()}
            shown = {name: {"healthy": True} for name in LISTED_PROBES}
            every = {**shown, **hidden, **bad}
            named = [name for name in probes.split(",") if name in every]
            return {name: every[name] for name in named} if named else {**shown, **bad}
        if path == "/_node/sync":
            return self.sync
        if path == "/_node/apis":
            ids = [*self.apis, *self.listed_twice]
            return [{"id": api_id, "name": self.apis[api_id][2]["name"], "version": "1"} for api_id in ids]
        revision, at, body = self.apis.get(path.rpartition("/")[2], ("", 0, None))
        if body is None:
            return None
        context = {
            "origin": "kubernetes",
            "mode": "fully_managed",
            "syncFrom": "MANAGEMENT",
            "originManagement": False,
            "originKubernetes": True,
            "syncFromKubernetes": False,
            "syncFromManagement": True,
        }
        return {
            "definition": body,
            "enabled": True,
            "deployedAt": at,
            "revision": revision,
            "environmentId": "DEFAULT",
            "environmentHrid": "default",
            "organizationId": "DEFAULT",
            "definitionContext": context,
        }


def text(content: str, kind: str = "application/json", status: int = 200, **headers: str) -> Answer:
    """Answer with this text."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=content, content_type=kind, headers=headers)

    return answer


def data(content: Any, status: int = 200) -> Answer:
    """Answer with this as JSON."""
    return text(json.dumps(content), status=status)


def hanging(until: asyncio.Event) -> Answer:
    """Do not answer before the event."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        await until.wait()
        return web.Response(status=503)

    return answer


async def cut_off(request: web.Request) -> web.StreamResponse:
    """Promise more bytes than come, then close the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "5000"})
    await response.prepare(request)
    await response.write(b'[{"id": "a"')
    assert request.transport is not None
    request.transport.close()
    return response
