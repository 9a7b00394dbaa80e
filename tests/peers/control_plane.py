"""A real Kubernetes control plane for a test: etcd and kube-apiserver, on loopback, in a temporary folder.

    with KubeControlPlane() as cluster:
        cluster.apply_crds([folder_of_crds])
        cluster.kubeconfig(tmp_path / "kubeconfig", namespace="team-a")

There are no nodes and, unless asked for, no controllers: what is written stays as written. So a deleted
namespace stays in `Terminating`, and owners' deletions do not cascade; `start_controllers` changes that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx

from tests.peers.access import ClusterAccess
from tests.peers.build import peer_binary
from tests.peers.certificates import Authority, write_signing_key
from tests.peers.commands import apiserver_command, controllers_command, etcd_command
from tests.peers.processes import ServerFailed, ServerProcess, free_port
from tests.peers.users import VIEWER_RULES

_START_ATTEMPTS = 3
_IN_USE = "address already in use"


class KubeControlPlane(ClusterAccess):
    """One cluster, from `start` (or `with`) to `stop`.

    Args:
        name: the name of its kubeconfig context, and what messages call it.
        folder: where its certificates and logs go, and stay; None means a temporary folder.
        users: further users and their groups, beside `users.SPARE_USERS`.
        apiserver_flags: further flags for kube-apiserver, such as `--audit-log-path=…`.
        timeout: seconds that a start may take; 2 cores under load can be many times slower than usual.
    """

    def __init__(
        self,
        name: str = "peer",
        *,
        folder: Path | None = None,
        users: Mapping[str, Sequence[str]] | None = None,
        apiserver_flags: Sequence[str] = (),
        timeout: float = 60.0,
    ) -> None:
        super().__init__(name, users or {})
        self.timeout = timeout
        self._given_folder = folder
        self._folder: Path | None = None
        self._flags = tuple(apiserver_flags)
        self._etcd: ServerProcess | None = None
        self._apiserver: ServerProcess | None = None
        self._controllers: ServerProcess | None = None
        self._etcd_url = ""

    # -- what it is ----------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The folder of its data, certificates and logs."""
        if self._folder is None:
            raise RuntimeError("the control plane is not running")
        return self._folder

    @property
    def server_pids(self) -> dict[str, int]:
        """The process ids of its servers, by name."""
        return {server.name: server.pid for server in self._servers()}

    @property
    def keeper_pids(self) -> dict[str, int]:
        """The process ids of the servers' keepers, by the name of the server."""
        return {server.name: server.keeper_pid for server in self._servers()}

    # -- from start to stop --------------------------------------------------------------------------

    def start(self) -> Self:
        """Start both servers and wait until they are ready; leave nothing running if that fails.

        Raises:
            PeerUnavailable: a binary is missing.
            ServerFailed: a server ended or did not become ready; the message shows the end of its log.
        """
        if self._folder is not None:
            raise RuntimeError("the control plane is running already")
        for name in ("etcd", "kube-apiserver"):
            peer_binary(name)  # say that one is missing before anything is started
        try:
            self._prepare_folder()
            for attempt in range(1, _START_ATTEMPTS + 1):
                try:
                    self._start_etcd()
                    self._port = free_port()
                    self.start_apiserver()
                    break
                except ServerFailed as problem:
                    # Between choosing a port and using it, another cluster may have been faster.
                    if attempt == _START_ATTEMPTS or _IN_USE not in str(problem):
                        raise
                    self._end_servers()
            self.grant("viewer", VIEWER_RULES)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the servers at once; the data goes, and a temporary folder, too. Harmless when repeated."""
        self._end_servers()
        if self._folder is not None and self._given_folder is None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_apiserver(self) -> None:
        """Start the API server after `stop_apiserver`, on the same port, and wait until it is ready."""
        if self._apiserver is not None:
            return
        self._users.write(self.folder / "tokens.csv")
        command = apiserver_command(
            peer_binary("kube-apiserver"), self.folder, self._port, self._etcd_url, self._flags
        )
        self._apiserver = ServerProcess("kube-apiserver", command, self.folder / "kube-apiserver.log")
        client = self.client()
        # The namespace `default` comes a moment after readiness.
        paths = ("/readyz", "/api/v1/namespaces/default")
        self._wait(self._apiserver, lambda: all(_says_ok(client, path) for path in paths))

    def stop_apiserver(self, *, crash: bool = False) -> None:
        """End the API server alone; etcd keeps the data.

        Args:
            crash: kill it, instead of letting it end its requests (which takes about a second).
        """
        if self._apiserver is not None:
            (self._apiserver.kill if crash else self._apiserver.stop)()
            self._apiserver = None

    def restart_apiserver(self, *, crash: bool = False) -> None:
        """Stop and start the API server: the URL, the tokens and the data stay, open watches end."""
        self.stop_apiserver(crash=crash)
        self.start_apiserver()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend the API server for a while: connections to it open, and nothing is answered."""
        if self._apiserver is None:
            raise RuntimeError("the API server is not running")
        pid = self._apiserver.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def start_controllers(self, *names: str) -> None:
        """Start kube-controller-manager with some of its controllers.

        Args:
            names: none means those that end deletions: of namespaces, and of what they or owners held.

        Raises:
            PeerUnavailable: it has not been built.
        """
        names = names or ("namespace-controller", "garbage-collector-controller")
        kubeconfig = self.kubeconfig(self.folder / "controllers.kubeconfig")
        port = free_port()
        command = controllers_command(
            peer_binary("kube-controller-manager"), self.folder / "controllers", kubeconfig, port, names
        )
        self._controllers = ServerProcess(
            "kube-controller-manager", command, self.folder / "kube-controller-manager.log"
        )
        # Its certificate is one that it signed itself.
        with httpx.Client(verify=False, trust_env=False) as client:
            self._wait(self._controllers, lambda: _says_ok(client, f"https://127.0.0.1:{port}/healthz"))

    # -- the steps of a start ------------------------------------------------------------------------

    def _prepare_folder(self) -> None:
        folder = self._given_folder
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix=f"gko-tui-{self.name}-"))
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._certificates.clear()
        self._authority = Authority(folder)
        self._authority.server("server", ["127.0.0.1", "localhost", "::1", "kubernetes.default.svc"])
        write_signing_key(folder / "service-accounts.key")

    def _start_etcd(self) -> None:
        self._etcd_url, peer_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        # etcd reserves 64 MB and more, however little it holds, so that its data does not outlive it.
        data = Path(tempfile.mkdtemp(prefix="etcd-", dir=self.folder))
        command = etcd_command(peer_binary("etcd"), data, self._etcd_url, peer_url)
        self._etcd = ServerProcess("etcd", command, self.folder / "etcd.log", grace=0, scratch=data)
        with httpx.Client(trust_env=False) as client:
            self._wait(self._etcd, lambda: _says_ok(client, f"{self._etcd_url}/health"))

    def _wait(self, server: ServerProcess, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.timeout
        while not ready():
            server.check()
            if time.monotonic() > deadline:
                raise ServerFailed(f"{server.name} was not ready after {self.timeout:g} s", server.log)
            time.sleep(0.03)

    def _servers(self) -> list[ServerProcess]:
        """The running ones, those that need the others first."""
        return [server for server in (self._controllers, self._apiserver, self._etcd) if server is not None]

    def _end_servers(self) -> None:
        servers = self._servers()
        self._controllers = self._apiserver = self._etcd = None
        self._forget_clients()
        for server in servers:
            server.kill()


def _says_ok(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
