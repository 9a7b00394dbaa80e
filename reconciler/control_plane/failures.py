"""Turns what can go wrong between us and APIM into sentences with a next step.

Text that came from a server is untrusted: it is bounded and made printable before it is part of a message.
Forms of refusals: DOMAIN §4.2 and §9 (traps 4 and 11).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson

from reconciler.model.errors import GkoError
from reconciler.rules.text import printable

_LIMIT = 160
CHECK_URL = "check that its URL is that of APIM's API, not of the Console, a proxy or a login page"
CHECK_CREDENTIALS = (
    "correct the control plane's `auth` in gko-tui.yaml, or the Secret that the ManagementContext names"
)
CHECK_ENVIRONMENT = "correct `organization` and `environment`, or the ManagementContext's ids"
CHECK_REACH = (
    "check the address, the network and the VPN; an address that only pods can reach needs this control "
    "plane declared in gko-tui.yaml with another `url` and with its `clusters`"
)
WHOLE_PLACE = frozenset(
    {
        "unauthorized",
        "credentials",
        "configuration",
        "environment",
        "refused",
        "timeout",
        "tls",
        "redirect",
        "busy",
        "html",
    }
)
"""Reasons that concern a whole control plane, not one thing in it."""


class ControlPlaneError(GkoError):
    """A control plane cannot be reached, or refused what was asked, or did not answer as one.

    Args:
        what: what happened, without the control plane's name.
        control_plane: its name, the subject of the sentence.
        status: the HTTP status, or None when no answer came.
        reason: a stable one-word cause: `refused`, `timeout`, `tls`, `unauthorized`, `forbidden`,
            `environment`, `not-found`, `not-served`, `redirect`, `html`, `protocol`, `endless`, `busy`,
            `server`, `credentials`, `configuration`.
        code: APIM's own `technicalCode`, as far as it told one.
        retry_after: how many seconds the server asks to wait, or None.
    """

    def __init__(
        self,
        what: str,
        *,
        control_plane: str,
        next_step: str = "",
        status: int | None = None,
        reason: str = "",
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(what, subject=control_plane, next_step=next_step)
        self.control_plane = control_plane
        self.status = status
        self.reason = reason
        self.code = code
        self.retry_after = retry_after

    @property
    def of_whole_place(self) -> bool:
        """Whether nothing else can be read there either, as far as this tells."""
        return self.reason in WHOLE_PLACE


def short(text: object) -> str:
    """Make untrusted text fit for one message."""
    cleaned = printable(str(text).strip())
    return cleaned if len(cleaned) <= _LIMIT else cleaned[: _LIMIT - 1] + "…"


def status_failure(  # noqa: PLR0911 - one sentence for each case
    name: str,
    path: str,
    status: int,
    content: bytes,
    content_type: str,
    *,
    location: str = "",
    retry_after: float | None = None,
) -> ControlPlaneError:
    """Describe an answer whose status says that it failed.

    Args:
        name: the control plane's.
        path: what was asked, below the server's URL.
        status: the HTTP status.
        content: the body.
        content_type: its type.
        location: where a redirect leads.
        retry_after: the seconds that the server asks to wait.
    """
    told, code = _told(content)
    because = f": {short(told)}" if told else ""
    where = short(path)

    def failure(what: str, reason: str, next_step: str = "") -> ControlPlaneError:
        return ControlPlaneError(
            what,
            control_plane=name,
            next_step=next_step,
            status=status,
            reason=reason,
            code=code,
            retry_after=retry_after,
        )

    if 300 <= status < 400:
        to = short(_without_query(location)) or "nowhere"
        return failure(f"sends on to {to} ({status}), as a login page does", "redirect", CHECK_URL)
    if status == 401:
        return failure("refused the credentials (401)", "unauthorized", CHECK_CREDENTIALS)
    if status == 403:
        advice = "give this user the right to read it in APIM (ENVIRONMENT_* and API_DEFINITION: read)"
        return failure(f"no permission to read {where} (403)", "forbidden", advice)
    if status == 400 and told and "organization or environment" in told.lower():
        return failure(
            "does not know this organization or environment (400)", "environment", CHECK_ENVIRONMENT
        )
    if status in {429, 503}:
        word = "is too busy" if status == 429 else "is not available"
        wait = f"it asks to wait {retry_after:.0f} s" if retry_after else "it is tried again, more slowly"
        return failure(f"{word} ({status}){because}", "busy", wait)
    if "html" in content_type and told is None and status < 500:
        return failure(f"answered a page ({status}) where JSON is expected", "html", CHECK_URL)
    if status == 404:
        return failure(f"{where} does not exist there (404){because}", "not-found")
    if status >= 500:
        return failure(
            f"{where} failed there ({status}){because}", "server", "look at APIM's log; it is tried again"
        )
    return failure(f"refused {where} ({status}){because}", "protocol")


def unexpected(
    name: str, what: str, *, status: int = 200, reason: str = "protocol", next_step: str = CHECK_URL
) -> ControlPlaneError:
    """Describe an answer that no APIM gives."""
    return ControlPlaneError(what, control_plane=name, next_step=next_step, status=status, reason=reason)


def transport_failure(name: str, server: str, error: BaseException, seconds: float) -> ControlPlaneError:
    """Describe why no answer came.

    Args:
        name: the control plane's.
        server: its URL.
        error: what httpx or asyncio raised.
        seconds: the time limit that applied.
    """
    kind = type(error).__name__
    causes = list(_causes(error))
    if isinstance(error, TimeoutError) or "Timeout" in kind:
        return ControlPlaneError(
            f"{server} did not answer within {seconds:g} s",
            control_plane=name,
            next_step="look at APIM's load and log; `request_timeout_s` of this control plane sets the limit",
            reason="timeout",
        )
    tls = next(
        (
            cause
            for cause in causes
            if isinstance(cause, ssl.SSLError)
            and not isinstance(cause, (ssl.SSLWantReadError, ssl.SSLWantWriteError))
        ),
        None,
    )
    if tls is not None:
        return _tls_failure(name, server, tls)
    what, next_step = f"the connection to {server} broke", "it is tried again"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        what, next_step = f"the name of {server} cannot be resolved", CHECK_REACH
    elif kind == "ProxyError":
        what = f"the proxy refused the way to {server}: {short(error)}"
        next_step = "check HTTPS_PROXY and NO_PROXY"
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        what, next_step = f"{server} refused the connection", CHECK_REACH
    elif kind == "ConnectError":
        what, next_step = f"{server} cannot be reached: {short(causes[-1])}", CHECK_REACH
    return ControlPlaneError(what, control_plane=name, next_step=next_step, reason="refused")


def _tls_failure(name: str, server: str, error: ssl.SSLError) -> ControlPlaneError:
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the certificate of {server} is not valid: {short(error.verify_message)}"
        next_step = "declare this control plane in gko-tui.yaml with the `ca_file` of its authority"
    elif error.reason == "WRONG_VERSION_NUMBER":
        what, next_step = f"{server} does not speak TLS", "check the port, or whether http:// is meant"
    else:
        what = f"TLS with {server} failed: {short(error.reason or 'no reason given')}"
        next_step = "check the certificate and the proxies on the way"
    return ControlPlaneError(what, control_plane=name, next_step=next_step, reason="tls")


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


def _told(content: bytes) -> tuple[str | None, str]:
    """APIM's message and technical code; None where the body is not one of its errors."""
    body: Any = None
    with contextlib.suppress(orjson.JSONDecodeError):
        body = orjson.loads(content)
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return None, ""
    code = body.get("technicalCode")
    return body["message"], code if isinstance(code, str) else ""


def _without_query(url: str) -> str:
    """Login pages are handed tokens in their query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path
