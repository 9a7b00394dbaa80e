"""One pod's technical API: the five things it can be asked, every wait and every answer bounded.

Failures of the way there and of the answer become `GatewayError`s naming gateway and pod. Nothing here
writes: the technical API has nothing that a dashboard should write to.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from reconciler.gateways.facts import (
    DeployedApi,
    Health,
    ListedApi,
    NodeFacts,
    SyncFacts,
    deployed_api,
    health_of,
    node_facts,
    sync_facts,
    too_deep,
)
from reconciler.gateways.failures import GatewayError, short, status_failure, transport_failure, unexpected

if TYPE_CHECKING:
    import httpx

    from reconciler.gateways.credentials import Authorization

MAX_BODY = 64 * 1024 * 1024
"""More than a list of 100,000 APIs, and than any definition."""
CONNECT_S = 3.0
FIRST_ROUND = "sync-process"
"""The probe that is healthy once every synchronisation has finished its first round."""


class TechnicalApi:
    """The technical API of one pod.

    Args:
        gateway: the gateway's name in the configuration.
        pod: the pod's name; empty where the gateway is known by its URL only.
        url: where `/_node` begins, without a slash at its end.
        connect: makes the connection pool, when it is first needed.
        authorization: gives the credentials.
        timeout_s: seconds within which a whole answer must have come.
    """

    def __init__(
        self,
        gateway: str,
        pod: str,
        url: str,
        connect: Callable[[], httpx.AsyncClient],
        authorization: Authorization,
        *,
        timeout_s: float = 5.0,
    ) -> None:
        self.gateway = gateway
        self.pod = pod
        self.requests = 0
        """How many requests were sent, for budgets and their tests."""
        self._url = url.rstrip("/")
        self._connect = connect
        self._authorization = authorization
        self._timeout_s = timeout_s
        self._http: httpx.AsyncClient | None = None

    async def node(self) -> NodeFacts:
        """Read `/_node`.

        Raises:
            GatewayError: no usable answer came, or it names no node.
        """
        facts = node_facts(await self._object("/_node"))
        if not facts.id:
            raise unexpected(self.gateway, self.pod, "/_node answered without the node's id")
        return facts

    async def health(self) -> Health:
        """Read `/_node/health`: the probes that a node shows unasked.

        Raises:
            GatewayError: no usable answer came. A node that is not well answers 500 with its probes: that
                is an answer.
        """
        return health_of(await self._object("/_node/health", also=frozenset({500, 503})))

    async def sync(self) -> SyncFacts | None:
        """Read `/_node/sync`; where the node has none (it reads ConfigMaps only), its hidden probe tells
        whether the first synchronisation is done. None where that does not tell it either.

        Raises:
            GatewayError: no usable answer came.
        """
        try:
            return sync_facts(await self._object("/_node/sync", also=frozenset({503})))
        except GatewayError as error:
            if error.status == 404:
                return await self._first_round()
            if error.status == 503:  # before the first synchronisation it may say so without a body
                return SyncFacts(initial_done=False)
            raise

    async def _first_round(self) -> SyncFacts | None:
        """Ask the probe of the first synchronisation, shown only to those who name it (DOMAIN §5)."""
        body = await self._object(f"/_node/health?probes={FIRST_ROUND}", also=frozenset({500, 503}))
        probe = body.get(FIRST_ROUND)
        done = probe.get("healthy") if isinstance(probe, dict) else None
        return SyncFacts(initial_done=done) if isinstance(done, bool) else None

    async def apis(self) -> tuple[ListedApi, ...]:
        """Read `/_node/apis`: what is deployed, as often as it is listed (a caller tells of duplicates).

        Raises:
            GatewayError: no usable answer came.
        """
        status, body, _ = await self._json("/_node/apis", frozenset())
        if not isinstance(body, list):
            raise self._wrong_shape("/_node/apis", "a list", status)
        found = []
        for item in body:
            if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
                raise self._wrong_shape("/_node/apis", "a list of APIs with ids", status)
            found.append(ListedApi(item["id"], str(item.get("name") or ""), str(item.get("version") or "")))
        return tuple(found)

    async def api(self, api_id: str) -> DeployedApi | None:
        """Read `/_node/apis/{id}`; None where it is not deployed, as a stopped API is not.

        Raises:
            GatewayError: no usable answer came.
        """
        path = f"/_node/apis/{quote(api_id, safe='')}"
        try:
            status, body, content = await self._json(path, frozenset())
        except GatewayError as error:
            if error.status == 404:
                return None
            raise
        if not isinstance(body, dict):
            raise self._wrong_shape(path, "an object", status)
        if too_deep(body):
            raise unexpected(self.gateway, self.pod, f"{path} answered JSON that is nested too deeply")
        definition = body.get("definition")
        told = definition.get("id", api_id) if isinstance(definition, dict) else api_id
        if told != api_id:
            raise unexpected(
                self.gateway, self.pod, f"asked for API {short(api_id)}, it answered with API {short(told)}"
            )
        return deployed_api(api_id, body, content)

    async def aclose(self) -> None:
        """Close every connection."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    # ---------------------------------------------------------------------------------------

    async def _object(self, path: str, *, also: frozenset[int] = frozenset()) -> dict[str, Any]:
        status, body, _ = await self._json(path, also)
        if not isinstance(body, dict):
            raise self._wrong_shape(path, "an object", status)
        return body

    async def _json(self, path: str, also: frozenset[int]) -> tuple[int, Any, bytes]:
        """Ask, once more with renewed credentials after a 401, and parse the answer.

        `also` are failing statuses whose body is an answer if it is JSON.
        """
        header = await self._authorization.header()
        status, kind, content = await self._ask(path, header)
        if status == 401 and await self._authorization.renewed(header):
            status, kind, content = await self._ask(path, await self._authorization.header())
        answered = 200 <= status < 300
        if answered or status in also:
            with contextlib.suppress(orjson.JSONDecodeError):
                return status, orjson.loads(content), content
        if not answered:
            raise status_failure(self.gateway, self.pod, status, kind, path)
        if "json" in kind or content[:1] in (b"{", b"["):
            what = f"{path} answered with JSON that is cut off or broken"
        else:
            what = f"{path} answered {short(kind.partition(';')[0]) or 'no type'} where JSON is expected"
        raise unexpected(self.gateway, self.pod, what, status=status)

    async def _ask(self, path: str, header: str) -> tuple[int, str, bytes]:
        import httpcore
        import httpx

        if self._http is None:
            self._http = self._connect()
        headers = {"Accept": "application/json"}
        if header:
            headers["Authorization"] = header
        self.requests += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                try:
                    return await self._whole(self._http, path, headers)
                except (*_broken(httpx), *_broken(httpcore)):
                    # A kept connection was closed by the other side since, and others may be, too.
                    async with self._connect() as fresh:
                        return await self._whole(fresh, path, headers)
        except (httpx.HTTPError, OSError) as error:
            raise transport_failure(self.gateway, self.pod, error, self._timeout_s) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise transport_failure(self.gateway, self.pod, error, self._timeout_s) from error

    async def _whole(
        self, http: httpx.AsyncClient, path: str, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        async with http.stream("GET", self._url + path, headers=headers) as response:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > MAX_BODY:
                    raise unexpected(
                        self.gateway, self.pod, f"{path} answered with more than {MAX_BODY} bytes"
                    )
                parts.append(part)
            return response.status_code, response.headers.get("content-type", ""), b"".join(parts)

    def _wrong_shape(self, path: str, expected: str, status: int) -> GatewayError:
        return unexpected(
            self.gateway, self.pod, f"{path} answered JSON that is not {expected}", status=status
        )


def _broken(library: Any) -> tuple[type[Exception], ...]:
    """What httpx, or httpcore, raises when a connection breaks that was there."""
    return library.RemoteProtocolError, library.ReadError, library.WriteError
