"""Git servers and sources for the tests of private repositories."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from reconciler.git.source import GitSource
from reconciler.settings.model import GitAuth, Source
from reconciler.settings.paths import StatePaths
from tests.integration.git.servers import (
    ConnectProxy,
    GitHttpServer,
    SshAgent,
    SshServer,
    find_sshd,
)
from tests.peers.certificates import Authority, Pair
from tests.unit.git.repository import Repo, manifest

MakeSource = Callable[..., GitSource]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one commit, below the folder that the servers serve."""
    made = Repo(tmp_path / "served" / "apis.git")
    made.commit({"apis/one.yaml": manifest("one")})
    return made


@pytest.fixture
def make_source(tmp_path: Path) -> MakeSource:
    """Give `make_source(url, environ={}, ref=None, **auth)`: a source with an empty home of its own."""

    def make(
        url: str, *, environ: dict[str, str] | None = None, ref: str | None = None, **auth: Any
    ) -> GitSource:
        home = tmp_path / "nobody"
        home.mkdir(exist_ok=True)
        spec = Source(name="apis", url=url, ref=ref, auth=GitAuth(**auth) if auth else None)
        env = {"PATH": os.environ["PATH"], "HOME": str(home), **(environ or {})}
        paths = StatePaths(tmp_path / "state", tmp_path / "cache")
        return GitSource(spec, paths, cache=None, environ=env, clock=lambda: 0.0)

    return make


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "authority"
    folder.mkdir()
    return Authority(folder)


@pytest.fixture
def tls(authority: Authority) -> Pair:
    return authority.server("git", ["localhost", "127.0.0.1", "git.test"])


@pytest.fixture
def http_server(repo: Repo, tls: Pair, closing: ExitStack) -> Callable[..., GitHttpServer]:
    """Give `http_server(tls=False, credentials=None)`."""
    if shutil.which("git") is None:
        pytest.skip("git is not on PATH: no smart HTTP server can be played")

    def start(*, secure: bool = False, credentials: tuple[str, str] | None = None) -> GitHttpServer:
        server = GitHttpServer(repo.path.parent, tls=tls if secure else None, credentials=credentials)
        closing.callback(server.close)
        return server

    return start


@pytest.fixture
def proxy(closing: ExitStack) -> ConnectProxy:
    made = ConnectProxy()
    closing.callback(made.close)
    return made


@pytest.fixture
def ssh_server(tmp_path: Path, closing: ExitStack) -> SshServer:
    sshd = find_sshd()
    if sshd is None or shutil.which("ssh-keygen") is None:
        reason = "OpenSSH's server is not installed (apt-get install openssh-server)"
        if os.environ.get("GKO_TUI_REQUIRE_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    server = SshServer(tmp_path / "sshd", sshd)
    closing.callback(server.close)
    return server


@pytest.fixture
def ssh_agent(tmp_path: Path, closing: ExitStack) -> SshAgent:
    if shutil.which("ssh-agent") is None:
        pytest.skip("ssh-agent is not on PATH")
    agent = SshAgent(tmp_path / "agent")
    closing.callback(agent.close)
    return agent
