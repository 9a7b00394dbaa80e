"""HTTP over a connection that someone else opens: httpx on top of a dialer instead of TCP.

The technical port of a gateway is seldom published, so that its connections come through a port-forward.
A local listening port, as kubectl opens one, would let every user of this machine in; this opens none.
Import it only where such a connection is made: it loads httpx.
"""

# ruff: noqa: ARG002, ASYNC109 - the signatures are httpcore's, whose time limits are the caller's here

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from reconciler.gateways.http import load_httpx
from reconciler.model.errors import GkoError

load_httpx()

import httpcore  # noqa: E402 - only after the lean import above
import httpx  # noqa: E402

if TYPE_CHECKING:
    from reconciler.gateways.facts import ByteStream

Dial = Callable[[], Awaitable["ByteStream"]]
MAX_CONNECTIONS = 4


class DialledTransport(httpx.AsyncBaseTransport):
    """Sends requests over the connections of a dialer, which are kept and used again.

    Args:
        dial: opens one connection to the pod.
    """

    def __init__(self, dial: Dial) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            network_backend=_Backend(dial),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=60.0,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; failures come as httpcore's exceptions, their causes kept."""
        url = request.url
        assert isinstance(request.stream, httpx.AsyncByteStream)
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Answer(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Answer(httpx.AsyncByteStream):
    """The body of an answer, under httpx's name for it."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, dial: Dial) -> None:
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._dial())
        except GkoError as error:
            raise httpcore.ConnectError(error.what) from error


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._stream.read(max_bytes)
        except GkoError as error:
            raise httpcore.ReadError(error.what) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            await self._stream.write(buffer)
        except GkoError as error:
            raise httpcore.WriteError(error.what) from error

    async def aclose(self) -> None:
        await self._stream.aclose()
