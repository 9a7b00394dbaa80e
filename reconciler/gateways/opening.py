"""From a configured gateway to an observer of it: the one place where its settings are read."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reconciler.gateways.credentials import BasicAuth
from reconciler.gateways.facts import TECHNICAL_PORT, Dialer, PodLister
from reconciler.gateways.places import Access, GatewayPlace, place_of
from reconciler.gateways.watching import GatewayObserver

if TYPE_CHECKING:
    from reconciler.settings.model import GatewaySpec


def access_of(spec: GatewaySpec) -> Access:
    """What the way to a gateway needs besides its pods. Without `auth` nothing is sent: never a default."""
    auth = spec.auth
    basic = None
    if auth is not None:
        basic = BasicAuth(
            username=auth.username or "",
            username_env=auth.username_env or "",
            password_env=auth.password_env or "",
            password_file=auth.password_file,
            password_command=auth.password_command or (),
        )
    return Access(basic, spec.request_timeout_s, spec.ca_file, spec.insecure_skip_tls_verify)


def open_gateway(
    spec: GatewaySpec,
    environ: Mapping[str, str],
    *,
    list_pods: PodLister,
    dial: Dialer,
    clock: Callable[[], float] = time.time,
) -> GatewayObserver:
    """Prepare the observing of a gateway; nothing is sent yet.

    Args:
        spec: the gateway.
        environ: the environment, for credentials.
        list_pods: lists pods of a cluster.
        dial: opens connections to pods of a cluster.
        clock: seconds since the epoch.
    """
    return GatewayObserver(
        spec.name, gateway_place(spec, environ, list_pods=list_pods, dial=dial), clock=clock
    )


def gateway_place(
    spec: GatewaySpec, environ: Mapping[str, str], *, list_pods: PodLister, dial: Dialer
) -> GatewayPlace:
    """The pods of a gateway and the ways to them."""
    return place_of(
        spec,
        access_of(spec),
        environ,
        list_pods=list_pods,
        dial=dial,
        port=spec.port or TECHNICAL_PORT,
    )
