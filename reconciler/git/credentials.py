"""From what the settings name (a variable, a file, a command, a key) to what a Git server is offered.

Values live in memory for the time of one fetch. `secrets` says what has to be covered in any text.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.git.process import run_bounded, shown
from reconciler.model.errors import SourceError

if TYPE_CHECKING:
    from reconciler.settings.model import GitAuth

_TOKEN_COMMAND_S: Final = 30.0
_DEFAULT_KEYS: Final = ("id_ed25519", "id_ecdsa", "id_rsa")
_SYSTEM_KNOWN_HOSTS: Final = "/etc/ssh/ssh_known_hosts"


class Addressed(Protocol):
    """What of an address matters here."""

    scheme: str
    host: str
    username: str | None
    password: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """Everything that one fetch may offer or must check. Its values are never printed."""

    username: str | None = None
    password: str | None = None
    ssh_key: str | None = None
    passphrase: str | None = None
    agent: bool = False
    default_keys: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()
    ca_file: str | None = None
    proxy: str | None = None
    insecure: bool = False
    offered: str = ""
    """What is offered, in words; empty for nothing."""
    secrets: Mapping[str, str] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """The part of the child's request that is about access."""
        names = (
            "username", "password", "ssh_key", "passphrase", "agent", "default_keys", "known_hosts",
            "ca_file", "proxy", "insecure",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def access_of(
    auth: GitAuth | None, address: Addressed, environ: Mapping[str, str], *, subject: str
) -> Access:
    """Gather the credentials for one fetch.

    Args:
        auth: what the settings name; None for defaults (SSH agent, default keys, proxy of the environment).
        address: where they go.
        environ: the environment that variables are read from.
        subject: the source's name, for errors.

    Raises:
        SourceError: a named variable, file or command gives nothing.
    """
    if address.scheme == "ssh":
        return _ssh(auth, address, environ, subject)
    token, offered = _token(auth, environ, subject)
    if token is None and address.password:
        token, offered = address.password, "the password of its URL"
    username = (auth.username if auth is not None else None) or address.username
    secrets = {name: value for name, value in (("token", token), ("password", address.password)) if value}
    _readable(auth.ca_file if auth is not None else None, "ca_file", subject)
    return Access(
        username=username or ("x-access-token" if token is not None else None),
        password=token,
        ca_file=str(auth.ca_file) if auth is not None and auth.ca_file else None,
        proxy=auth.proxy if auth is not None else None,
        insecure=auth.insecure_skip_tls_verify if auth is not None else False,
        offered=offered,
        secrets=secrets | _proxy_secrets(environ),
    )


def _ssh(auth: GitAuth | None, address: Addressed, environ: Mapping[str, str], subject: str) -> Access:
    if auth is not None and auth.proxy:
        raise SourceError(
            "a proxy cannot be used with an SSH URL", subject=subject, next_step="use the https:// URL"
        )
    home = Path(environ.get("HOME") or Path.home())
    key = auth.ssh_key if auth is not None else None
    _readable(key, "ssh_key", subject)
    _readable(auth.known_hosts if auth is not None else None, "known_hosts", subject)
    wants_agent = auth.ssh_agent if auth is not None and auth.ssh_agent is not None else key is None
    if auth is not None and auth.ssh_agent and not environ.get("SSH_AUTH_SOCK"):
        raise SourceError(
            "no SSH agent runs (SSH_AUTH_SOCK is not set)",
            subject=subject,
            next_step="start one with ssh-agent and ssh-add, or set auth.ssh_key",
        )
    agent = wants_agent and bool(environ.get("SSH_AUTH_SOCK"))
    defaults = (
        [] if key or (auth is not None and auth.ssh_agent) else [home / ".ssh" / k for k in _DEFAULT_KEYS]
    )
    present = tuple(str(file) for file in defaults if file.is_file())
    named = auth.known_hosts if auth is not None else None
    hosts = (str(named),) if named else (str(home / ".ssh" / "known_hosts"), _SYSTEM_KNOWN_HOSTS)
    passphrase = _passphrase(auth, environ, subject)
    offered = f"the key {key}" if key else "the keys of the SSH agent" if agent else ""
    if present and not key:
        offered = f"{offered} and the keys in ~/.ssh" if offered else "the keys in ~/.ssh"
    return Access(
        username=(auth.username if auth is not None else None) or address.username,
        ssh_key=str(key) if key else None,
        passphrase=passphrase,
        agent=agent,
        default_keys=present,
        known_hosts=hosts,
        offered=offered,
        secrets={"passphrase": passphrase} if passphrase else {},
    )


def _passphrase(auth: GitAuth | None, environ: Mapping[str, str], subject: str) -> str | None:
    if auth is None or auth.ssh_passphrase_env is None:
        return None
    return _variable(auth.ssh_passphrase_env, environ, subject)


def _token(auth: GitAuth | None, environ: Mapping[str, str], subject: str) -> tuple[str | None, str]:
    if auth is None:
        return None, ""
    if auth.token_env:
        return _variable(auth.token_env, environ, subject), f"the token in {auth.token_env}"
    if auth.token_file:
        _readable(auth.token_file, "token_file", subject)
        return auth.token_file.read_text("utf-8", "replace").strip(), f"the token in {auth.token_file}"
    if auth.token_command:
        return _commanded(auth.token_command, environ, subject), f"the token of {auth.token_command[0]}"
    return None, ""


def _variable(name: str, environ: Mapping[str, str], subject: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SourceError(
            f"the environment variable {name} is not set",
            subject=subject,
            next_step="set it, or correct auth",
        )
    return value


def _commanded(argv: tuple[str, ...], environ: Mapping[str, str], subject: str) -> str:
    try:
        ended = run_bounded(
            argv, cwd=Path.cwd(), env=environ, timeout_s=_TOKEN_COMMAND_S, max_bytes=64 * 1024
        )
    except OSError as error:
        raise SourceError(
            f"the token command {argv[0]} cannot be run ({error.strerror})",
            subject=subject,
            next_step="correct auth.token_command",
        ) from error
    token = ended.stdout.decode("utf-8", "replace").strip()
    if ended.cause == "exit" and ended.code == 0 and token:
        return token
    # Its standard error may hold what it was about to print: only its last line, without its output.
    said = shown(ended.stderr, {"token": token} if token else {})
    why = "took too long" if ended.cause == "timeout" else f"gave no token (exit code {ended.code})"
    raise SourceError(
        f"the token command {argv[0]} {why}{f': {said}' if said else ''}",
        subject=subject,
        next_step="run it by hand",
    )


def _readable(file: Path | None, what: str, subject: str) -> None:
    if file is not None and not (file.is_file() and os.access(file, os.R_OK)):
        raise SourceError(
            f"{file} cannot be read", subject=subject, next_step=f"correct auth.{what} or its permissions"
        )


def _proxy_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    from urllib.parse import urlsplit

    found: dict[str, str] = {}
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        try:
            password = urlsplit(environ.get(name, "")).password
        except ValueError:
            continue
        if password:
            found[f"password of {name}"] = password
    return found
