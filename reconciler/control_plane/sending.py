"""Sends what changes something, once: never again by itself, and it knows whether it can have arrived.

Reading may be repeated at will, so that `client` repeats it; a write whose connection breaks may have been
done. Writers have places of their own among the requests on their way, so that neither waits for the other;
the rate limit they share (ENGINE §7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.control_plane.client import (
    ControlPlaneClient,
    Params,
    query_of,
    retry_after_s,
    whole_body,
    without_secret,
)
from reconciler.control_plane.failures import ControlPlaneError, transport_failure

AT_ONCE = 8
"""Writes on their way at the same time; a real server does no more a second beyond that (DOMAIN §9)."""
_SENDING = "send_request_headers.started"
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "LocalProtocolError"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a write: status, headers in lower case, body."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing left this machine."""

    error: ControlPlaneError


@dataclass(frozen=True, slots=True)
class Unanswered:
    """It left this machine, at least in part, and no whole answer came."""

    error: ControlPlaneError


class Sender:
    """Sends writes to one control plane.

    Args:
        client: the connection.
    """

    def __init__(self, client: ControlPlaneClient) -> None:
        self._client = client
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def send(
        self,
        method: str,
        path: str,
        params: Params,
        content: bytes | None,
        *,
        before: float | None = None,
    ) -> Answer | NotSent | Unanswered:
        """Send one request, when its turn comes. A 401 is answered once with renewed credentials.

        When the caller is cancelled meanwhile, it may have arrived.

        Args:
            method: PUT or DELETE.
            path: below the server's URL.
            params: query parameters.
            content: JSON.
            before: the instant (seconds since the epoch) at which it must be over, answered or not.
        """
        authorization = self._client.authorization
        try:
            header = await authorization.header()
            told = await self._once(method, path, params, content, header, before)
            if isinstance(told, Answer) and told.status == 401 and await authorization.renewed(header):
                # Refused credentials mean that nothing was done: the same may be sent with others.
                told = await self._once(method, path, params, content, await authorization.header(), before)
        except ControlPlaneError as error:
            return NotSent(error)
        return told

    async def _once(
        self,
        method: str,
        path: str,
        params: Params,
        content: bytes | None,
        authorization: str,
        before: float | None,
    ) -> Answer | NotSent | Unanswered:
        client, clock = self._client, self._client.rim.clock
        async with self._slots:
            client.refuse_while_blocked()
            turn = await client.limiter.turn()
            limit = client.target.timeout_s
            if before is not None:
                limit = min(limit, before - clock())
            if limit <= 0:
                return NotSent(_too_late(client.name))
            told = await self._bounded(method, path, params, content, authorization, limit)
        if isinstance(told, Answer):
            if told.status in (429, 503):
                client.limiter.throttled(turn, told.retry_after)
            elif told.status < 500:
                client.limiter.went_well()
        return told

    async def _bounded(
        self,
        method: str,
        path: str,
        params: Params,
        content: bytes | None,
        authorization: str,
        limit: float,
    ) -> Answer | NotSent | Unanswered:
        client = self._client
        pool = client.pool()
        import httpx

        traced: set[str] = set()

        async def trace(name: str, info: Mapping[str, Any]) -> None:  # noqa: ARG001 - httpx's signature
            traced.add(name.partition(".")[2])

        headers = {"Accept": "application/json"}
        if authorization:
            headers["Authorization"] = authorization
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with asyncio.timeout(limit):
                async with pool.stream(
                    method,
                    client.target.server + path,
                    params=query_of(params),
                    content=content,
                    headers=headers,
                    extensions={"trace": trace},
                ) as response:
                    data = await whole_body(response, client.name, path)
        except ControlPlaneError as error:
            return Unanswered(error)  # an answer without end
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            failure = transport_failure(client.name, client.target.server, error, limit)
            return NotSent(failure) if _never_sent(error, traced) else Unanswered(failure)
        answered = {name.lower(): value for name, value in response.headers.items()}
        wait = retry_after_s(answered.get("retry-after", ""), client.rim.clock())
        return Answer(response.status_code, answered, without_secret(data, authorization), wait)


def _never_sent(error: BaseException, traced: set[str]) -> bool:
    """Whether nothing can have left: it failed while connecting, or httpx had not begun to send."""
    if type(error).__name__ in _NEVER_SENT:
        return True
    return bool(traced) and _SENDING not in traced


def _too_late(name: str) -> ControlPlaneError:
    return ControlPlaneError(
        "its turn came too late: nothing was sent",
        control_plane=name,
        next_step="it is sent again when there is time",
        reason="busy",
    )
