"""Turns what can go wrong between us and an API server into sentences with a next step.

Reasons are those of `ClusterError`. Text that came from a server or a program is untrusted: it is bounded
and stripped of control characters before it is part of a message.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson

from reconciler.model.errors import ClusterError

_LOGIN = "log in again with the tool that wrote this kubeconfig, then it is read anew"
_BY_STATUS = {
    401: ("unauthorized", "the credentials were refused", ""),
    403: ("forbidden", "no permission", "ask the cluster's administrators for that right"),
    404: ("not-found", "not found", ""),
    409: ("conflict", "a conflict", "read it again, then decide"),
    410: ("gone", "the position asked for is no longer kept", ""),
    429: ("server", "the server is too busy", "it is tried again later"),
}
_BIDI = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNPRINTABLE = re.compile(rf"[\x00-\x1f\x7f-\x9f{_BIDI}\u2028\u2029]+")


class Refused(ClusterError):
    """An API server said no, in its own words.

    Args:
        told: the message of its Status, safe to show.
        causes: (reason, message, field) of each cause that it names.
    """

    def __init__(
        self, what: str, *, told: str = "", causes: tuple[tuple[str, str, str], ...] = (), **more: Any
    ) -> None:
        super().__init__(what, **more)
        self.told = told
        self.causes = causes


def plain(text: object, limit: int = 300) -> str:
    """Make untrusted text safe for one line of a message: no control characters, at most `limit` long."""
    cleaned = _UNPRINTABLE.sub(" ", str(text)).strip()
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def status_failure(
    subject: str, status: int, content: bytes, content_type: str, *, advice: str = ""
) -> ClusterError:
    """Describe an answer whose status says that it failed.

    Args:
        subject: the cluster's name.
        status: the HTTP status.
        content: the body, of which a Kubernetes Status gives the message.
        content_type: the body's type.
        advice: what to do about refused credentials, as the credentials know it.
    """
    told = _status_message(content)
    if told is None and (status < 400 or "html" in content_type):
        return unexpected_answer(subject, status, content_type)
    if told is None and status < 500 and status not in _BY_STATUS:
        words = plain(content.decode("utf-8", "replace"), 120)
        return unexpected_answer(subject, status, "", f"refused the request ({status}): {words}")
    reason, what, next_step = _BY_STATUS.get(
        status, ("server" if status >= 500 else "protocol", _phrase(status), "")
    )
    if status == 401:
        next_step = advice or _LOGIN
    elif status >= 500:
        next_step = "look at the API server; it is tried again"
    message = f"{what} ({status})" + (f": {plain(told)}" if told else "")
    return Refused(
        message,
        told=plain(told or "", 2_000),
        causes=_causes_told(content),
        subject=subject,
        next_step=next_step,
        status=status,
        reason=reason,
    )


def event_failure(subject: str, status: object) -> ClusterError:
    """Describe the Status that an ERROR event of a watch carries."""
    body = status if isinstance(status, dict) else {}
    code = body.get("code")
    return status_failure(
        subject, code if isinstance(code, int) else 500, orjson.dumps(body), "application/json"
    )


def unexpected_answer(subject: str, status: int, content_type: str, detail: str = "") -> ClusterError:
    """Describe an answer that no Kubernetes API server gives."""
    kind = plain(content_type.partition(";")[0], 60) or "no type"
    return ClusterError(
        detail or f"answered {kind} ({status}) where JSON is expected",
        subject=subject,
        next_step="check that `server` is the URL of the Kubernetes API, not of a proxy or login page",
        status=status,
        reason="protocol",
    )


def transport_failure(subject: str, server: str, error: BaseException, seconds: float) -> ClusterError:
    """Describe why no answer came.

    Args:
        subject: the cluster's name.
        server: the API server's URL.
        error: what httpx (or asyncio, for a time limit) raised.
        seconds: the time limit that applied.
    """
    causes = list(_causes(error))
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        limit = "3 s to connect" if name == "ConnectTimeout" else f"{seconds:g} s"
        return ClusterError(
            f"{server} did not answer in time ({limit})",
            subject=subject,
            next_step="check the network and the VPN; `request_timeout_s` of this cluster sets the limit",
            reason="timeout",
        )
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(
            cause, (ssl.SSLWantReadError, ssl.SSLWantWriteError)
        ):
            return _tls_failure(subject, server, cause)
    what, next_step = f"the connection to {server} broke", "it is tried again"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        what = f"the name of {server} cannot be resolved"
        next_step = "check the name, the VPN and the DNS"
    elif name == "ProxyError":
        what = f"the proxy refused the way to {server}: {plain(error)}"
        next_step = "check `proxy-url` of the cluster, or HTTPS_PROXY and NO_PROXY"
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        what = f"{server} refused the connection"
        next_step = "check that the API server runs and that the address is right"
    elif name == "ConnectError":
        what = f"{server} cannot be reached: {plain(causes[-1], 120)}"
        next_step = "check the address, the network and the VPN"
    return ClusterError(what, subject=subject, next_step=next_step, reason="refused")


def _tls_failure(subject: str, server: str, error: ssl.SSLError) -> ClusterError:
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the certificate of {server} is not valid: {plain(error.verify_message)}"
        next_step = (
            "check `certificate-authority-data` and `tls-server-name` of the cluster in the kubeconfig"
        )
    elif error.reason == "WRONG_VERSION_NUMBER":
        what = f"{server} does not speak TLS"
        next_step = "check the port, or write http:// in the kubeconfig if that is meant"
    else:
        what = f"TLS with {server} failed: {plain(error.reason or 'no reason given')}"
        next_step = "check the client certificate and the authorities in the kubeconfig"
    return ClusterError(what, subject=subject, next_step=next_step, reason="tls")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything that led to it, the outermost first."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting.extend(cause for cause in (current.__cause__, current.__context__) if cause is not None)


def _causes_told(content: bytes) -> tuple[tuple[str, str, str], ...]:
    """What a Status names in `details.causes`; nothing where it is not shaped as one."""
    try:
        details = orjson.loads(content).get("details") or {}
        causes = [cause for cause in details.get("causes") or () if isinstance(cause, dict)]
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return ()
    parts = ("reason", "message", "field")
    return tuple(
        (found[0], found[1], found[2])
        for found in ([plain(cause.get(part) or "", 500) for part in parts] for cause in causes)
    )


def _status_message(content: bytes) -> str | None:
    """The message of a Kubernetes Status, or None where the body is none."""
    try:
        body: Any = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict) or body.get("kind") != "Status":
        return None
    return str(body.get("message") or "")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.lower()
    except ValueError:
        return "an unknown status"
