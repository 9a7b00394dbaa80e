"""The simulated API server on a loopback port: one `SimCluster` behind the HTTP that clients speak.

server = SimKubeServer(cluster)
await server.start()
... server.url ...
await server.stop()
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import orjson
from aiohttp import web

from reconciler.simulator.kube.access import Attributes, User
from reconciler.simulator.kube.answering import Asked, answered, find
from reconciler.simulator.kube.answers import NoSuchPath, Refusal, not_found
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.documents import document_at
from reconciler.simulator.kube.listing import list_query
from reconciler.simulator.kube.port_forward import PORT_FORWARD, forward
from reconciler.simulator.kube.routing import Route, route
from reconciler.simulator.kube.watching import WatchFeed

_MOST_BODY_BYTES = 3 * 1024 * 1024  # as the real server
_DEFAULT_WATCH_S = 2400.0
_LAST_BOOKMARK_S = 2.0
_HEALTH = ("/healthz", "/livez", "/readyz")


class SimKubeServer:
    """Serves one cluster over HTTP.

    Args:
        cluster: what is served.
        host: the address to listen on.
        port: the port; 0 picks a free one.
        bookmark_every_s: seconds between the bookmarks of a watch; one more comes before it times out.
            As on a real server, none is sent until something in the cluster changes.
    """

    def __init__(
        self,
        cluster: SimCluster,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        bookmark_every_s: float = 60.0,
    ) -> None:
        self.cluster = cluster
        self.host = host
        self.port = port
        self.bookmark_every_s = bookmark_every_s
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
        site = web.TCPSite(self._runner, self.host, self.port, backlog=256)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End every connection and stop listening. Harmless when already stopped."""
        if self._runner is None or self._stopping is None:
            return
        self._stopping.set()
        self.cluster.faults.drop_watches()
        await self._runner.cleanup()
        self._runner = None

    def kubeconfig_entry(self, token: str | None = None) -> dict[str, Any]:
        """Return the parts of a kubeconfig for this server: `cluster`, `user` and `context`, each named.

        Args:
            token: the user's; None means the administrator's.
        """
        name = self.cluster.name
        user = f"{name}-admin" if token is None else f"{name}-user"
        return {
            "cluster": {"name": name, "cluster": {"server": self.url}},
            "user": {"name": user, "user": {"token": token or self.cluster.admin_token}},
            "context": {"name": name, "context": {"cluster": name, "user": user}},
        }

    # -- one request --------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            await self._misbehave(request)
            return await self._answer(request)
        except Refusal as refusal:
            return _response(refusal.code, orjson.dumps(refusal.body()) + b"\n")
        except NoSuchPath:
            return web.Response(status=404, text="404 page not found\n", headers=_headers())

    async def _misbehave(self, request: web.Request) -> None:
        """Hang, wait or fail as the cluster's faults say."""
        faults = self.cluster.faults
        if not faults.concerns(request.path):
            return
        if faults.hang and self._stopping is not None:
            await self._stopping.wait()
        if faults.delay_s:
            await asyncio.sleep(faults.delay_s)
        if faults.fail_status:
            raise Refusal(faults.fail_status, "InternalError", "Internal error occurred: simulated fault")

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        cluster = self.cluster
        user = cluster.tokens.who(request.headers.get("Authorization", ""))
        path = unquote(request.rel_url.raw_path)
        watches = request.query.get("watch", "").lower() in ("1", "true")
        found = route(request.method, path, watch=watches)
        if found is None:
            cluster.grants.check(user, Attributes(_path_verb(request.method), path=path))
            return self._document(request, path)
        cluster.grants.check(user, found.attributes())
        if found.verb == "watch":
            return await self._watch(request, found)
        if (found.group, found.plural, found.subresource) == ("", "pods", PORT_FORWARD):
            return await self._forward(request, found, user)
        asked = Asked(
            route=found,
            user=user,
            parameters=request.query,
            media_type=request.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            user_agent=request.headers.get("User-Agent", ""),
            accept=request.headers.get("Accept", ""),
            raw=await request.read(),
        )
        answer = answered(cluster, asked)
        response = _response(answer.code, answer.body)
        for warning in answer.warnings:
            text = warning.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{text}"')
        return response

    def _document(self, request: web.Request, path: str) -> web.Response:
        """Answer what is not about objects: health, versions, discovery, schemas."""
        if path in _HEALTH:
            return web.Response(text="ok", headers=_headers())
        accept = request.headers.get("Accept", "")
        address = f"{self.host}:{self.port}"
        with self.cluster.lock:
            media_type, body = document_at(self.cluster, path.rstrip("/"), accept, address)
        return _response(200, orjson.dumps(body) + b"\n", media_type)

    async def _forward(self, request: web.Request, asked: Route, user: User) -> web.StreamResponse:
        """Hand a connection through to a pod; both verbs are needed for it since Kubernetes 1.35."""
        for verb in ("get", "create"):
            self.cluster.grants.check(user, replace(asked, verb=verb).attributes())
        if self.cluster.get("Pod", asked.namespace, asked.name) is None:
            raise not_found("", "pods", asked.name)
        return await forward(request, self.cluster.forwards, asked.namespace, asked.name)

    # -- watches ------------------------------------------------------------------------------------

    async def _watch(self, request: web.Request, asked: Route) -> web.StreamResponse:
        cluster = self.cluster
        if cluster.faults.refuse_watches:
            raise Refusal(503, "ServiceUnavailable", "the server is currently unable to handle the request")
        resource = find(cluster, asked)
        parameters = dict(request.query)
        if asked.name:  # the old form /watch/…/NAME
            parameters["fieldSelector"] = f"metadata.name={asked.name}"
        query = list_query(parameters, resource, watch=True)
        initial = parameters.get("sendInitialEvents") in ("true", "1")
        with cluster.lock:
            feed = WatchFeed(
                cluster.store, resource, asked.version, asked.namespace, query, initial_events=initial
            )
        response = web.StreamResponse(headers={**_headers(), "Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        timing = _Timing(
            asyncio.get_running_loop().time(),
            _seconds(parameters.get("timeoutSeconds", "")),
            self.bookmark_every_s if parameters.get("allowWatchBookmarks") in ("true", "1") else None,
        )
        cut = _cutter(request)
        forget_cut = cluster.faults.when_dropped(cut)
        try:
            await self._feed(response, feed, timing)
        except ConnectionError:
            pass  # the client left, or was cut off
        finally:
            forget_cut()
        return response

    async def _feed(self, response: web.StreamResponse, feed: WatchFeed, timing: _Timing) -> None:
        """Send what there is to send until the watch ends."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        due = [False]

        def notify() -> None:
            # Called for each write, perhaps from another thread: many writes make one wake-up.
            if not due[0]:
                due[0] = True
                loop.call_soon_threadsafe(woken.set)

        stop_listening = feed.listen(notify)
        try:
            while True:
                due[0] = False
                woken.clear()
                if not self.cluster.faults.silent_watches:
                    with self.cluster.lock:
                        lines = feed.pending()
                    if timing.bookmark_is_due(loop.time()) and not feed.ended and (news := feed.news()):
                        lines.append(news)
                    if lines:
                        await response.write(b"".join(lines))
                if feed.ended:
                    break
                pause = timing.pause(loop.time())
                if pause is None:
                    break
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await woken.wait()
        finally:
            stop_listening()
        await response.write_eof()


class _Timing:
    """When a watch sends bookmarks and when it ends; seconds on the event loop's clock."""

    def __init__(self, now: float, lasts: float, bookmark_every: float | None) -> None:
        self._end = now + lasts
        self._every = bookmark_every
        self._next_bookmark = self._following(now)

    def _following(self, now: float) -> float:
        if self._every is None:
            return float("inf")
        # One comes shortly before the end, so that the client can go on from there.
        last = self._end - _LAST_BOOKMARK_S
        return min(now + self._every, last) if last > now else float("inf")

    def bookmark_is_due(self, now: float) -> bool:
        """Whether a bookmark is to be sent now; the next one is planned then."""
        if now < self._next_bookmark:
            return False
        self._next_bookmark = self._following(now)
        return True

    def pause(self, now: float) -> float | None:
        """Return how long to wait for events at most; None when the watch is over."""
        if now >= self._end:
            return None
        return max(min(self._end, self._next_bookmark) - now, 0.0)


def _cutter(request: web.Request) -> Callable[[], None]:
    """Return what cuts a request's connection at once, from any thread."""
    loop = asyncio.get_running_loop()
    transport = request.transport

    def cut() -> None:
        if transport is not None and not loop.is_closed():
            loop.call_soon_threadsafe(transport.abort)

    return cut


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() and int(text) > 0 else _DEFAULT_WATCH_S


def _path_verb(method: str) -> str:
    return {"GET": "get", "HEAD": "get", "POST": "post", "PUT": "put", "PATCH": "patch"}.get(method, "delete")


def _response(code: int, body: bytes, media_type: str = "application/json") -> web.Response:
    return web.Response(status=code, body=body, headers={**_headers(), "Content-Type": media_type})


def _headers() -> dict[str, str]:
    return {"Audit-Id": str(uuid.uuid4()), "Cache-Control": "no-cache, private"}
