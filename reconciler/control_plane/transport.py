"""Opens the way to a control plane: TLS, proxy, connection pool. httpx is loaded when it is first needed."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler.control_plane import client, sending
from reconciler.control_plane.client import CONNECT_S, ControlPlaneClient
from reconciler.control_plane.credentials import Authorization
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.http import load_httpx
from reconciler.control_plane.proxies import proxy_for
from reconciler.control_plane.rim import Rim

if TYPE_CHECKING:
    import httpx

    from reconciler.control_plane.places import Target

_CONNECTIONS = client.AT_ONCE + sending.AT_ONCE


def open_control_plane(
    target: Target, *, environ: Mapping[str, str] | None = None, rim: Rim | None = None
) -> ControlPlaneClient:
    """Make a client for a control plane; nothing is sent yet.

    Args:
        target: where it is and how one logs in.
        environ: for HTTPS_PROXY, HTTP_PROXY and NO_PROXY; this process's own if None.
        rim: clock, sleep and chance.
    """
    env = os.environ if environ is None else environ

    def connect() -> httpx.AsyncClient:
        load_httpx()
        import httpx

        return httpx.AsyncClient(
            verify=tls_context(target),
            proxy=proxy_for(target.server, env),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(target.timeout_s, connect=min(CONNECT_S, target.timeout_s)),
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
        )

    return ControlPlaneClient(target, Authorization(target.name, target.logins), connect, rim=rim or Rim())


def tls_context(target: Target) -> ssl.SSLContext:
    """Build the TLS side of a connection: the authorities of `ca_file`, else the system's.

    Raises:
        ControlPlaneError: reason `configuration`: the file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 refuses authorities without key identifiers, which company authorities often lack.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if target.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif target.ca_file is not None:
        try:
            context.load_verify_locations(cafile=target.ca_file)
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", None) or getattr(error, "strerror", None) or "it is no certificate"
            raise ControlPlaneError(
                f"its ca_file {target.ca_file} cannot be used: {why}",
                control_plane=target.name,
                next_step="name a file with the authority's certificate in PEM",
                reason="configuration",
            ) from None
    else:
        paths = ssl.get_default_verify_paths()
        if paths.cafile or paths.capath:
            context.load_default_certs()
        else:  # a Python that knows no system store
            import certifi

            context.load_verify_locations(certifi.where())
    return context
