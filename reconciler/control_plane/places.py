"""Where a control plane is and how one logs in: the values, before anything is connected.

One control plane is one environment of one server: what several ManagementContexts name alike is read once.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.control_plane.failures import ControlPlaneError

if TYPE_CHECKING:
    from reconciler.settings.model import ControlPlane

CLOUD_HOST = re.compile(r"(?:.*\.)?cloudgate\.gravitee\.io")


@dataclass(frozen=True, slots=True)
class BasePaths:
    """Where the three APIs begin, below the server's URL (DOMAIN §4.1)."""

    automation: str = "/automation"
    management: str = "/management"

    @property
    def management_v2(self) -> str:
        """Where Management v2 begins."""
        return f"{self.management}/v2"


CLOUD_PATHS = BasePaths("/apim/automation", "/apim/rest")


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """Credentials as they are sent: a token, or a user with a password. Never in a repr."""

    token: str = ""
    username: str = ""
    password: str = ""


LoginSource = Callable[[], Awaitable[Login]]
"""Gives credentials anew each time it is called; raises ControlPlaneError where there are none."""


@dataclass(frozen=True, slots=True)
class ContextName:
    """A ManagementContext that leads to a control plane."""

    cluster: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.cluster}:ManagementContext/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """One environment of one APIM, and every way that is known to log in there.

    Attributes:
        name: what it is called everywhere.
        server: the URL of the server, without a slash at its end and without the APIs' paths.
        contexts: the ManagementContexts that mean it.
        clusters: those whose resources it serves, as far as the configuration says it.
        logins: tried in this order.
        declared: whether the configuration names it.
    """

    name: str
    server: str
    organization: str
    environment: str
    paths: BasePaths = field(default_factory=BasePaths)
    logins: tuple[LoginSource, ...] = field(default=(), repr=False)
    contexts: tuple[ContextName, ...] = ()
    clusters: tuple[str, ...] = ()
    ca_file: Path | None = None
    insecure: bool = False
    timeout_s: float = 10.0
    declared: bool = False

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two of them the same."""
        return self.server, self.paths.management, self.organization, self.environment

    def in_environment(self, base: str) -> str:
        """The path of the environment below one of the APIs' paths."""
        return f"{base}/organizations/{self.organization}/environments/{self.environment}"


def canonical_server(url: str, *, subject: str) -> tuple[str, BasePaths]:
    """Bring a URL into the form in which two of the same server are equal.

    Args:
        url: a person's or a ManagementContext's; it may end in the path of one of the APIs.
        subject: whose it is, for errors.

    Returns:
        The server's URL, and where its APIs begin.

    Raises:
        ControlPlaneError: reason `configuration`: it is not an http(s) URL, or it holds credentials.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise _unusable(
            subject, "its URL is not that of a server", "write one such as https://apim.example.org"
        )
    if parts.username is not None or parts.password is not None:
        raise _unusable(subject, "its URL holds credentials", "put them below `auth`")
    scheme = parts.scheme.lower()
    host = parts.hostname.rstrip(".")
    if not host.isprintable() or any(char.isspace() for char in host):
        raise _unusable(
            subject, "its URL is not that of a server", "write one such as https://apim.example.org"
        )
    literal = f"[{host}]" if ":" in host else host
    standard = 443 if scheme == "https" else 80
    authority = literal if port in (None, standard) else f"{literal}:{port}"
    path = re.sub(r"/+", "/", parts.path).rstrip("/")
    cloud = CLOUD_HOST.fullmatch(host) is not None
    paths = CLOUD_PATHS if cloud else BasePaths()
    for known in (paths.management_v2, paths.management, paths.automation):
        if path.endswith(known):
            path = path.removesuffix(known)
            break
    return f"{scheme}://{authority}{path}", paths


def name_of(server: str, organization: str, environment: str) -> str:
    """What a control plane is called that nobody gave a name: `apim.example.org/prod`."""
    where = server.partition("://")[2]
    middle = "" if organization == "DEFAULT" else f"{organization}/"
    return f"{where}/{middle}{environment}"


def checked_id(value: str, *, subject: str, field_name: str) -> str:
    """An organization's or environment's id, fit to be a part of a path.

    Raises:
        ControlPlaneError: reason `configuration`.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", value):
        what = f"{field_name} is missing" if not value else f"{field_name} is not an id"
        raise _unusable(subject, what, "write the id that APIM's URL shows, such as DEFAULT")
    return value


def declared_target(spec: ControlPlane, environ: Mapping[str, str]) -> Target:
    """A control plane of the configuration.

    Raises:
        ControlPlaneError: reason `configuration`: an id or the URL cannot be used.
    """
    from reconciler.control_plane.credentials import login_from_settings

    server, paths = canonical_server(spec.url, subject=spec.name)
    return Target(
        name=spec.name,
        server=server,
        organization=checked_id(spec.organization, subject=spec.name, field_name="organization"),
        environment=checked_id(spec.environment, subject=spec.name, field_name="environment"),
        paths=paths,
        logins=(login_from_settings(spec, environ),) if spec.auth is not None else (),
        clusters=spec.clusters,
        ca_file=spec.ca_file,
        insecure=spec.insecure_skip_tls_verify,
        timeout_s=spec.request_timeout_s,
        declared=True,
    )


def _unusable(subject: str, what: str, next_step: str) -> ControlPlaneError:
    return ControlPlaneError(what, control_plane=subject, next_step=next_step, reason="configuration")
