"""Opens the way to a cluster: kubeconfig or pod, TLS, proxy, credentials; nothing is sent yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cluster.client import CONNECT_S, KubeClient
from reconciler.cluster.endpoint import SERVICE_ACCOUNT

if TYPE_CHECKING:
    import httpx

    from reconciler.cluster.endpoint import ClientCertificate
    from reconciler.settings.model import Cluster

KEEPALIVE_S = 90.0
"""Longer than the pause between two discoveries, so that they share a connection."""


async def open_cluster(
    spec: Cluster,
    *,
    environ: Mapping[str, str],
    clock: Callable[[], float] = time.time,
    service_account: Path = SERVICE_ACCOUNT,
) -> KubeClient:
    """Prepare a client for a configured cluster. The caller closes it.

    Args:
        spec: the cluster.
        environ: for KUBECONFIG, HOME, proxies, PATH and whatever exec plugins need.
        clock: seconds since the epoch, for the expiry of credentials.
        service_account: the folder where a pod finds its credentials.

    Raises:
        ConfigurationError: the kubeconfig cannot be used as it is.
    """
    from reconciler.cluster.credentials import credentials_of
    from reconciler.cluster.endpoint import resolve_endpoint
    from reconciler.cluster.http import load_httpx
    from reconciler.cluster.proxies import proxy_for

    endpoint = resolve_endpoint(spec, environ, service_account=service_account)
    credentials = credentials_of(spec, endpoint, environ, clock)
    proxy = proxy_for(endpoint, environ)
    load_httpx()

    def connect(certificate: ClientCertificate | None) -> httpx.AsyncClient:
        import httpx

        from reconciler.cluster.tls import tls_context

        verify = tls_context(endpoint, certificate) if endpoint.server.startswith("https:") else False
        return httpx.AsyncClient(
            verify=verify,
            proxy=proxy,
            trust_env=False,  # the environment arrives as an argument; netrc has no say here
            timeout=httpx.Timeout(spec.request_timeout_s, connect=CONNECT_S),
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=8, keepalive_expiry=KEEPALIVE_S
            ),
            headers={"User-Agent": "gko-tui", "Accept-Encoding": "gzip"},
        )

    return KubeClient(
        spec.name,
        endpoint.server,
        credentials,
        connect,
        headers=endpoint.user.impersonation,
        timeout_s=spec.request_timeout_s,
    )
