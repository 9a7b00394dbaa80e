"""One API server over HTTP: plain JSON in and out, streams of lines, every wait bounded.

It knows nothing of kinds. Failures of the way there and of the answer become `ClusterError`s that name the
cluster; a 401 is answered once with renewed credentials.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from reconciler.cluster.failures import status_failure, transport_failure, unexpected_answer
from reconciler.model.errors import ClusterError

if TYPE_CHECKING:
    import httpx

    from reconciler.cluster.credentials import Credential, Credentials
    from reconciler.cluster.endpoint import ClientCertificate

CONNECT_S = 3.0
WHOLE_FACTOR = 6
"""An answer that keeps coming may take this many times the limit for its beginning."""
MAX_BODY = 256 * 1024 * 1024
MAX_LINE = 32 * 1024 * 1024
"""etcd holds objects of at most some 1.5 MiB; more is not an API server."""

Params = Mapping[str, object]


class KubeClient:
    """A connection pool to one API server, with the credentials of one user.

    Args:
        name: the cluster's name in the configuration, the subject of every error.
        server: the URL of the API server, without a slash at its end.
        credentials: where the credentials come from.
        connect: makes a pool for a client certificate (or none).
        headers: what every request carries besides credentials.
        timeout_s: seconds within which an answer must begin, and between two parts of it.
    """

    def __init__(
        self,
        name: str,
        server: str,
        credentials: Credentials,
        connect: Callable[[ClientCertificate | None], httpx.AsyncClient],
        *,
        headers: tuple[tuple[str, str], ...] = (),
        timeout_s: float = 10.0,
    ) -> None:
        self.name = name
        self.server = server
        self.timeout_s = timeout_s
        self._credentials = credentials
        self._connect = connect
        self._headers = headers
        self._http: httpx.AsyncClient | None = None
        self._retired: httpx.AsyncClient | None = None
        self._certificate: ClientCertificate | None = None

    async def get(self, path: str, **params: object) -> dict[str, Any]:
        """Read one path as JSON.

        Args:
            path: beginning with a slash, below the server's URL.
            params: query parameters; those that are None or empty are left out.

        Raises:
            ClusterError: no usable answer came.
            ConfigurationError: the client certificate cannot be used.
        """
        return await self.request("GET", path, params=params)

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content_type: str = "application/json",
        params: Params | None = None,
        accept: str = "application/json",
    ) -> dict[str, Any]:
        """Send one request and return the JSON object it is answered with.

        A read whose connection breaks before an answer is sent once more: a pool may hold connections
        that the server has closed. Nothing else is ever repeated.

        Raises:
            ClusterError: no usable answer came.
            ConfigurationError: the client certificate cannot be used.
        """
        headers = {"Accept": accept}
        content: bytes | None = None
        if body is not None:
            content = body if isinstance(body, bytes) else orjson.dumps(body)
            headers["Content-Type"] = content_type
        limit = self.timeout_s * WHOLE_FACTOR
        try:
            async with asyncio.timeout(limit):
                async with self._answer(method, path, params, headers, content) as response:
                    data = await self._whole(response)
        except TimeoutError as error:
            raise transport_failure(self.name, self.server, error, limit) from error
        if data[:1] == b"{":
            with contextlib.suppress(orjson.JSONDecodeError):
                parsed: dict[str, Any] = orjson.loads(data)
                return parsed
        kind = response.headers.get("content-type", "")
        detail = "answered with JSON that is cut off or broken" if "json" in kind else ""
        raise unexpected_answer(self.name, response.status_code, kind, detail)

    async def stream_lines(self, path: str, params: Params | None = None) -> AsyncGenerator[bytes, None]:
        """Read a path line by line for as long as the server sends; an empty line says: connected.

        The first item is always an empty one, given as soon as the server has accepted the request.
        Silence is the caller's to judge.

        Raises:
            ClusterError: it was refused, the connection broke, or it ended inside a line.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with self._answer("GET", path, params, headers, None, endless=True) as response:
            kind = response.headers.get("content-type", "")
            if "json" not in kind:
                raise unexpected_answer(self.name, response.status_code, kind)
            yield b""
            async for line in self._lines(response):
                yield line

    async def aclose(self) -> None:
        """Close every connection."""
        pools = (self._http, self._retired)
        self._http = self._retired = None
        for pool in pools:
            if pool is not None:
                await pool.aclose()

    # ---------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        params: Params | None,
        headers: Mapping[str, str],
        content: bytes | None,
        *,
        endless: bool = False,
    ) -> AsyncIterator[httpx.Response]:
        """A successful answer that has begun; a 401 has been retried once with renewed credentials."""
        credential = await self._credentials.current()
        response = await self._send(credential, method, path, params, headers, content, endless)
        try:
            if response.status_code == 401:
                told = await self._refusal(response, credential)
                await response.aclose()
                if not await self._credentials.refresh(credential):
                    raise told
                credential = await self._credentials.current()
                response = await self._send(credential, method, path, params, headers, content, endless)
            if not response.is_success:
                raise await self._refusal(response, credential)
            yield response
        finally:
            await response.aclose()

    async def _send(
        self,
        credential: Credential,
        method: str,
        path: str,
        params: Params | None,
        headers: Mapping[str, str],
        content: bytes | None,
        endless: bool,
    ) -> httpx.Response:
        import httpx

        all_headers = [*self._headers, *headers.items()]
        if credential.authorization:
            all_headers.append(("Authorization", credential.authorization))
        silence = None if endless else self.timeout_s
        timeout = httpx.Timeout(self.timeout_s, connect=CONNECT_S, read=silence)
        attempts = 2 if method == "GET" else 1
        while True:
            attempts -= 1
            http = await self._pool(credential)
            request = http.build_request(
                method,
                self.server + path,
                params=_query(params),
                headers=all_headers,
                content=content,
                timeout=timeout,
            )
            try:
                async with asyncio.timeout(self.timeout_s + CONNECT_S):
                    return await http.send(request, stream=True)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                if not attempts:
                    raise transport_failure(self.name, self.server, error, self.timeout_s) from error
            except (httpx.HTTPError, TimeoutError) as error:
                raise transport_failure(self.name, self.server, error, self.timeout_s) from error

    async def _pool(self, credential: Credential) -> httpx.AsyncClient:
        """The pool; a new one when a plugin has given another client certificate.

        What is under way on the old one may end; it is closed when the next certificate comes.
        """
        if self._http is not None and credential.certificate is not self._certificate:
            oldest, self._retired, self._http = self._retired, self._http, None
            if oldest is not None:
                await oldest.aclose()
        if self._http is None:
            self._http = self._connect(credential.certificate)
            self._certificate = credential.certificate
        return self._http

    async def _refusal(self, response: httpx.Response, credential: Credential) -> ClusterError:
        kind = response.headers.get("content-type", "")
        data = await self._whole(response)
        secret = credential.authorization.rpartition(" ")[2].encode()
        if secret:  # some servers and proxies repeat what they were sent
            data = data.replace(secret, "‹hidden›".encode())
        return status_failure(self.name, response.status_code, data, kind, advice=self._credentials.advice)

    async def _whole(self, response: httpx.Response) -> bytes:
        import httpx

        parts: list[bytes] = []
        size = 0
        try:
            async for part in response.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > MAX_BODY:
                    raise unexpected_answer(
                        self.name, response.status_code, "", f"answered with more than {MAX_BODY} bytes"
                    )
        except httpx.HTTPError as error:
            raise transport_failure(self.name, self.server, error, self.timeout_s) from error
        return b"".join(parts)

    async def _lines(self, response: httpx.Response) -> AsyncIterator[bytes]:
        import httpx

        rest = bytearray()
        try:
            async for part in response.aiter_bytes():
                rest += part
                if b"\n" not in part:
                    if len(rest) > MAX_LINE:
                        raise unexpected_answer(
                            self.name, 200, "", f"sent a line of more than {MAX_LINE} bytes"
                        )
                    continue
                *lines, last = rest.split(b"\n")
                rest = bytearray(last)
                for line in lines:
                    if line:
                        yield bytes(line)
        except httpx.HTTPError as error:
            raise transport_failure(self.name, self.server, error, self.timeout_s) from error
        if rest:
            raise ClusterError("the connection broke inside a message", subject=self.name, reason="refused")


def _query(params: Params | None) -> dict[str, str] | None:
    """The parameters as text; None for none, which leaves a query that is part of the path alone."""
    query: dict[str, str] = {}
    for name, value in (params or {}).items():
        if value is None or value == "":
            continue
        query[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return query or None
