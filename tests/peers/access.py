"""What a test may do with a running cluster: act as its users, give rights, write objects and kubeconfigs."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import httpx

from tests.peers.certificates import Authority, Pair
from tests.peers.crds import ServedResource, apply_crds
from tests.peers.kubeconfig import Context, inline, kubeconfig_text, write_kubeconfig
from tests.peers.users import ADMIN, Users

Credential = Literal["token", "certificate"]


class ClusterAccess:
    """Access to one API server, with the rights of whoever is named.

    Args:
        name: the name of its kubeconfig context, and what messages call it.
        users: further users and their groups, beside `users.SPARE_USERS`.
    """

    def __init__(self, name: str, users: Mapping[str, Sequence[str]]) -> None:
        self.name = name
        self._users = Users(users)
        self._authority: Authority | None = None
        self._certificates: dict[str, Pair] = {}
        self._clients: dict[str, httpx.Client] = {}
        self._port = 0

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
        """The bearer token of `admin`, a member of system:masters."""
        return self.token_for(ADMIN)

    # -- users and rights ----------------------------------------------------------------------------

    def token_for(self, user: str) -> str:
        """Return the bearer token of a user of `SPARE_USERS`, `users` or `add_user`."""
        return self._users.token(user)

    def add_user(self, name: str, groups: Sequence[str] = ()) -> str:
        """Register a user and return the bearer token.

        The server reads its users when it starts: on a running cluster the token is good from the next
        `restart_apiserver`. A shared cluster has its spare users instead.
        """
        self._certificates.pop(name, None)
        return self._users.add(name, groups)

    def grant(self, user: str, rules: Sequence[Mapping[str, Any]], namespace: str | None = None) -> None:
        """Give a user exactly these RBAC rules, instead of those of an earlier grant in the same place.

        Args:
            user: the name of the user.
            rules: the `rules` of a Role: `{"apiGroups": […], "resources": […], "verbs": […]}`.
            namespace: where they hold; None means the whole cluster.
        """
        group = "rbac.authorization.k8s.io"
        scope = "" if namespace else "Cluster"
        base = f"/apis/{group}/v1/" + (f"namespaces/{namespace}/" if namespace else "")
        name = f"tests-{user}"
        head: dict[str, Any] = {"apiVersion": f"{group}/v1", "metadata": {"name": name}}
        role = {**head, "kind": f"{scope}Role", "rules": list(rules)}
        binding = {
            **head,
            "kind": f"{scope}RoleBinding",
            "roleRef": {"apiGroup": group, "kind": f"{scope}Role", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        }
        plural = f"{scope.lower()}role"
        self.apply(f"{base}{plural}s/{name}", role)
        self.apply(f"{base}{plural}bindings/{name}", binding)

    def client_certificate(self, user: str) -> Pair:
        """Return a client certificate that names a user and the user's groups."""
        if user not in self._certificates:
            groups = self._users.groups(user)
            self._certificates[user] = self._issuer().client(f"client-{user}", user, groups)
        return self._certificates[user]

    # -- what it holds -------------------------------------------------------------------------------

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

        Raises:
            httpx.HTTPStatusError: the server refused it.
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
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self.apply(f"/api/v1/namespaces/{name}", namespace)
        return name

    def apply_crds(self, paths: Iterable[Path]) -> list[ServedResource]:
        """Apply the CRDs in files or folders and wait until all are served; see `crds.apply_crds`."""
        return apply_crds(self.client(), paths)

    # -- kubeconfigs ---------------------------------------------------------------------------------

    def context(
        self,
        user: str = ADMIN,
        name: str | None = None,
        namespace: str | None = None,
        credential: Credential = "token",
    ) -> Context:
        """Return a kubeconfig context, to be written together with those of other clusters.

        Args:
            user: whose credentials it holds.
            name: the context's name; None means the cluster's.
            namespace: the context's namespace.
            credential: how the user authenticates.
        """
        section: dict[str, object]
        if credential == "token":
            section = {"token": self.token_for(user)}
        else:
            pair = self.client_certificate(user)
            section = {
                "client-certificate-data": inline(pair.certificate),
                "client-key-data": inline(pair.key),
            }
        return Context(name or self.name, self.url, self.ca_file, section, namespace)

    @overload
    def kubeconfig(
        self,
        path: None = None,
        user: str = ADMIN,
        context: str | None = None,
        namespace: str | None = None,
        credential: Credential = "token",
    ) -> str: ...

    @overload
    def kubeconfig(
        self,
        path: Path,
        user: str = ADMIN,
        context: str | None = None,
        namespace: str | None = None,
        credential: Credential = "token",
    ) -> Path: ...

    def kubeconfig(
        self,
        path: Path | None = None,
        user: str = ADMIN,
        context: str | None = None,
        namespace: str | None = None,
        credential: Credential = "token",
    ) -> str | Path:
        """Return the text of a kubeconfig with one context; with a path, write it and return the path."""
        entry = self.context(user, context, namespace, credential)
        return kubeconfig_text([entry]) if path is None else write_kubeconfig(path, [entry])

    def _issuer(self) -> Authority:
        if self._authority is None:
            raise RuntimeError("the control plane has not been started")
        return self._authority

    def _forget_clients(self) -> None:
        """Close the clients: after a next start there is another port and another authority."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
