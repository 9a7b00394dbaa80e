"""The credentials of a request, whatever they come from: the client only asks for the current ones.

Nothing here is ever logged or shown; the classes have no fields in their repr.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reconciler.cluster.endpoint import ClientCertificate, Endpoint, UserSpec
from reconciler.model.errors import ClusterError

if TYPE_CHECKING:
    from reconciler.settings.model import Cluster

TOKEN_FILE_REREAD_S = 60.0
"""How long the content of a token file is used before it is read again, as client-go does."""


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """What one request carries: the value of Authorization (or nothing), and a client certificate."""

    authorization: str = ""
    certificate: ClientCertificate | None = None
    expires_at: float | None = None
    """Seconds since the epoch; None where it is not known."""


class Credentials(Protocol):
    """Where credentials come from. `advice` is the next step when the server refuses them."""

    advice: str

    async def current(self) -> Credential:
        """Return what to use now.

        Raises:
            ClusterError: reason `credentials`: there is nothing to use.
        """

    async def refresh(self, refused: Credential) -> bool:
        """After a 401: get new ones if that is possible; say whether a second try makes sense."""


@dataclass(repr=False)
class FixedCredentials:
    """A token, certificate or password that stands in the kubeconfig."""

    credential: Credential
    advice: str

    async def current(self) -> Credential:
        """Return the one credential there is."""
        return self.credential

    async def refresh(self, refused: Credential) -> bool:
        """Nothing can be renewed from here."""
        return self.credential is not refused


@dataclass(repr=False)
class TokenFile:
    """A token that something else keeps fresh in a file: a pod's service account, a login agent."""

    subject: str
    path: Path
    fallback: str
    certificate: ClientCertificate | None
    clock: Callable[[], float]
    advice: str = ""
    _credential: Credential | None = field(default=None, init=False)
    _read_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.advice = f"renew the token in {self.path}"

    async def current(self) -> Credential:
        """Return the file's token, read again when a minute has passed."""
        aged = abs(self.clock() - self._read_at) >= TOKEN_FILE_REREAD_S
        if self._credential is None or aged:
            self._read()
        assert self._credential is not None
        return self._credential

    async def refresh(self, refused: Credential) -> bool:
        """Read the file again: a new token may have been put there since."""
        self._read()
        return self._credential is not None and self._credential.authorization != refused.authorization

    def _read(self) -> None:
        try:
            token = self.path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            token, why = "", getattr(error, "strerror", None) or "it is not text"
        else:
            why = "it is empty"
        if not token and self._credential is not None:
            return  # being rewritten at this moment: the last one is the better guess
        if not (token or self.fallback) or not token.isprintable():
            raise ClusterError(
                f"the token file cannot be used: {why if not token else 'it holds more than a token'}",
                subject=f"{self.subject}: {self.path}",
                next_step=self.advice,
                reason="credentials",
            )
        self._credential = Credential(f"Bearer {token or self.fallback}", self.certificate)
        self._read_at = self.clock()


def credentials_of(
    spec: Cluster, endpoint: Endpoint, environ: Mapping[str, str], clock: Callable[[], float]
) -> Credentials:
    """Choose where the credentials of an endpoint's user come from.

    Raises:
        ConfigurationError: an exec plugin or auth-provider is configured in a way that cannot work.
    """
    user = endpoint.user
    if user.token_file is not None:
        return TokenFile(spec.name, user.token_file, user.token, user.certificate, clock)
    if user.exec_plugin is not None and not user.token:
        from reconciler.cluster.exec_plugin import ExecCredentials

        return ExecCredentials.configured(spec.name, endpoint, environ, clock)
    if user.auth_provider is not None and not (user.token or user.username):
        from reconciler.cluster.exec_plugin import ExecCredentials

        return ExecCredentials.with_provider(spec.name, endpoint, environ, clock)
    return FixedCredentials(Credential(_authorization(user), user.certificate), _fixed_advice(endpoint))


def _authorization(user: UserSpec) -> str:
    if user.token:
        return f"Bearer {user.token}"
    if user.username:
        pair = f"{user.username}:{user.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"
    return ""


def _fixed_advice(endpoint: Endpoint) -> str:
    user = endpoint.user
    what = "token" if user.token else "password" if user.username else "client certificate"
    if not (user.token or user.username or user.certificate):
        return f"the user of {endpoint.subject} has no credentials: log in with the tool that wrote it"
    return f"the {what} may have expired: renew it in {endpoint.subject}"
