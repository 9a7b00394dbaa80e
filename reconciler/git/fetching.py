"""The child process that talks to a Git server: reads one request on stdin, fetches into a bare mirror.

It is a process of its own because libgit2 keeps certificate authorities, the home folder and time limits
for a whole process, and because a hanging server can only be left by ending the process. It is started as
a script (see `remote`), imports nothing of this package, and prints one line of JSON: what came of it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pygit2
from pygit2.enums import CredentialType

_KEY_TYPES = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_KEPT = "refs/gko-tui/kept/"


class Refused(Exception):
    """A callback of ours said no; `cause` is the word the parent looks for."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(detail or cause)
        self.cause = cause


class Callbacks(pygit2.RemoteCallbacks):
    """Answers libgit2's questions from the request, each credential once."""

    def __init__(self, request: dict[str, Any]) -> None:
        super().__init__()
        self._request = request
        self._https = request["url"].startswith(("https:", "http:"))
        self._attempts = list(self._ways_in())
        self.alive_at = time.monotonic()

    def _ways_in(self) -> list[Any]:
        request = self._request
        user = request["username"] or "git"
        if self._https:
            password = request["password"]
            return [pygit2.UserPass(user, password)] if password is not None else []
        if request["ssh_key"]:
            return [pygit2.Keypair(user, None, request["ssh_key"], request["passphrase"] or "")]
        ways: list[Any] = [pygit2.KeypairFromAgent(user)] if request["agent"] else []
        for key in request["default_keys"]:
            ways.append(pygit2.Keypair(user, None, key, ""))
        return ways

    def credentials(
        self,
        url: str,
        username_from_url: str | None,
        allowed_types: CredentialType,
    ) -> Any:
        """The next way in that is left."""
        self.alive_at = time.monotonic()
        if allowed_types & CredentialType.USERNAME and not allowed_types & CredentialType.SSH_KEY:
            return pygit2.Username(self._request["username"] or username_from_url or "git")
        if self._https and not _same_place(url, self._request["url"]):
            # A redirect to somewhere else: the token is for the host that was named.
            raise Refused("redirect", f"{urlsplit(url).scheme}://{_host(url)}")
        while self._attempts:
            attempt = self._attempts.pop(0)
            if attempt.credential_type & allowed_types:
                return attempt
        raise Refused("credentials")

    def certificate_check(
        self,
        certificate: None,  # noqa: ARG002
        valid: bool,
        host: bytes,  # noqa: ARG002
    ) -> bool:
        """TLS: as OpenSSL judged, unless told otherwise. SSH: only a host of known_hosts."""
        self.alive_at = time.monotonic()
        if self._https:
            if not valid and not self._request["insecure"]:
                raise Refused("certificate")
        elif not valid:
            raise Refused("host-key")
        return True

    def sideband_progress(self, string: str) -> None:  # noqa: ARG002
        """The server is at work."""
        self.alive_at = time.monotonic()

    def transfer_progress(self, stats: Any) -> None:  # noqa: ARG002
        """Objects arrive."""
        self.alive_at = time.monotonic()


def _same_place(url: str, named: str) -> bool:
    downgraded = named.startswith("https:") and not url.startswith("https:")
    return _host(url) == _host(named) and not downgraded


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def main() -> int:
    """Fetch what the request on stdin asks for; always ends with one line on stdout."""
    request = json.loads(sys.stdin.read())
    callbacks = Callbacks(request)
    threading.Thread(target=_watch, args=(callbacks, request["stall_s"]), daemon=True).start()
    try:
        with tempfile.TemporaryDirectory(prefix="gko-tui-ssh-") as home:
            _settings(request, Path(home))
            _fetch(request, callbacks)
    except Refused as error:
        return _say({"cause": error.cause, "message": str(error)})
    except Exception as error:
        return _say({"cause": "git", "message": str(error)})
    return _say({"cause": ""})


def _say(answer: dict[str, Any]) -> int:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0


def _watch(callbacks: Callbacks, stall_s: float) -> None:
    while time.monotonic() - callbacks.alive_at < stall_s:
        time.sleep(min(1.0, stall_s / 4))
    _say({"cause": "stalled", "message": f"no sign of life for {stall_s:g} s"})
    os._exit(0)  # the main thread sits in a C call that nothing interrupts


def _settings(request: dict[str, Any], home: Path) -> None:
    pygit2.settings.server_connect_timeout = int(request["connect_s"] * 1000)
    pygit2.settings.server_timeout = int(request["stall_s"] * 1000)
    if request["ca_file"]:
        pygit2.settings.set_ssl_cert_locations(request["ca_file"], None)
    if not request["url"].startswith(("https:", "http:", "file:", "git:")):
        (home / ".ssh").mkdir(mode=0o700)
        # libssh2 refuses a whole file for one line it does not know (certificate authorities, FIDO keys).
        lines = [line for file in request["known_hosts"] for line in _host_lines(Path(file))]
        (home / ".ssh" / "known_hosts").write_bytes(b"\n".join([*lines, b""]))
        pygit2.settings.homedir = str(home)


def _host_lines(file: Path) -> list[bytes]:
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [
        line
        for line in lines
        if len(parts := line.split()) >= 3 and parts[1].decode("ascii", "replace") in _KEY_TYPES
    ]


def _fetch(request: dict[str, Any], callbacks: Callbacks) -> None:
    repository = pygit2.Repository(request["mirror"])
    before = _tips(repository)
    remote = repository.remotes.create_anonymous(request["url"])
    remote.fetch(request["refspecs"], callbacks=callbacks, proxy=request["proxy"] or True)
    heads = {head.name: head for head in remote.list_heads(connect=False)}
    for name in before:
        if name not in heads:
            repository.references.delete(name)
    head = heads.get("HEAD")
    if head is not None:
        _point_head(repository, head)
    _keep_forced_away(repository, before)


def _tips(repository: Any) -> dict[str, Any]:
    names = (raw.decode("utf-8", "surrogateescape") for raw in repository.raw_listall_references())
    return {
        name: repository.lookup_reference(name).target
        for name in names
        if name.startswith(("refs/heads/", "refs/tags/"))
    }


def _point_head(repository: Any, head: Any) -> None:
    if head.symref_target:
        repository.set_head(head.symref_target)
        return
    for name, target in _tips(repository).items():  # a server that does not say: the branch of that commit
        if target == head.oid and name.startswith("refs/heads/"):
            repository.set_head(name)
            return
    repository.set_head(head.oid)


def _keep_forced_away(repository: Any, before: dict[str, Any]) -> None:
    """Hold on to commits that no branch reaches any more: pins and rollbacks may need them."""
    now = _tips(repository)
    for name, old in before.items():
        if not name.startswith("refs/heads/") or now.get(name) == old:
            continue
        new = now.get(name)
        if new is None or not repository.descendant_of(new, old):
            repository.references.create(f"{_KEPT}{old}", old, force=True)


if __name__ == "__main__":
    sys.exit(main())
