"""One control plane over HTTP: JSON in and out, every wait and every answer bounded, at a bearable rate.

It knows nothing of kinds and only reads: it sends GET, and POST where that is how Management v2 searches.
What writes is `sending`, over the same connections and at the same rate. A 401 is answered once with renewed
credentials; a redirect is an answer that failed, never followed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import orjson

from reconciler.control_plane.failures import (
    CHECK_URL,
    ControlPlaneError,
    short,
    status_failure,
    transport_failure,
    unexpected,
)
from reconciler.control_plane.limits import RateLimiter
from reconciler.control_plane.rim import Rim

if TYPE_CHECKING:
    import httpx

    from reconciler.control_plane.credentials import Authorization
    from reconciler.control_plane.places import Target

CONNECT_S = 3.0
MAX_BODY = 128 * 1024 * 1024
"""A page of 100 APIs of one megabyte each, and some."""
AT_ONCE = 16
"""Requests on their way at the same time; a real server answers no faster beyond that (DOMAIN §9, cost)."""

Params = Mapping[str, object]


class ControlPlaneClient:
    """Reads from one environment of one APIM.

    Args:
        target: where it is.
        authorization: gives the credentials.
        connect: makes the connection pool, when it is first needed.
        rim: clock and sleep.
    """

    def __init__(
        self,
        target: Target,
        authorization: Authorization,
        connect: Callable[[], httpx.AsyncClient],
        *,
        rim: Rim | None = None,
    ) -> None:
        self.target = target
        self.name = target.name
        self.rim = rim or Rim()
        self.limiter = RateLimiter(self.rim)
        self.requests = 0
        """How many requests were sent, for budgets and their tests."""
        self.on_request: Callable[[], None] = lambda: None
        """Called for each request that is sent."""
        self.authorization = authorization
        self._connect = connect
        self._http: httpx.AsyncClient | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def get(
        self, path: str, params: Params | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Read one path as JSON.

        Args:
            path: below the server's URL, beginning with a slash.
            params: query parameters; those that are None or empty are left out.
            headers: further headers.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        return await self._json("GET", path, params, None, headers)

    async def search(self, path: str, body: Mapping[str, Any], params: Params | None = None) -> Any:
        """Ask a question that Management v2 wants as a POST; it changes nothing there.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        if not path.endswith("/_search"):
            raise ValueError(f"{path} is not a search")
        return await self._json("POST", path, params, orjson.dumps(body), None)

    def pool(self) -> httpx.AsyncClient:
        """The connections, made when they are first needed.

        Raises:
            ControlPlaneError: reason `configuration`: its TLS or proxy settings cannot be used.
        """
        if self._http is None:
            self._http = self._connect()
        return self._http

    def refuse_while_blocked(self) -> None:
        """Do not let callers hang for as long as a server may ask to wait: tell them when it ends.

        Raises:
            ControlPlaneError: reason `busy`.
        """
        left = self.limiter.blocked_until - self.rim.clock()
        if left > self.target.timeout_s:
            raise ControlPlaneError(
                "asked to be left alone for a while",
                control_plane=self.name,
                next_step=f"it is asked again in {left:.0f} s",
                reason="busy",
                retry_after=left,
            )

    async def aclose(self) -> None:
        """Close every connection."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    # ---------------------------------------------------------------------------------------

    async def _json(
        self,
        method: str,
        path: str,
        params: Params | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Any:
        header = await self.authorization.header()
        status, answered, data = await self._ask(method, path, params, content, headers, header)
        if status == 401 and await self.authorization.renewed(header):
            header = await self.authorization.header()
            status, answered, data = await self._ask(method, path, params, content, headers, header)
        kind = answered.get("content-type", "").lower()
        if not 200 <= status < 300:
            raise status_failure(
                self.name,
                path,
                status,
                without_secret(data, header),
                kind,
                location=answered.get("location", ""),
                retry_after=retry_after_s(answered.get("retry-after", ""), self.rim.clock()),
            )
        with contextlib.suppress(orjson.JSONDecodeError):
            return orjson.loads(data)
        if "json" in kind or data[:1] in (b"{", b"["):
            what = f"answered {short(path)} with JSON that is cut off or broken"
            raise unexpected(self.name, what, status=status, next_step="it is tried again")
        shown = short(kind.partition(";")[0]) or "nothing"
        reason = "html" if "html" in kind else "protocol"
        raise unexpected(
            self.name, f"answered {shown} ({status}) where JSON is expected", status=status, reason=reason
        )

    async def _ask(
        self,
        method: str,
        path: str,
        params: Params | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        authorization: str,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request when its turn comes; the limit begins to count when it is sent."""
        async with self._slots:
            self.refuse_while_blocked()
            turn = await self.limiter.turn()
            self.requests += 1
            self.on_request()
            sent = {"Accept": "application/json", **(headers or {})}
            if authorization:
                sent["Authorization"] = authorization
            if content is not None:
                sent["Content-Type"] = "application/json"
            status, answered, data = await self._bounded(method, path, query_of(params), content, sent)
        if status in (429, 503):
            wait = retry_after_s(answered.get("retry-after", ""), self.rim.clock())
            self.limiter.throttled(turn, wait)
        elif status < 500:
            self.limiter.went_well()
        return status, answered, data

    async def _bounded(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None,
        content: bytes | None,
        headers: dict[str, str],
    ) -> tuple[int, Mapping[str, str], bytes]:
        limit = self.target.timeout_s
        pool = self.pool()
        import httpx

        again = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
        try:
            async with asyncio.timeout(limit):
                try:
                    return await self._whole(pool, method, path, params, content, headers)
                except again:
                    # The other side may have closed a kept connection; reading twice harms nobody.
                    async with self._connect() as fresh:
                        return await self._whole(fresh, method, path, params, content, headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise transport_failure(self.name, self.target.server, error, limit) from error

    async def _whole(
        self,
        http: httpx.AsyncClient,
        method: str,
        path: str,
        params: dict[str, str] | None,
        content: bytes | None,
        headers: dict[str, str],
    ) -> tuple[int, Mapping[str, str], bytes]:
        url = self.target.server + path
        async with http.stream(method, url, params=params, content=content, headers=headers) as response:
            return response.status_code, response.headers, await whole_body(response, self.name, path)


async def whole_body(response: httpx.Response, name: str, path: str) -> bytes:
    """Read a body to its end.

    Raises:
        ControlPlaneError: it is longer than anything that APIM sends.
    """
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_BODY:
            what = f"answered {short(path)} with more than {MAX_BODY} bytes"
            raise unexpected(name, what, next_step=CHECK_URL)
        parts.append(part)
    return b"".join(parts)


def query_of(params: Params | None) -> dict[str, str] | None:
    """The parameters as text; None for none."""
    query: dict[str, str] = {}
    for name, value in (params or {}).items():
        if value is None or value == "":
            continue
        query[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return query or None


def without_secret(data: bytes, authorization: str) -> bytes:
    """Some servers and proxies repeat what they were sent."""
    secret = authorization.rpartition(" ")[2].encode()
    return data.replace(secret, "‹hidden›".encode()) if secret else data


def retry_after_s(retry_after: str, now: float) -> float | None:
    """The header `Retry-After` in seconds: a number, or a date."""
    text = retry_after.strip()
    if not text:
        return None
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return None
