"""Opens connections to ports inside pods, through the API server, as `kubectl port-forward` does.

The protocol is the WebSocket form `v4.channel.k8s.io`, handed through by the API server to the kubelet. Every
message begins with the number of a channel: 0 carries data and 1 an error text, and the first message on each
repeats the port (two bytes, little-endian). One WebSocket carries one connection. The other form that a
Kubernetes 1.36 server offers, `SPDY/3.1+portforward.k8s.io`, tunnels SPDY, which only saves sockets.

Since Kubernetes 1.35 both `get` and `create` on `pods/portforward` are needed for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.cluster.client import CONNECT_S
from reconciler.cluster.endpoint import SERVICE_ACCOUNT
from reconciler.cluster.failures import plain, status_failure, transport_failure
from reconciler.model.errors import ClusterError, ConfigurationError

if TYPE_CHECKING:
    import aiohttp

    from reconciler.cluster.credentials import Credential, Credentials
    from reconciler.cluster.endpoint import Endpoint
    from reconciler.settings.model import Cluster

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1
CHUNK = 32 * 1024
"""Bytes of payload in one message; kubelets read in pieces of this size."""
MAX_MESSAGE = 4 * 1024 * 1024
RIGHTS = "the rights get and create on pods/portforward in that namespace are needed"


class PortForwards:
    """Opens connections to pods of one cluster.

    Args:
        name: the cluster's name, the subject of every error.
        endpoint: where the API server is.
        credentials: where the credentials come from.
        proxy: the URL of a proxy on the way, or None.
        timeout_s: seconds within which a connection must be there.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        proxy: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._credentials = credentials
        self._proxy = proxy
        self._timeout_s = timeout_s

    async def dial(self, namespace: str, pod: str, port: int) -> ForwardedStream:
        """Connect to a port of a pod. The caller closes the connection.

        Args:
            namespace: the pod's namespace.
            pod: its name.
            port: where something listens inside it.

        Raises:
            ClusterError: the API server, or the pod behind it, refused.
            ConfigurationError: the cluster's credentials cannot be used.
        """
        credential = await self._credentials.current()
        try:
            return await self._open(credential, namespace, pod, port)
        except ClusterError as error:
            if error.status != 401 or not await self._credentials.refresh(credential):
                raise
        return await self._open(await self._credentials.current(), namespace, pod, port)

    async def _open(self, credential: Credential, namespace: str, pod: str, port: int) -> ForwardedStream:
        import aiohttp

        subject = f"{self.name}: pod {namespace}/{pod}"
        server = self._endpoint.server.rstrip("/")
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/portforward"
        headers = list(self._endpoint.user.impersonation)
        if credential.authorization:
            headers.append(("Authorization", credential.authorization))
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls(credential), limit=1),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            trust_env=False,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                socket = await session.ws_connect(
                    f"{server}{path}?ports={port}",
                    protocols=(PROTOCOL,),
                    headers=headers,
                    proxy=self._proxy,
                    max_msg_size=MAX_MESSAGE,
                    compress=0,
                    autoclose=True,
                )
            if socket.protocol != PROTOCOL:
                await socket.close()
                raise ClusterError(
                    f"the API server does not speak {PROTOCOL} for port-forwards",
                    subject=subject,
                    next_step="give the URL of the gateway's technical API instead of its pods",
                    reason="protocol",
                )
        except aiohttp.WSServerHandshakeError as error:
            await session.close()
            raise self._refused(subject, error) from None  # the error holds the request's headers
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            await session.close()
            raise transport_failure(subject, server, error, self._timeout_s) from error
        except BaseException:
            await session.close()
            raise
        return ForwardedStream(session, socket, subject, port)

    def _refused(self, subject: str, error: aiohttp.WSServerHandshakeError) -> ClusterError:
        """Describe an upgrade that was answered with a status instead; the body is not given to us."""
        failure = status_failure(subject, error.status, b"", "text/plain", advice=self._credentials.advice)
        if error.status == 403:
            failure.next_step = RIGHTS
        elif error.status == 404:
            failure.next_step = "the pod has gone, or the namespace is wrong; the pods are listed again"
        elif error.status in (400, 500, 502, 503):
            failure.next_step = "look whether the pod runs and its node is reachable; it is tried again"
        return ClusterError(
            f"a port-forward was refused: {failure.what}",
            subject=subject,
            next_step=failure.next_step,
            status=error.status,
            reason=failure.reason,
        )

    def _tls(self, credential: Credential) -> Any:
        from reconciler.cluster.tls import tls_context

        if not self._endpoint.server.startswith("https:"):
            return True
        return tls_context(self._endpoint, credential.certificate)


class ForwardedStream:
    """One connection to a port of a pod."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
        subject: str,
        port: int,
    ) -> None:
        self._session = session
        self._socket = socket
        self._subject = subject
        self._port = port
        self._rest = b""
        self._greeted: set[int] = set()
        self._ended = False

    async def read(self, max_bytes: int) -> bytes:
        """Return some bytes, or none at the end.

        Raises:
            ClusterError: nothing listens on that port, the pod has gone, or the connection broke.
        """
        while not self._rest and not self._ended:
            await self._receive()
        data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ClusterError: the connection is closed.
        """
        try:
            for start in range(0, len(data), CHUNK):
                await self._socket.send_bytes(bytes([DATA]) + data[start : start + CHUNK])
        except (ConnectionError, OSError) as error:
            raise self._failed("the port-forward was closed") from error

    async def aclose(self) -> None:
        """Close it; harmless when it is closed already."""
        self._ended = True
        try:
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(1.0):
                    await self._socket.close()
        finally:
            await self._session.close()

    async def _receive(self) -> None:
        """Take one message apart: a greeting, data, an error, or the end."""
        import aiohttp

        message = await self._socket.receive()
        if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED):
            self._ended = True
            return
        if message.type is aiohttp.WSMsgType.ERROR:
            raise self._failed("the port-forward broke") from self._socket.exception()
        content = message.data if isinstance(message.data, bytes) else b""
        if message.type is not aiohttp.WSMsgType.BINARY or not content or content[0] not in (DATA, ERROR):
            raise self._failed("the API server sent something that is no port-forward message", "protocol")
        channel, payload = content[0], content[1:]
        if channel not in self._greeted:
            self._greeted.add(channel)
            if int.from_bytes(payload[:2], "little") != self._port or len(payload) < 2:
                raise self._failed("the API server forwards another port than was asked for", "protocol")
            payload = payload[2:]
        if channel == ERROR and payload:
            raise self._failed(
                f"nothing answers on port {self._port}: {plain(payload.decode(errors='replace'))}"
            )
        self._rest += payload

    def _failed(self, what: str, reason: str = "refused") -> ClusterError:
        return ClusterError(
            what,
            subject=self._subject,
            next_step="check that the pod runs and listens on that port; it is tried again",
            reason=reason,
        )


def open_port_forwards(
    spec: Cluster,
    *,
    environ: Mapping[str, str],
    clock: Callable[[], float] = time.time,
    service_account: Path = SERVICE_ACCOUNT,
) -> PortForwards:
    """Prepare port-forwards in a configured cluster; nothing is sent yet.

    Args:
        spec: the cluster.
        environ: for KUBECONFIG, HOME, proxies, PATH and whatever exec plugins need.
        clock: seconds since the epoch, for the expiry of credentials.
        service_account: the folder where a pod finds its credentials.

    Raises:
        ConfigurationError: the kubeconfig cannot be used, or names a SOCKS proxy.
    """
    from reconciler.cluster.credentials import credentials_of
    from reconciler.cluster.endpoint import resolve_endpoint
    from reconciler.cluster.proxies import proxy_for

    endpoint = resolve_endpoint(spec, environ, service_account=service_account)
    proxy = proxy_for(endpoint, environ)
    if proxy is not None and not proxy.startswith("http"):
        raise ConfigurationError(
            "port-forwards do not work through a SOCKS proxy",
            subject=spec.name,
            next_step="use an HTTP proxy, or give the URL of the gateway's technical API",
        )
    credentials = credentials_of(spec, endpoint, environ, clock)
    return PortForwards(spec.name, endpoint, credentials, proxy=proxy, timeout_s=spec.request_timeout_s)
