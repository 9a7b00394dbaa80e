"""A bare mirror on this machine of a repository elsewhere: fetched whole, forced, pruned, kept private.

Credentials reach the child that fetches on its standard input only: never a command line, the mirror's
configuration, or the text of an error.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from reconciler.git.credentials import Access, access_of
from reconciler.git.known_hosts import knows_host
from reconciler.git.process import run_bounded, shown
from reconciler.model.errors import SourceError

if TYPE_CHECKING:
    import pygit2

    from reconciler.settings.model import Source
    from reconciler.settings.paths import StatePaths

CONNECT_S: Final = 10.0
STALL_S: Final = 45.0
TOTAL_S: Final = 1800.0
_CHILD: Final = Path(__file__).with_name("fetching.py")
_ENVIRONMENT: Final = (
    "PATH", "HOME", "SSH_AUTH_SOCK", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "XDG_CONFIG_HOME",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
    "NO_PROXY", "all_proxy", "ALL_PROXY", "TMPDIR",
)  # fmt: skip
_SCP_LIKE: Final = re.compile(r"^(?:(?P<user>[^@/:]+)@)?(?P<host>[^@/:]+):(?!//)(?P<path>.+)$")


class Address:
    """A Git URL taken apart: `url` has no credentials in it; `shown` is fit for people."""

    def __init__(self, url: str) -> None:
        self.username: str | None = None
        self.password: str | None = None
        self.port: int | None = None
        scp = _SCP_LIKE.match(url)
        if scp is not None:
            self.scheme, self.host, self.username = "ssh", scp["host"], scp["user"]
            self.url = url
        else:
            parts = urlsplit(url)
            self.scheme, self.host = parts.scheme, parts.hostname or ""
            self.username = unquote(parts.username) if parts.username else None
            self.password = unquote(parts.password) if parts.password else None
            self.port = parts.port
            bare = parts.netloc.rpartition("@")[2]
            keep_user = self.scheme == "ssh" and parts.username
            self.url = urlunsplit(parts._replace(netloc=f"{parts.username}@{bare}" if keep_user else bare))
        self.shown = self.url


class Mirror:
    """The mirror of one source.

    Args:
        spec: URL, ref and credentials.
        paths: the mirror stands below `paths.state / "mirrors"`.
        environ: where credentials, proxies and the SSH agent are named.
    """

    def __init__(self, spec: Source, paths: StatePaths, *, environ: Mapping[str, str]) -> None:
        assert spec.url is not None
        self._spec = spec
        self._environ = environ
        self._address = Address(spec.url)
        digest = blake2b(self._address.url.encode(), digest_size=8).hexdigest()
        stem = re.sub(r"[^A-Za-z0-9]+", "-", self._address.url.rpartition("/")[2].removesuffix(".git"))[:40]
        self.path = paths.state / "mirrors" / f"{stem.strip('-') or 'mirror'}-{digest}.git"
        self._lock = threading.Lock()

    def open(self) -> pygit2.Repository:
        """Open what the last fetch left.

        Raises:
            SourceError: nothing was ever fetched, or the mirror is damaged.
        """
        import pygit2

        if not (self.path / "HEAD").exists():
            raise self._error("nothing was fetched yet", "see why fetching fails")
        try:
            return pygit2.Repository(str(self.path))
        except pygit2.GitError as error:
            raise self._error(
                f"its mirror on this machine is damaged ({error})", f"delete {self.path}; it is fetched anew"
            ) from error

    def fetch(self) -> None:
        """Bring the mirror to what the remote has now: branches forced and pruned, tags, HEAD.

        Raises:
            SourceError: each reason in its own words: address, host key, certificate, credentials, time.
        """
        with self._lock, self._only_process():
            self._prepare()
            access = access_of(self._spec.auth, self._address, self._environ, subject=self._spec.name)
            answer = self._run(access)
        if answer["cause"]:
            raise self._explained(answer["cause"], shown(answer["message"].encode(), access.secrets), access)

    def _prepare(self) -> None:
        import pygit2

        if not (self.path / "HEAD").exists():
            pygit2.init_repository(str(self.path), bare=True)
            self.path.chmod(0o700)

    @contextmanager
    def _only_process(self) -> Iterator[None]:
        """Hold the mirror against other processes of this user."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.parent.chmod(0o700)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform != "win32":
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _run(self, access: Access) -> dict[str, str]:
        refspecs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
        ref = self._spec.ref
        if ref is not None and ref.startswith("refs/") and not ref.startswith(("refs/heads/", "refs/tags/")):
            refspecs.append(f"+{ref}:{ref}")
        request: dict[str, Any] = {
            "mirror": str(self.path),
            "url": self._address.url,
            "refspecs": refspecs,
            "connect_s": CONNECT_S,
            "stall_s": STALL_S,
            **access.request(),
        }
        env = {name: self._environ[name] for name in _ENVIRONMENT if name in self._environ}
        ended = run_bounded(
            [sys.executable, "-P", str(_CHILD)],
            cwd=self.path,
            env=env,
            timeout_s=TOTAL_S,
            max_bytes=64 * 1024,
            stdin=json.dumps(request).encode(),
        )
        if ended.cause == "timeout":
            return {"cause": "stalled", "message": f"not done within {TOTAL_S:g} s"}
        try:
            answer: dict[str, str] = json.loads(ended.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            return {"cause": "git", "message": shown(ended.stderr, access.secrets) or "the fetch crashed"}
        return answer

    def _error(self, what: str, next_step: str) -> SourceError:
        return SourceError(f"{what} ({self._address.shown})", subject=self._spec.name, next_step=next_step)

    def _explained(self, cause: str, message: str, access: Access) -> SourceError:
        address, words = self._address, message.lower()
        if cause == "host-key":
            return self._host_key(access)
        if cause == "certificate" or ("certificate" in words and address.scheme == "https"):
            return self._error(
                f"the certificate of {address.host} is not trusted",
                "name the authority that issued it in auth.ca_file",
            )
        if cause == "redirect":
            return self._error(
                f"{address.host} redirects to {message}, which asks for credentials",
                f"if {message} may have them, name it in the source's url",
            )
        if cause == "credentials" or any(sign in words for sign in _REFUSED):
            return self._refused(message, access)
        return self._by_words(cause, message)

    def _by_words(self, cause: str, message: str) -> SourceError:
        address, words = self._address, message.lower()
        if cause == "stalled" or "timed out" in words or "timeout" in words:
            return self._error(
                f"{address.host} does not answer in time ({message})",
                "check the network, or set auth.proxy",
            )
        for signs, what, next_step in _REASONS:
            if any(sign in words for sign in signs):
                return self._error(f"{what.format(host=address.host)} ({message})", next_step)
        return self._error(f"fetching failed: {message}", "try git ls-remote with the same URL")

    def _host_key(self, access: Access) -> SourceError:
        host, port = self._address.host, self._address.port
        files = " or ".join(access.known_hosts)
        if knows_host(access.known_hosts, host, port):
            return self._error(
                f"the host key of {host} is not the one in {files}",
                "if the server's key was changed on purpose, replace the line; if not, do not connect",
            )
        scan = f"ssh-keyscan {f'-p {port} ' if port else ''}{host}"
        return self._error(
            f"the host key of {host} is unknown", f"check the output of {scan} and add it to {files}"
        )

    def _refused(self, message: str, access: Access) -> SourceError:
        if not access.offered:
            return self._error(
                f"{self._address.host} asks for credentials",
                "set auth.ssh_key or start an SSH agent"
                if self._address.scheme == "ssh"
                else "set auth.token_env, auth.token_file or auth.token_command",
            )
        return self._error(
            f"{self._address.host} refused {access.offered} ({message})",
            "check that it is valid and may read this repository",
        )


_REFUSED: Final = (
    "authentication", "401", "403", "combination invalid", "authenticate", "unable to extract public key",
    "passphrase", "callback returned unsupported", "publickey", "username/password",
)  # fmt: skip
_REASONS: Final = (
    (("407", "proxy"), "the proxy in front of {host} refused", "check the proxy and its credentials"),
    (
        ("resolve address", "name or service", "getaddrinfo"),
        "{host} has no address",
        "check the URL and the DNS",
    ),
    (
        ("failed to connect", "connection refused", "no route", "unreachable", "could not connect"),
        "{host} cannot be reached",
        "check host, port, firewall and proxy",
    ),
    (
        ("404", "not found", "does not appear", "could not find repository", "no such file"),
        "there is no such repository at {host}, or it may not be seen with these credentials",
        "check the URL and the token's rights",
    ),
)
