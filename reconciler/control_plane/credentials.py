"""Where credentials come from: variables, files, commands, a ManagementContext's Secret. Read when needed.

They never stand in the configuration's text, and nothing here has them in a repr or a message.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.places import Login, LoginSource

if TYPE_CHECKING:
    from reconciler.settings.model import ControlPlane, ControlPlaneAuth

COMMAND_S = 30.0
MAX_SECRET = 64 * 1024


class Authorization:
    """Gives the header `Authorization`: the first login at first; after a 401 read anew, then the next one.

    Args:
        name: the control plane's, the subject of errors.
        logins: the ways to log in, the preferred one first; none means that nothing is sent.
    """

    def __init__(self, name: str, logins: Sequence[LoginSource]) -> None:
        self._name = name
        self._logins = tuple(logins)
        self._at = 0
        self._value: str | None = None
        self._lock = asyncio.Lock()

    async def header(self) -> str:
        """Return the header's value; empty for none.

        Raises:
            ControlPlaneError: reason `credentials`: a variable, file, command or Secret gives nothing to use.
        """
        if not self._logins:
            return ""
        async with self._lock:
            if self._value is None:
                self._value = await self._first_usable()
            return self._value

    async def renewed(self, refused: str) -> bool:
        """After a 401: read them again, or go on to the next login; say whether there is another to try.

        When all were refused, the next request begins with the first one again.
        """
        if not refused:
            return False
        async with self._lock:
            if self._value not in (None, refused):
                return True  # another request has renewed them meanwhile
            self._value = None
            again = await self._read(self._at)
            if again != refused:
                self._value = again
                return True
            self._at = (self._at + 1) % len(self._logins)
            if self._at == 0:
                return False
            self._value = await self._first_usable()
            return self._value != refused

    async def _first_usable(self) -> str:
        """The first login from here on that gives something; the first one's error if none does."""
        told: ControlPlaneError | None = None
        for at in range(self._at, len(self._logins)):
            try:
                value = await self._read(at)
            except ControlPlaneError as error:
                told = told or error
                continue
            self._at = at
            return value
        self._at = 0
        assert told is not None
        raise told

    async def _read(self, at: int) -> str:
        return header_of(self._name, await self._logins[at]())


def header_of(name: str, login: Login) -> str:
    """The header's value for a login; a token wins, as in GKO (DOMAIN §4.1).

    Raises:
        ControlPlaneError: reason `credentials`: it is empty or holds what no header may hold.
    """
    if login.token:
        if not login.token.isascii() or not login.token.isprintable() or " " in login.token:
            raise nothing(name, "the token holds a line break, a blank or a control character", "correct it")
        return f"Bearer {login.token}"
    if not login.username or not login.password:
        missing = "user name" if not login.username else "password"
        raise nothing(name, f"the {missing} is missing", "give both, or a token")
    if ":" in login.username:
        raise nothing(name, "the user name holds a colon", "HTTP Basic cannot carry it; use a token")
    pair = f"{login.username}:{login.password}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def login_from_settings(spec: ControlPlane, environ: Mapping[str, str]) -> LoginSource:
    """How a declared control plane is logged in to; read anew at each call."""
    auth = spec.auth
    assert auth is not None

    async def login() -> Login:
        return await _declared(spec.name, auth, environ)

    return login


async def _declared(name: str, auth: ControlPlaneAuth, environ: Mapping[str, str]) -> Login:
    if auth.token_env:
        return Login(token=_variable(name, auth.token_env, environ))
    if auth.token_file:
        return Login(token=await asyncio.to_thread(_file, name, auth.token_file))
    if auth.token_command:
        return Login(token=await _command(name, auth.token_command, environ))
    username = _variable(name, auth.username_env, environ) if auth.username_env else auth.username or ""
    if auth.password_env:
        return Login(username=username, password=_variable(name, auth.password_env, environ))
    if auth.password_file:
        return Login(username=username, password=await asyncio.to_thread(_file, name, auth.password_file))
    raise nothing(name, "`auth` names no credentials", "set token_env, or username and password_env")


def _variable(name: str, variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable, "").strip("\r\n")
    if not value:
        raise nothing(name, f"the variable {variable} is not set", f"set {variable} where gko-tui is started")
    return value


def _file(name: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            value = file.read(MAX_SECRET).strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise nothing(name, f"{path} cannot be read: {why}", "correct the file named below `auth`") from None
    if not value:
        raise nothing(name, f"{path} is empty", "put the token or password into it")
    return value


async def _command(name: str, argv: tuple[str, ...], environ: Mapping[str, str]) -> str:
    advice = "run it by hand to see what it says"
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environ),
        )
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise nothing(name, f"the command {argv[0]} cannot be started: {why}", advice) from None
    try:
        async with asyncio.timeout(COMMAND_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise nothing(name, f"the command {argv[0]} took more than {COMMAND_S:g} s", advice) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise nothing(name, f"the command {argv[0]} ended with code {process.returncode}", advice)
    value = output[:MAX_SECRET].decode("utf-8", "replace").strip("\r\n")
    if not value:
        raise nothing(name, f"the command {argv[0]} printed nothing", advice)
    return value


def nothing(name: str, what: str, next_step: str) -> ControlPlaneError:
    """Say that no credentials can be had."""
    return ControlPlaneError(what, control_plane=name, next_step=next_step, reason="credentials")
