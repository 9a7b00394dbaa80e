"""What is needed to reach one API server, gathered from a kubeconfig context or from inside a pod.

The values are checked here, once, so that opening a connection only has to use them. Nothing of a
credential is in any repr or message.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.cluster.kubeconfig import Entry, KubeContext, context_of
from reconciler.model.errors import ConfigurationError

if TYPE_CHECKING:
    from reconciler.settings.model import Cluster

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True, repr=False)
class ClientCertificate:
    """A certificate (chain) and its private key, PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class UserSpec:
    """How a user proves who it is; at most one of the ways is used, in this order."""

    certificate: ClientCertificate | None = None
    token_file: Path | None = None
    token: str = ""
    username: str = ""
    password: str = ""
    auth_provider: Mapping[str, Any] | None = None
    exec_plugin: Mapping[str, Any] | None = None
    impersonation: tuple[tuple[str, str], ...] = ()
    folder: Path = Path()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API server and a user of it.

    `ca` is PEM text, or None for the system's authorities. `proxy` and `tls_server_name` may be empty.
    `cluster_info` is what an exec plugin is told of the cluster if it asks.
    """

    subject: str
    server: str
    user: UserSpec
    ca: str | None = None
    insecure: bool = False
    tls_server_name: str = ""
    proxy: str = ""
    cluster_info: Mapping[str, Any] = field(default_factory=dict)


def resolve_endpoint(
    spec: Cluster, environ: Mapping[str, str], *, service_account: Path = SERVICE_ACCOUNT
) -> Endpoint:
    """Find out how a configured cluster is reached.

    Args:
        spec: the cluster.
        environ: for KUBECONFIG, HOME and, in a pod, KUBERNETES_SERVICE_HOST and _PORT.
        service_account: the folder where a pod finds its credentials.

    Raises:
        ConfigurationError: the kubeconfig or the pod's environment does not say it.
    """
    if spec.in_cluster:
        return _inside(spec, environ, service_account)
    return endpoint_of(context_of(spec, environ))


def endpoint_of(context: KubeContext) -> Endpoint:
    """Gather what a context says.

    Raises:
        ConfigurationError: a value is missing, malformed, or names a file that cannot be read.
    """
    subject = f"{context.subject} (context {context.name})"
    cluster = context.cluster
    server = str(cluster.body.get("server") or "")
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            "the cluster's `server` is not an http(s) URL" if server else "the cluster has no `server`",
            subject=subject,
            next_step="correct it, or write the context anew with your login tool",
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            "the cluster's `server` holds credentials", subject=subject, next_step="put them below the user"
        )
    ca = _material(subject, cluster, "certificate-authority", "BEGIN CERTIFICATE")
    insecure = cluster.body.get("insecure-skip-tls-verify") is True
    return Endpoint(
        subject=subject,
        server=server.rstrip("/"),
        user=_user(subject, context.user),
        ca=ca.decode("ascii", "replace") if ca else None,
        insecure=insecure,
        tls_server_name=str(cluster.body.get("tls-server-name") or ""),
        proxy=str(cluster.body.get("proxy-url") or ""),
        cluster_info=_cluster_info(cluster.body, ca),
    )


def _cluster_info(cluster: Mapping[str, Any], ca: bytes | None) -> dict[str, Any]:
    """The `spec.cluster` of an ExecCredential: files inlined, the plugin's own extension as `config`.

    https://kubernetes.io/docs/reference/config-api/client-authentication.v1/#client-authentication-k8s-io-v1-Cluster
    """
    names = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url", "disable-compression")
    info: dict[str, Any] = {name: cluster[name] for name in names if cluster.get(name)}
    if ca:
        info["certificate-authority-data"] = base64.b64encode(ca).decode("ascii")
    for extension in cluster.get("extensions") or ():
        if isinstance(extension, dict) and extension.get("name") == "client.authentication.k8s.io/exec":
            info["config"] = extension.get("extension")
    return info


def _user(subject: str, entry: Entry) -> UserSpec:
    body = entry.body
    certificate = _material(subject, entry, "client-certificate", "BEGIN CERTIFICATE")
    key = _material(subject, entry, "client-key", "PRIVATE KEY")
    if (certificate is None) != (key is None):
        missing = "client-key" if key is None else "client-certificate"
        raise ConfigurationError(
            f"the user has no `{missing}`, which belongs to the other half", subject=subject
        )
    token_file = body.get("tokenFile")
    return UserSpec(
        certificate=ClientCertificate(certificate, key) if certificate and key else None,
        token_file=entry.folder / str(token_file) if token_file else None,
        token=_header_value(subject, "token", body.get("token")),
        username=_header_value(subject, "username", body.get("username")),
        password=_header_value(subject, "password", body.get("password")),
        auth_provider=_section(subject, body, "auth-provider"),
        exec_plugin=_section(subject, body, "exec"),
        impersonation=_impersonation(subject, body),
        folder=entry.folder,
    )


def _impersonation(subject: str, body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    headers = [("Impersonate-User", body.get("as")), ("Impersonate-Uid", body.get("as-uid"))]
    headers += [("Impersonate-Group", group) for group in body.get("as-groups") or ()]
    for key, values in (body.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{key}", value) for value in values or ()]
    return tuple((name, _header_value(subject, "as…", value)) for name, value in headers if value)


def _section(subject: str, body: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    section = body.get(name)
    if section is not None and not isinstance(section, dict):
        raise ConfigurationError(f"the user's `{name}` is not a mapping", subject=subject)
    return section


def _header_value(subject: str, name: str, value: object) -> str:
    text = "" if value is None else str(value).strip()
    if not text.isprintable():
        raise ConfigurationError(
            f"the user's `{name}` holds a line break or a control character", subject=subject
        )
    return text


def _material(subject: str, entry: Entry, name: str, mark: str) -> bytes | None:
    """PEM from `NAME-data` (which wins) or from the file `NAME`; None where neither is given."""
    data, file = entry.body.get(f"{name}-data"), entry.body.get(name)
    if data:
        where = f"`{name}-data`"
        try:
            content = base64.b64decode(str(data), validate=False)
        except (binascii.Error, ValueError):
            raise ConfigurationError(f"{where} is not base64", subject=subject) from None
    elif file:
        path = entry.folder / str(file)
        where = f"`{name}` ({path})"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{where} cannot be read: {error.strerror}", subject=subject) from None
    else:
        return None
    if mark.encode() not in content:
        raise ConfigurationError(f"{where} is not PEM: no {mark}", subject=subject)
    return content


def _inside(spec: Cluster, environ: Mapping[str, str], folder: Path) -> Endpoint:
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
    token_file, ca_file = folder / "token", folder / "ca.crt"
    if not host or not token_file.exists():
        missing = "KUBERNETES_SERVICE_HOST is not set" if not host else f"{token_file} does not exist"
        raise ConfigurationError(
            f"is configured as `in_cluster`, but this is not a pod with a service account: {missing}",
            subject=spec.name,
            next_step="name a `kubeconfig` or `context` instead, or mount the service account's token",
        )
    try:
        ca = ca_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot be read ({type(error).__name__})", subject=str(ca_file)) from error
    literal = f"[{host}]" if ":" in host else host
    user = UserSpec(token_file=token_file, folder=folder)
    return Endpoint(f"{spec.name} (in cluster)", f"https://{literal}:{port}", user, ca)
