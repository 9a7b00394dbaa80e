"""The far end of a port-forward: what a kubelet does with the WebSocket that an API server hands through.

The framing follows the kubelet's streaming server: a channel's number first, and the port, little-endian,
as the first message of each channel. It serves the API server's path and the kubelet's own: it stands for
both, or only for the kubelet behind a real API server. Connections go to real TCP servers on this machine.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import WSMsgType, web

PROTOCOL = "v4.channel.k8s.io"
Misbehaviour = Callable[[web.WebSocketResponse], Awaitable[None]]


class FakeKubelet:
    """Forwards ports of pods.

    `targets` maps a pod's name to the local port that stands for whatever port is asked for. `status` answers
    with this instead of upgrading; `misbehave` is what to do after the upgrade instead of forwarding.
    `authorizations` lists what was presented.
    """

    def __init__(self) -> None:
        self.targets: dict[str, int] = {}
        self.status: int | None = None
        self.misbehave: Misbehaviour | None = None
        self.protocols: tuple[str, ...] = (PROTOCOL,)
        self.tokens: set[str] | None = None
        self.authorizations: list[str] = []
        self.asked: list[tuple[str, str, str]] = []
        self.open = 0
        self.port = 0

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeKubelet]:
        app = web.Application()
        app.router.add_get("/api/v1/namespaces/{namespace}/pods/{pod}/portforward", self._forward)
        app.router.add_get("/portForward/{namespace}/{pod}", self._forward)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        pod = request.match_info["pod"]
        self.asked.append((request.match_info["namespace"], pod, request.query_string))
        self.authorizations.append(request.headers.get("Authorization", ""))
        if self.tokens is not None and self.authorizations[-1] not in self.tokens:
            return web.Response(status=401)
        if self.status is not None:
            return web.Response(status=self.status, text="no")
        # The API server takes `ports` and tells its kubelet `port`.
        asked = request.query.get("ports") or request.query.get("port") or "0"
        socket = web.WebSocketResponse(protocols=self.protocols)
        await socket.prepare(request)
        self.open += 1
        try:
            if self.misbehave is not None:
                await self.misbehave(socket)
            else:
                await self._join(socket, pod, int(asked))
        finally:
            self.open -= 1
        return socket

    async def _join(self, socket: web.WebSocketResponse, pod: str, port: int) -> None:
        greeting = port.to_bytes(2, "little")
        await socket.send_bytes(b"\x00" + greeting)
        await socket.send_bytes(b"\x01" + greeting)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.targets.get(pod, 1))
        except OSError as error:
            await socket.send_bytes(b"\x01" + f"error forwarding port {port}: {error.strerror}".encode())
            await socket.close()
            return
        back = asyncio.create_task(self._back(reader, socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY and message.data[:1] == b"\x00":
                    writer.write(message.data[1:])
                    await writer.drain()
        finally:
            back.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await back
            writer.close()

    async def _back(self, reader: asyncio.StreamReader, socket: web.WebSocketResponse) -> None:
        while data := await reader.read(1000):  # small on purpose: answers come in several messages
            await socket.send_bytes(b"\x00" + data)
        await socket.close()
