"""Where the pods of a gateway are: behind a URL, or in a cluster, reached through a port-forward.

The pods of a cluster are found anew again and again, for they come and go. Behind a URL there is one, as far
as anyone can tell: a load balancer that answers for several nodes is told apart by their node ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.gateways.credentials import Authorization, BasicAuth
from reconciler.gateways.facts import TECHNICAL_PORT, Dialer, PodLister
from reconciler.gateways.failures import GatewayError
from reconciler.gateways.technical_api import CONNECT_S, TechnicalApi
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    import httpx

    from reconciler.settings.model import GatewaySpec

PORT_NAMES = ("technical", "tech", "node", "core-http")
"""What a container may call the port of its technical API; without such a name it is 18082."""


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of a gateway at one moment.

    `running` are those that can be asked, by name; `waiting` those that cannot yet, with why.
    """

    running: Mapping[str, int]
    waiting: Mapping[str, str]


class GatewayPlace(Protocol):
    """Finds the pods of one gateway and gives a way to each."""

    async def pods(self) -> Pods:
        """Find the pods: names with the port of the technical API.

        Raises:
            GatewayError: they cannot be listed, or there is none.
        """

    def api(self, pod: str, port: int) -> TechnicalApi:
        """A client for one of them; the caller closes it."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a way to a gateway needs besides the pods: credentials, limits, TLS."""

    auth: BasicAuth | None = None
    timeout_s: float = 5.0
    ca_file: Path | None = None
    insecure_skip_tls_verify: bool = False


class UrlPlace:
    """A gateway whose technical API has a URL; its one pod has no name.

    Args:
        spec: the gateway, with a URL.
        access: credentials, limits, TLS.
        environ: the environment.
        proxy: the URL of a proxy on the way, or None.
    """

    def __init__(
        self, spec: GatewaySpec, access: Access, environ: Mapping[str, str], *, proxy: str | None = None
    ) -> None:
        assert spec.url is not None
        self._gateway = spec.name
        self._url = spec.url.rstrip("/").removesuffix("/_node")
        self._access = access
        self._authorization = Authorization(spec.name, access.auth, environ)
        self._proxy = proxy

    async def pods(self) -> Pods:
        """The one pod behind the URL."""
        return Pods({"": TECHNICAL_PORT}, {})

    def api(self, pod: str, port: int) -> TechnicalApi:  # noqa: ARG002 - the URL names the port
        """A client for it."""
        return TechnicalApi(
            self._gateway, pod, self._url, self._pool, self._authorization, timeout_s=self._access.timeout_s
        )

    def _pool(self) -> httpx.AsyncClient:
        from reconciler.gateways.http import load_httpx

        load_httpx()
        import httpx

        return httpx.AsyncClient(
            verify=self._verify(),
            proxy=self._proxy,
            trust_env=False,  # the environment arrives as an argument
            timeout=httpx.Timeout(self._access.timeout_s, connect=min(CONNECT_S, self._access.timeout_s)),
            headers={"User-Agent": "gko-tui"},
        )

    def _verify(self) -> Any:
        import ssl

        if not self._url.startswith("https:") or self._access.insecure_skip_tls_verify:
            return False
        context = ssl.create_default_context()
        # Python 3.13 refuses authorities without key identifiers, which company authorities often lack.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self._access.ca_file is not None:
            try:
                context.load_verify_locations(self._access.ca_file)
            except (OSError, ssl.SSLError) as error:
                why = getattr(error, "strerror", None) or getattr(error, "reason", None) or "no certificate"
                raise GatewayError(
                    f"the authority {self._access.ca_file} cannot be used: {why}",
                    gateway=self._gateway,
                    next_step="correct ca_file",
                    reason="tls",
                ) from None
        return context


class ClusterPlace:
    """A gateway whose pods a selector finds in a cluster; each is reached through a port-forward.

    Args:
        spec: the gateway, with cluster, namespace and selector.
        access: credentials and limits.
        environ: the environment.
        list_pods: lists pods.
        dial: opens a connection to a pod.
        port: the technical API's port where a pod does not name one.
    """

    def __init__(
        self,
        spec: GatewaySpec,
        access: Access,
        environ: Mapping[str, str],
        *,
        list_pods: PodLister,
        dial: Dialer,
        port: int = TECHNICAL_PORT,
    ) -> None:
        assert spec.cluster and spec.namespace and spec.selector
        self._spec = spec
        self._where = (spec.cluster, spec.namespace, spec.selector)
        self._access = access
        self._authorization = Authorization(spec.name, access.auth, environ)
        self._list_pods = list_pods
        self._dial = dial
        self._port = port

    async def pods(self) -> Pods:
        """List the pods.

        Raises:
            GatewayError: they cannot be listed, or there is none.
        """
        cluster, namespace, selector = self._where
        try:
            items = await self._list_pods(cluster, namespace, selector)
        except GkoError as error:
            raise GatewayError(
                f"its pods cannot be listed: {error.what}",
                gateway=self._spec.name,
                next_step=error.next_step or "the right to list pods in that namespace is needed",
                status=getattr(error, "status", None),
                reason="forward",
            ) from error
        found = pods_of(items, self._port)
        if not found.running and not found.waiting:
            raise GatewayError(
                f"no pod matches {selector} in namespace {namespace} of cluster {cluster}",
                gateway=self._spec.name,
                next_step="check namespace and selector of this gateway, or scale it up",
                reason="no-pods",
            )
        return found

    def api(self, pod: str, port: int) -> TechnicalApi:
        """A client for one of them."""
        return TechnicalApi(
            self._spec.name,
            pod,
            f"http://{pod}:{port}",
            partial(self._pool, pod, port),
            self._authorization,
            timeout_s=self._access.timeout_s,
        )

    def _pool(self, pod: str, port: int) -> httpx.AsyncClient:
        from reconciler.gateways.transport import DialledTransport

        import httpx  # isort: skip - after the lean import in the line above

        cluster, namespace, _ = self._where
        return httpx.AsyncClient(
            transport=DialledTransport(partial(self._dial, cluster, namespace, pod, port)),
            trust_env=False,
            headers={"User-Agent": "gko-tui"},
        )


def place_of(
    spec: GatewaySpec,
    access: Access,
    environ: Mapping[str, str],
    *,
    list_pods: PodLister,
    dial: Dialer,
    proxy: str | None = None,
    port: int = TECHNICAL_PORT,
) -> GatewayPlace:
    """Choose how a configured gateway is reached: by its URL, or through a port-forward to each pod.

    Args:
        spec: the gateway.
        access: credentials, limits, TLS.
        environ: the environment.
        list_pods: lists pods of a cluster.
        dial: opens connections to pods of a cluster.
        proxy: the URL of a proxy on the way to the gateway's URL, or None.
        port: the technical API's port where a pod does not name one.
    """
    if spec.url is not None:
        return UrlPlace(spec, access, environ, proxy=proxy)
    return ClusterPlace(spec, access, environ, list_pods=list_pods, dial=dial, port=port)


def pods_of(items: Iterable[Mapping[str, Any]], port: int = TECHNICAL_PORT) -> Pods:
    """Sort pods into those that can be asked and those that cannot yet.

    What is being deleted, has ended or has no name is left out: it serves nothing any more.

    Args:
        items: pods as the API server lists them.
        port: the port where none is named.
    """
    running: dict[str, int] = {}
    waiting: dict[str, str] = {}
    for item in items:
        metadata, status = _part(item, "metadata"), _part(item, "status")
        name, phase = metadata.get("name"), status.get("phase")
        if not isinstance(name, str) or metadata.get("deletionTimestamp") or phase in ("Succeeded", "Failed"):
            continue
        if phase == "Running":
            running[name] = _technical_port(item, port)
        else:
            waiting[name] = f"the pod is {phase or 'not started'}"
    return Pods(running, waiting)


def unique_gateways(specs: Sequence[GatewaySpec]) -> tuple[tuple[GatewaySpec, ...], tuple[GatewayError, ...]]:
    """Keep the first gateway of each name, and say which others are left out.

    Two data planes under one name would be folded into one verdict that is true of neither.
    """
    kept: dict[str, GatewaySpec] = {}
    refused: dict[str, GatewayError] = {}
    for spec in specs:
        if spec.name in kept:
            refused[spec.name] = GatewayError(
                "is the name of more than one gateway; only the first is observed",
                gateway=spec.name,
                next_step="give each gateway its own name",
                reason="configuration",
            )
        kept.setdefault(spec.name, spec)
    return tuple(kept.values()), tuple(refused.values())


def _technical_port(item: Mapping[str, Any], default: int) -> int:
    containers = _part(item, "spec").get("containers")
    for container in containers if isinstance(containers, list) else []:
        for port in (container.get("ports") or []) if isinstance(container, dict) else []:
            if isinstance(port, dict) and port.get("name") in PORT_NAMES:
                number = port.get("containerPort")
                if isinstance(number, int) and 0 < number < 65536:
                    return number
    return default


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}
