"""Which proxy leads to a server: the kubeconfig's, else the environment's, by the rules kubectl follows.

https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config: a request to localhost or a loopback address
takes no proxy of the environment, and NO_PROXY lists names, domains, addresses and networks that do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from reconciler.cluster.endpoint import Endpoint
from reconciler.model.errors import ConfigurationError


def proxy_for(endpoint: Endpoint, environ: Mapping[str, str]) -> str | None:
    """Return the proxy's URL, or None for a direct connection.

    Raises:
        ConfigurationError: the URL is not one of a proxy that can be used.
    """
    if endpoint.proxy:
        return _checked(endpoint.proxy, f"{endpoint.subject}: proxy-url")
    parts = urlsplit(endpoint.server)
    variable = f"{parts.scheme}_proxy"
    name = next((name for name in (variable.upper(), variable) if environ.get(name)), None)
    if name is None or bypassed(endpoint.server, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    return _checked(environ[name], name)


def bypassed(server: str, no_proxy: str) -> bool:
    """Whether a server is reached without the environment's proxy."""
    parts = urlsplit(server)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    for raw in no_proxy.lower().split(","):
        entry, _, wanted_port = raw.strip().partition(":") if raw.count(":") == 1 else (raw.strip(), "", "")
        if not entry or (wanted_port and wanted_port != str(port)):
            continue
        if entry == "*" or _same_address(entry, host):
            return True
        if address is None and (host == entry.lstrip(".*") or host.endswith("." + entry.lstrip(".*"))):
            return True
    return False


def _same_address(entry: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return False


def _checked(url: str, subject: str) -> str:
    full = url if "://" in url else f"http://{url}"
    parts = urlsplit(full)
    if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
        raise ConfigurationError(
            "is not the URL of a proxy",  # not quoted: it may hold a password
            subject=subject,
            next_step="write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT",
        )
    if parts.scheme.startswith("socks"):
        import importlib.util

        if importlib.util.find_spec("socksio") is None:
            raise ConfigurationError(
                "names a SOCKS proxy, for which the Python package `socksio` is needed",
                subject=subject,
                next_step="install it beside gko-tui, or use an HTTP proxy",
            )
    return full
