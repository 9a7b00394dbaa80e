"""Which proxy of the environment leads to a control plane, by the rules that GKO (a Go program) follows.

https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config: localhost and loopback addresses take none, and
NO_PROXY lists names, domains, addresses and networks that take none either.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from reconciler.control_plane.failures import ControlPlaneError


def proxy_for(server: str, environ: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy on the way to a server, or None for a direct connection.

    Raises:
        ControlPlaneError: reason `configuration`: the variable does not hold the URL of a proxy.
    """
    variable = f"{urlsplit(server).scheme}_proxy"
    name = next((name for name in (variable.upper(), variable) if environ.get(name)), None)
    if name is None or _direct(server, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    value = environ[name]
    full = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(full)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise ControlPlaneError(
            "does not hold the URL of a proxy",  # not quoted: it may hold a password
            control_plane=name,
            next_step="write http://HOST:PORT or https://HOST:PORT",
            reason="configuration",
        )
    return full


def _direct(server: str, no_proxy: str) -> bool:
    parts = urlsplit(server)
    host = (parts.hostname or "").rstrip(".")
    port = str(parts.port or (443 if parts.scheme == "https" else 80))
    address = None
    try:
        address = ip_address(host)
    except ValueError:
        if host == "localhost":
            return True
    if address is not None and address.is_loopback:
        return True
    return any(
        _covers(entry.strip(), host, port, address is not None) for entry in no_proxy.lower().split(",")
    )


def _covers(entry: str, host: str, port: str, is_address: bool) -> bool:
    if entry.count(":") == 1:
        entry, _, wanted = entry.partition(":")
        if wanted != port:
            return False
    if not entry:
        return False
    if entry == "*":
        return True
    if is_address:
        try:
            return ip_address(host) in ip_network(entry, strict=False)
        except ValueError:
            return False
    domain = entry.removeprefix("*").lstrip(".")
    return host == domain or host.endswith(f".{domain}")
