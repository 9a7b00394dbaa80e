"""The user name and password of a technical API: named in the configuration, read when they are needed.

Passwords come from the environment, a file or a command, never from the configuration's text, and nothing
here has them in a repr or a message. The default of a gateway's own chart is user `admin`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.gateways.failures import GatewayError

COMMAND_S = 30.0
MAX_SECRET = 64 * 1024
DEFAULT_USER = "admin"


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """Where user name and password come from; with none of the three passwords, nothing is sent."""

    username: str = ""
    username_env: str = ""
    password_env: str = ""
    password_file: Path | None = None
    password_command: tuple[str, ...] = ()

    @property
    def anonymous(self) -> bool:
        """Whether no credentials are configured."""
        return not (self.password_env or self.password_file or self.password_command)


class Authorization:
    """Gives the value of the header `Authorization`, read once and again after it was refused.

    Args:
        gateway: the subject of errors.
        auth: where the credentials come from; None for none.
        environ: the environment.
    """

    def __init__(self, gateway: str, auth: BasicAuth | None, environ: Mapping[str, str]) -> None:
        self._gateway = gateway
        self._auth = auth
        self._environ = environ
        self._value: str | None = None
        self._lock = asyncio.Lock()

    async def header(self) -> str:
        """Return the header's value; empty for none.

        Raises:
            GatewayError: reason `credentials`: a variable, file or command gives nothing to use.
        """
        if self._auth is None or self._auth.anonymous:
            return ""
        async with self._lock:
            if self._value is None:
                user = self._user(self._auth)
                password = await self._password(self._auth)
                pair = f"{user}:{password}".encode()
                self._value = f"Basic {base64.b64encode(pair).decode('ascii')}"
            return self._value

    async def renewed(self, refused: str) -> bool:
        """After a 401: read them again; say whether they differ from what was refused."""
        if not refused:
            return False
        async with self._lock:
            if self._value == refused:
                self._value = None
        return await self.header() != refused

    def _user(self, auth: BasicAuth) -> str:
        if auth.username_env:
            return self._variable(auth.username_env)
        return auth.username or DEFAULT_USER

    async def _password(self, auth: BasicAuth) -> str:
        if auth.password_env:
            return self._variable(auth.password_env)
        if auth.password_file is not None:
            return await asyncio.to_thread(self._file, auth.password_file)
        return await self._command(auth.password_command)

    def _variable(self, name: str) -> str:
        value = self._environ.get(name, "")
        if not value:
            raise self._nothing(f"the variable {name} is not set", f"set {name} where gko-tui is started")
        return value

    def _file(self, path: Path) -> str:
        try:
            with path.open(encoding="utf-8") as file:
                value = file.read(MAX_SECRET).strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise self._nothing(f"{path} cannot be read: {why}", "correct password_file") from None
        if not value:
            raise self._nothing(f"{path} is empty", "put the password into it")
        return value

    async def _command(self, argv: tuple[str, ...]) -> str:
        advice = "run it by hand to see what it says"
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=dict(self._environ),
            )
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise self._nothing(f"the command {argv[0]} cannot be started: {why}", advice) from None
        try:
            async with asyncio.timeout(COMMAND_S):
                output, _ = await process.communicate()
        except TimeoutError:
            raise self._nothing(f"the command {argv[0]} took more than {COMMAND_S:g} s", advice) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise self._nothing(f"the command {argv[0]} ended with code {process.returncode}", advice)
        value = output[:MAX_SECRET].decode("utf-8", "replace").strip("\r\n")
        if not value:
            raise self._nothing(f"the command {argv[0]} printed nothing", advice)
        return value

    def _nothing(self, what: str, next_step: str) -> GatewayError:
        return GatewayError(what, gateway=self._gateway, next_step=next_step, reason="credentials")
