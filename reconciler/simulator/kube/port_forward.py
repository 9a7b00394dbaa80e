"""Ports inside pods: what a kubelet does with the connection that an API server hands through to it.

There are no pods here. Whoever plays one listens on this machine and says so in `SimCluster.forwards`; the
WebSocket form of the protocol (`v4.channel.k8s.io`) joins the two: channel 0 carries data, channel 1 an
error, and the first message on each repeats the port, little-endian.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from reconciler.simulator.kube.answers import Refusal

PORT_FORWARD = "portforward"
PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = b"\x00", b"\x01"
_CHUNK = 32 * 1024


class PodPorts:
    """Where ports of pods really listen: (namespace, pod, port) → a port of 127.0.0.1."""

    def __init__(self) -> None:
        self._local: dict[tuple[str, str, int], int] = {}

    def open(self, namespace: str, pod: str, port: int, local: int) -> None:
        """Say where a port of a pod listens."""
        self._local[namespace, pod, port] = local

    def close(self, namespace: str, pod: str) -> None:
        """Forget the ports of a pod."""
        for place in [place for place in self._local if place[:2] == (namespace, pod)]:
            del self._local[place]

    def find(self, namespace: str, pod: str, port: int) -> int | None:
        """The local port, or None where nothing listens."""
        return self._local.get((namespace, pod, port))


async def forward(request: web.Request, ports: PodPorts, namespace: str, pod: str) -> web.WebSocketResponse:
    """Join a client's WebSocket with a port of a pod until either side ends.

    Args:
        request: the client's, its rights checked; the query names one port.
        ports: where the pods' ports listen.
        namespace: the pod's namespace.
        pod: its name.

    Raises:
        Refusal: 400, since it is no such WebSocket, or names no port.
    """
    asked = request.query.get("ports", "")
    socket = web.WebSocketResponse(protocols=(PROTOCOL,), compress=False)
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if not socket.can_prepare(request).ok or PROTOCOL not in offered:
        raise Refusal(400, "BadRequest", f"unable to upgrade: only the protocol {PROTOCOL} is spoken here")
    if not asked.isdecimal() or not 0 < int(asked) < 65536:
        raise Refusal(400, "BadRequest", f'port "{asked}" must be > 0 and < 65536')
    await socket.prepare(request)
    greeting = int(asked).to_bytes(2, "little")
    await socket.send_bytes(_DATA + greeting)
    await socket.send_bytes(_ERROR + greeting)
    try:
        reader, writer = await _connected(ports.find(namespace, pod, int(asked)))
    except OSError:
        why = f"error forwarding port {asked} to pod {pod}: connect to localhost:{asked}: connection refused"
        await socket.send_bytes(_ERROR + why.encode())
        await socket.close()
        return socket
    back = asyncio.create_task(_back(reader, socket))
    try:
        async for message in socket:
            if message.type is WSMsgType.BINARY and message.data[:1] == _DATA:
                writer.write(message.data[1:])
                await writer.drain()
    except ConnectionError:
        pass  # the pod left first
    finally:
        back.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await back
        writer.close()
    return socket


async def _connected(local: int | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if local is None:
        raise ConnectionRefusedError
    return await asyncio.open_connection("127.0.0.1", local)


async def _back(reader: asyncio.StreamReader, socket: web.WebSocketResponse) -> None:
    while data := await reader.read(_CHUNK):
        await socket.send_bytes(_DATA + data)
    await socket.close()
