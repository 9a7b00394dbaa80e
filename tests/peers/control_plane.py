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
import secrets
import shutil
import signal
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, overload

import httpx

from tests.peers.build import peer_binary
from tests.peers.certificates import Authority, Pair, write_signing_key
from tests.peers.crds import ServedResource, apply_crds
from tests.peers.kubeconfig import Context, inline, kubeconfig_text, write_kubeconfig
from tests.peers.processes import ServerFailed, ServerProcess, free_port

ADMIN = "admin"

# The server reads its users once, at start, so some stand ready for tests that share a cluster:
# `viewer` may read everything, `limited` may do what a test grants it, `nobody` is never granted anything.
SPARE_USERS: Mapping[str, Sequence[str]] = {
    ADMIN: ("system:masters",),
    "viewer": ("gko-tui:viewers",),
    "limited": (),
    "nobody": (),
}

_START_ATTEMPTS = 3
_IN_USE = "address already in use"


class KubeControlPlane:
    """One cluster, from `start` (or `with`) to `stop`.

    Args:
        name: the name of its kubeconfig context, and what messages call it.
        folder: where its data, certificates and logs go; None means a temporary folder, gone at `stop`.
        users: further users and their groups, beside `SPARE_USERS`.
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
        self.name = name
        self.timeout = timeout
        self._given_folder = folder
        self._folder: Path | None = None
        self._users = {**SPARE_USERS, **(users or {})}
        self._tokens = {user: f"{user}-{secrets.token_hex(16)}" for user in self._users}
        self._flags = tuple(apiserver_flags)
        self._authority: Authority | None = None
        self._client_pairs: dict[str, Pair] = {}
        self._clients: dict[str, httpx.Client] = {}
        self._etcd: ServerProcess | None = None
        self._apiserver: ServerProcess | None = None
        self._controllers: ServerProcess | None = None
        self._etcd_url = ""
        self._port = 0

    # -- what it is ---------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The folder of its data, certificates and logs."""
        if self._folder is None:
            raise RuntimeError("the control plane has not been started")
        return self._folder

    @property
    def url(self) -> str:
        """The URL of the API server, without a slash at its end."""
        if not self._port:
            raise RuntimeError("the control plane has not been started")
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_file(self) -> Path:
        """The authority of the server's certificate, PEM."""
        return self._issuer().ca_file

    @property
    def admin_token(self) -> str:
        """The token of `admin`, a member of system:masters."""
        return self.token_for(ADMIN)

    def token_for(self, user: str) -> str:
        """Return the bearer token of a user that `SPARE_USERS`, `users` or `add_user` named."""
        return self._tokens[user]

    @property
    def server_pids(self) -> dict[str, int]:
        """The process ids of its servers, by name."""
        return {server.name: server.pid for server in self._servers()}

    @property
    def keeper_pids(self) -> dict[str, int]:
        """The process ids of the servers' keepers, by the name of the server."""
        return {server.name: server.keeper_pid for server in self._servers()}

    def _servers(self) -> list[ServerProcess]:
        return [server for server in (self._controllers, self._apiserver, self._etcd) if server is not None]

    # -- from start to stop -------------------------------------------------------------------------

    def start(self) -> Self:
        """Start both servers and wait until they are ready; leave nothing running if that fails.

        Raises:
            PeerUnavailable: a binary is missing.
            ServerFailed: a server ended or did not become ready; the message shows the end of its log.
        """
        etcd, apiserver = peer_binary("etcd"), peer_binary("kube-apiserver")
        try:
            self._prepare_folder()
            for attempt in range(1, _START_ATTEMPTS + 1):
                try:
                    self._start_etcd(etcd, attempt)
                    self._port = free_port()
                    self._start_apiserver(apiserver)
                    break
                except ServerFailed as problem:
                    # Between choosing a port and using it, another cluster may have been faster.
                    if attempt == _START_ATTEMPTS or _IN_USE not in str(problem):
                        raise
                    self._end_servers()
            self.grant(
                "viewer", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
            )
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the servers at once and remove the temporary folder. Harmless when already stopped."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._end_servers()
        if self._folder is not None and self._given_folder is None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop_apiserver(self, *, crash: bool = False) -> None:
        """End the API server alone; etcd keeps the data.

        Args:
            crash: kill it, instead of letting it end its requests.
        """
        if self._apiserver is not None:
            (self._apiserver.kill if crash else self._apiserver.stop)()
            self._apiserver = None

    def start_apiserver(self) -> None:
        """Start the API server again after `stop_apiserver`, on the same port, and wait until it is ready."""
        if self._apiserver is None:
            self._start_apiserver(peer_binary("kube-apiserver"))

    def restart_apiserver(self, *, crash: bool = False) -> None:
        """Stop and start the API server: the URL, the tokens and the data stay, open watches end."""
        self.stop_apiserver(crash=crash)
        self.start_apiserver()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend the API server for a while: it accepts connections and answers nothing."""
        assert self._apiserver is not None, "the API server is not running"
        pid = self._apiserver.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def start_controllers(
        self, names: Sequence[str] = ("namespace-controller", "garbage-collector-controller")
    ) -> None:
        """Start kube-controller-manager with some of its controllers.

        Args:
            names: as its flag `--controllers` wants them.

        Raises:
            PeerUnavailable: it has not been built.
        """
        binary = peer_binary("kube-controller-manager")
        kubeconfig = self.kubeconfig(self.folder / "controllers.kubeconfig")
        port = free_port()
        self._controllers = ServerProcess(
            "kube-controller-manager",
            [
                str(binary),
                f"--kubeconfig={kubeconfig}",
                f"--controllers={','.join(names)}",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                f"--cert-dir={self.folder / 'controllers-certificates'}",
            ],
            self.folder / "kube-controller-manager.log",
        )
        with httpx.Client(verify=False, trust_env=False) as client:  # noqa: S501 -- it makes its own certificate
            self._wait(self._controllers, lambda: _says_ok(client, f"https://127.0.0.1:{port}/healthz"))

    # -- users and rights ---------------------------------------------------------------------------

    def add_user(self, name: str, groups: Sequence[str] = ()) -> str:
        """Register a user and return the bearer token.

        The server reads its users when it starts: on a running cluster, the token is good from the next
        `restart_apiserver`; a shared cluster has `SPARE_USERS`.
        """
        self._users[name] = tuple(groups)
        self._tokens[name] = f"{name}-{secrets.token_hex(16)}"
        if self._folder is not None:
            self._write_tokens()
        return self._tokens[name]

    def grant(self, user: str, rules: Sequence[Mapping[str, Any]], namespace: str | None = None) -> None:
        """Give a user exactly these RBAC rules, replacing what an earlier grant in the same place gave.

        Args:
            user: the name of the user.
            rules: `rules` of a Role, such as `{"apiGroups": ["gravitee.io"], "resources": ["*"], "verbs": ["list"]}`.
            namespace: where they hold; None means the whole cluster.
        """
        prefix = "" if namespace else "Cluster"
        base = "/apis/rbac.authorization.k8s.io/v1" + (f"/namespaces/{namespace}" if namespace else "")
        head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": f"tests-{user}"}}
        reference = {"apiGroup": "rbac.authorization.k8s.io"}
        role = {**head, "kind": f"{prefix}Role", "rules": list(rules)}
        binding = {
            **head,
            "kind": f"{prefix}RoleBinding",
            "roleRef": {**reference, "kind": f"{prefix}Role", "name": f"tests-{user}"},
            "subjects": [{**reference, "kind": "User", "name": user}],
        }
        plural = f"{prefix.lower()}role"
        self.apply(f"{base}/{plural}s/tests-{user}", role)
        self.apply(f"{base}/{plural}bindings/tests-{user}", binding)

    # -- what it holds ------------------------------------------------------------------------------

    def client(self, user: str = ADMIN) -> httpx.Client:
        """Return an HTTP client for a user; it belongs to the control plane, which closes it."""
        if user not in self._clients:
            self._clients[user] = httpx.Client(
                base_url=self.url,
                headers={"Authorization": f"Bearer {self.token_for(user)}"},
                verify=ssl.create_default_context(cafile=str(self.ca_file)),
                timeout=30.0,
                trust_env=False,  # a proxy of the environment has no business on loopback
            )
        return self._clients[user]

    def apply(self, path: str, manifest: Mapping[str, Any], *, manager: str = "tests") -> dict[str, Any]:
        """Server-side apply an object as `admin`, with force, and return what the server made of it.

        Args:
            path: the object's path on the server.
            manifest: the object.
            manager: the field manager.
        """
        answer = self.client().patch(
            path,
            params={"fieldManager": manager, "force": "true"},
            json=manifest,
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        answer.raise_for_status()
        applied: dict[str, Any] = answer.json()
        return applied

    def create_namespace(self, name: str) -> str:
        """Make sure that a namespace exists, and return its name."""
        self.apply(
            f"/api/v1/namespaces/{name}",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
        )
        return name

    def apply_crds(self, paths: Iterable[Path]) -> list[ServedResource]:
        """Apply the CRDs in files or folders, and return when all of them are served; see `crds.apply_crds`."""
        return apply_crds(self.client(), paths)

    # -- kubeconfigs --------------------------------------------------------------------------------

    def context(
        self,
        user: str = ADMIN,
        name: str | None = None,
        namespace: str | None = None,
        credential: Literal["token", "certificate"] = "token",
    ) -> Context:
        """Return a kubeconfig context, to be written together with those of other clusters.

        Args:
            user: whose credentials it holds.
            name: the context's name; None means the cluster's.
            namespace: the context's namespace.
            credential: how the user authenticates.
        """
        if credential == "token":
            section: dict[str, object] = {"token": self.token_for(user)}
        else:
            pair = self.client_certificate(user)
            section = {
                "client-certificate-data": inline(pair.certificate),
                "client-key-data": inline(pair.key),
            }
        return Context(name or self.name, self.url, self.ca_file, section, namespace)

    def client_certificate(self, user: str) -> Pair:
        """Return a client certificate for a user, with the user's groups."""
        if user not in self._client_pairs:
            pair = self._issuer().client(f"client-{user}", user, self._users[user])
            self._client_pairs[user] = pair
        return self._client_pairs[user]

    @overload
    def kubeconfig(
        self,
        path: None = None,
        user: str = ADMIN,
        context: str | None = None,
        namespace: str | None = None,
        credential: Literal["token", "certificate"] = "token",
    ) -> str: ...

    @overload
    def kubeconfig(
        self,
        path: Path,
        user: str = ADMIN,
        context: str | None = None,
        namespace: str | None = None,
        credential: Literal["token", "certificate"] = "token",
    ) -> Path: ...

    def kubeconfig(
        self,
        path: Path | None = None,
        user: str = ADMIN,
        context: str | None = None,
        namespace: str | None = None,
        credential: Literal["token", "certificate"] = "token",
    ) -> str | Path:
        """Return the text of a kubeconfig with one context; with a path, write it there and return the path."""
        entry = self.context(user, context, namespace, credential)
        return kubeconfig_text([entry]) if path is None else write_kubeconfig(path, [entry])

    # -- the steps of a start -----------------------------------------------------------------------

    def _issuer(self) -> Authority:
        if self._authority is None:
            raise RuntimeError("the control plane has not been started")
        return self._authority

    def _prepare_folder(self) -> None:
        if self._given_folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=f"gko-tui-{self.name}-"))
        else:
            self._folder = self._given_folder
            self._folder.mkdir(parents=True, exist_ok=True)
        self._authority = Authority(self._folder)
        self._client_pairs.clear()
        self._authority.server("server", ["127.0.0.1", "localhost", "::1", "kubernetes.default.svc"])
        write_signing_key(self._folder / "service-accounts.key")
        self._write_tokens()

    def _write_tokens(self) -> None:
        path = self.folder / "tokens.csv"
        path.touch(mode=0o600)
        lines = [
            f'{self._tokens[user]},{user},uid-{user},"{",".join(groups)}"\n'
            for user, groups in self._users.items()
        ]
        path.write_text("".join(lines), encoding="utf-8")

    def _start_etcd(self, binary: Path, attempt: int) -> None:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._etcd_url = client
        self._etcd = ServerProcess(
            "etcd",
            [
                str(binary),
                f"--data-dir={self.folder / f'etcd-{attempt}'}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
                "--unsafe-no-fsync",  # a test's data need not survive a power cut
                "--log-level=warn",
            ],
            self.folder / "etcd.log",
            grace=0,
        )
        with httpx.Client(trust_env=False) as probe:
            self._wait(self._etcd, lambda: _says_ok(probe, f"{client}/health"))

    def _start_apiserver(self, binary: Path) -> None:
        folder = self.folder
        self._apiserver = ServerProcess(
            "kube-apiserver",
            [
                str(binary),
                f"--etcd-servers={self._etcd_url}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                f"--secure-port={self._port}",
                f"--cert-dir={folder}",
                f"--tls-cert-file={folder / 'server.crt'}",
                f"--tls-private-key-file={folder / 'server.key'}",
                f"--client-ca-file={folder / 'ca.crt'}",
                f"--token-auth-file={folder / 'tokens.csv'}",
                "--authorization-mode=RBAC",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={folder / 'service-accounts.key'}",
                f"--service-account-signing-key-file={folder / 'service-accounts.key'}",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--endpoint-reconciler-type=none",
                # It waits for service accounts that only a controller makes.
                "--disable-admission-plugins=ServiceAccount",
                *self._flags,
            ],
            folder / "kube-apiserver.log",
        )
        # The namespace `default` comes a moment after readiness.
        client = self.client()
        self._wait(
            self._apiserver,
            lambda: _says_ok(client, "/readyz") and _says_ok(client, "/api/v1/namespaces/default"),
        )

    def _wait(self, server: ServerProcess, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.timeout
        while not ready():
            server.check()
            if time.monotonic() > deadline:
                raise ServerFailed(f"{server.name} was not ready after {self.timeout:g} s", server.log)
            time.sleep(0.03)

    def _end_servers(self) -> None:
        servers = self._servers()
        self._controllers = self._apiserver = self._etcd = None
        for server in servers:
            server.kill()


def _says_ok(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
