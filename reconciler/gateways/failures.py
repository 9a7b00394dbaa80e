"""Turns what can go wrong between us and a gateway's technical API into sentences with a next step.

Text that came from a server is untrusted: it is bounded and made printable before it is part of a message.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from reconciler.model.errors import GkoError
from reconciler.rules.text import printable

_LIMIT = 160
TURN_ON = (
    "check services.core.http of the gateway (enabled, host, port) and this gateway's entry in gko-tui.yaml"
)


class GatewayError(GkoError):
    """A gateway's technical API cannot be reached, or did not answer as one.

    Args:
        gateway: the gateway's name in the configuration.
        pod: which of its pods; empty for the gateway as a whole.
        status: the HTTP status, or None when no answer came.
        reason: a stable one-word cause: `refused`, `timeout`, `tls`, `unauthorized`, `not-found`,
            `credentials`, `protocol`, `server`, `no-pods`, `forward`, `configuration`.
    """

    def __init__(
        self,
        what: str,
        *,
        gateway: str,
        pod: str = "",
        next_step: str = "",
        status: int | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(what, subject=subject_of(gateway, pod), next_step=next_step)
        self.gateway = gateway
        self.pod = pod
        self.status = status
        self.reason = reason


def subject_of(gateway: str, pod: str) -> str:
    """How a pod of a gateway is named in messages and places: `GATEWAY/POD`, or `GATEWAY`."""
    return f"{gateway}/{printable(pod)}" if pod else gateway


def short(text: object) -> str:
    """Make untrusted text fit for one message."""
    cleaned = printable(str(text).strip())
    return cleaned if len(cleaned) <= _LIMIT else cleaned[: _LIMIT - 1] + "…"


def status_failure(gateway: str, pod: str, status: int, content_type: str, path: str) -> GatewayError:
    """Describe an answer whose status says that it failed."""
    what, next_step, reason = (
        f"{path} answered with an error ({status})",
        "look at the gateway's log",
        "server",
    )
    if status == 401:
        what = "the technical API refused the credentials (401)"
        next_step = "set user name and password of this gateway (services.core.http.authentication there)"
        reason = "unauthorized"
    elif status == 403:
        what, next_step, reason = (
            "the technical API refused this user (403)",
            "use another user",
            "unauthorized",
        )
    elif 300 <= status < 400:
        what = f"{path} redirects somewhere else ({status}), as a login page or a proxy does"
        next_step, reason = TURN_ON, "protocol"
    elif status == 404:
        what = f"{path} does not exist there (404)"
        next_step, reason = TURN_ON, "not-found"
    elif "html" in content_type:
        what = f"answered {short(content_type.partition(';')[0])} ({status}) where JSON is expected"
        next_step, reason = TURN_ON, "protocol"
    return GatewayError(what, gateway=gateway, pod=pod, next_step=next_step, status=status, reason=reason)


def unexpected(gateway: str, pod: str, what: str, *, status: int = 200) -> GatewayError:
    """Describe an answer that no technical API gives."""
    return GatewayError(what, gateway=gateway, pod=pod, next_step=TURN_ON, status=status, reason="protocol")


def transport_failure(gateway: str, pod: str, error: BaseException, seconds: float) -> GatewayError:
    """Describe why no answer came.

    Args:
        gateway: the gateway's name.
        pod: the pod's.
        error: what httpx, httpcore or asyncio raised.
        seconds: the time limit that applied.
    """
    name = type(error).__name__
    causes = list(_causes(error))
    told = next((cause for cause in causes if isinstance(cause, GkoError)), None)
    if told is not None:
        return GatewayError(
            told.what,
            gateway=gateway,
            pod=pod,
            next_step=told.next_step,
            status=getattr(told, "status", None),
            reason="forward",
        )
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return GatewayError(
            f"did not answer in time ({seconds:g} s)",
            gateway=gateway,
            pod=pod,
            next_step="look at the gateway's load and log; it is asked again",
            reason="timeout",
        )
    broken = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if broken is not None:
        words = getattr(broken, "verify_message", "") or broken.reason or "no reason given"
        return GatewayError(
            f"TLS with the technical API failed: {short(words)}",
            gateway=gateway,
            pod=pod,
            next_step="check the certificate, its name and whether this port speaks TLS",
            reason="tls",
        )
    refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
    if refused or name == "ConnectError":
        what = "refused the connection" if refused else f"cannot be reached: {short(causes[-1])}"
        return GatewayError(what, gateway=gateway, pod=pod, next_step=TURN_ON, reason="refused")
    return GatewayError(
        "the connection broke before the answer was complete",
        gateway=gateway,
        pod=pod,
        next_step="it is asked again; look at the gateway's log if it stays so",
        reason="refused",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, the outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
