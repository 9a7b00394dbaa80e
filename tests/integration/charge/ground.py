"""A cluster, simulated or real, and a control plane that tells its writers apart by the port they use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.cluster.watching import ClusterWatch
from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.places import Target
from reconciler.control_plane.transport import open_control_plane
from reconciler.engine.charge.post import Pace, Post
from reconciler.engine.charge.working import StandingIn
from reconciler.ledger.deeds import Deed
from reconciler.model.errors import ClusterError
from reconciler.settings.model import Cluster
from reconciler.simulator.apim import Apim, ApimServer

Body = dict[str, Any]
OPERATORS = "gravitee"
"""The namespace where GKO runs."""
TEAM = "team-a"
DURATION_S = 5
GKO, OURS = "gko", "gko-tui"
LIMIT_S = 60.0
_API = "/apis/gravitee.io/v1alpha1"
_WRITES = frozenset({"PUT", "POST", "DELETE", "PATCH"})


async def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end, f"it did not come to pass: {what}"
        await asyncio.sleep(0.05)


class _Watched(ApimServer):
    """Notes when each write came."""

    def __init__(self, apim: Apim) -> None:
        super().__init__(apim)
        self.writes: list[tuple[float, str]] = []

    def seconds_of(self, method: str, path: str) -> float:
        if method in _WRITES:
            self.writes.append((time.monotonic(), path))
        return super().seconds_of(method, path)


@dataclass
class Ground:
    """One cluster and one control plane.

    Attributes:
        name: `simulated` or `real`.
        client: an administrator's connection to the cluster.
        way_in: how that is configured.
        apim: the control plane, behind two servers: `gko` and `gko-tui`.
        told: what posts told.
    """

    name: str
    client: KubeClient
    way_in: Cluster
    apim: Apim = field(default_factory=Apim)
    told: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept: list[Deed] = []
        self._made_here: set[tuple[str, str]] = set()
        self.servers = {who: _Watched(self.apim) for who in (GKO, OURS)}

    async def start(self) -> None:
        """Serve the control plane, and make the namespaces and the context."""
        for server in self.servers.values():
            await server.start()
        for name in (OPERATORS, TEAM):
            await self.namespace(name)
        await self.put(
            {
                "apiVersion": "gravitee.io/v1alpha1",
                "kind": "ManagementContext",
                "metadata": {"name": "apim", "namespace": TEAM},
                "spec": {
                    "baseUrl": self.servers[GKO].url,
                    "organizationId": "DEFAULT",
                    "environmentId": "DEFAULT",
                    "auth": {"credentials": {"username": "admin", "password": "admin"}},
                },
            }
        )

    async def clear(self) -> None:
        """Leave nothing to the next test: no lease, no record, nothing of the team's."""
        from reconciler.engine.charge.operators import LEASE
        from reconciler.engine.charge.recording import NAME
        from reconciler.engine.charge.releasing import release_everything

        await release_everything(self.client, frozenset())
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{OPERATORS}/leases/{LEASE}"
        for path in (
            leases,
            f"/api/v1/namespaces/{OPERATORS}/configmaps/{NAME}",
            f"/apis/apps/v1/namespaces/{OPERATORS}/deployments/gko-controller-manager",
            *(self.path(kind, name) for kind, name in self._made_here),
        ):
            if await self.at(path) is not None:
                await self.delete(path)

    async def stop(self) -> None:
        """Take the control plane out of service."""
        for server in self.servers.values():
            await server.stop()

    # --- the cluster -------------------------------------------------------------------------

    async def namespace(self, name: str) -> None:
        """Make a namespace, if it is not there."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await self._made("/api/v1/namespaces", body)

    async def put(self, body: Body) -> Body:
        """Apply an object of group gravitee.io, as a GitOps tool would."""
        self._made_here.add((body["kind"], body["metadata"]["name"]))
        return await self.client.request(
            "PATCH",
            self.path(body["kind"], body["metadata"]["name"], body["metadata"]["namespace"]),
            body=body,
            content_type="application/apply-patch+yaml",
            params={"fieldManager": "argocd-controller", "force": "true"},
        )

    async def get(self, kind: str, name: str) -> Body | None:
        """An object of the team; None where there is none."""
        return await self.at(self.path(kind, name))

    async def at(self, path: str) -> Body | None:
        """What stands at a path; None where nothing does."""
        try:
            return await self.client.get(path)
        except ClusterError as error:
            if error.status == 404:
                return None
            raise

    async def delete(self, path: str) -> None:
        """Delete what stands at a path."""
        await self.client.request("DELETE", path)

    def path(self, kind: str, name: str, namespace: str = TEAM) -> str:
        """Where an object of group gravitee.io stands."""
        return f"{_API}/namespaces/{namespace}/{kind.lower()}s/{name}"

    async def _made(self, path: str, body: Body) -> None:
        try:
            await self.client.request("POST", path, body=body)
        except ClusterError as error:
            if error.status != 409:
                raise

    async def gko_is_ready(self, pods: int) -> None:
        """GKO's Deployment says that so many pods are ready."""
        path = f"/apis/apps/v1/namespaces/{OPERATORS}/deployments"
        labels = {"control-plane": "controller-manager"}
        container = {"name": "manager", "image": "gko"}
        await self._made(
            path,
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "gko-controller-manager", "labels": labels},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
                },
            },
        )
        found = await self.client.get(f"{path}/gko-controller-manager")
        await self.client.request(
            "PUT",
            f"{path}/gko-controller-manager/status",
            body={**found, "status": {"replicas": pods, "readyReplicas": pods}},
        )

    def watch(self) -> ClusterWatch:
        """Watches the whole cluster."""
        return ClusterWatch(lambda: open_cluster(self.way_in, environ={}), self.way_in)

    # --- the writers -------------------------------------------------------------------------

    def connect(self, who: str) -> Callable[[Target], ControlPlaneClient]:
        """Opens the control plane on the port of one writer."""
        return lambda target: open_control_plane(replace(target, server=self.servers[who].url), environ={})

    def post(self, name: str = "one", *, operator: str = "auto") -> Post:
        """A gko-reconciler's post on the cluster."""
        spec = Cluster.model_validate({"name": "eu", "operator": operator, "state_namespace": OPERATORS})

        def employ(may_write: Callable[[], float], serves: Callable[[str], bool]) -> StandingIn:
            return StandingIn(
                self.client,
                self.watch(),
                may_write,
                serves,
                told=lambda event, facts: self.told.append({"event": event, **facts}),
                kept=self.kept.append,
                clock=time.time,
                key=b"a test's key",
                connect=self.connect(OURS),
            )

        return Post(
            self.client,
            spec,
            employ=employ,
            identity=f"gko-tui_{name}",
            clock=time.time,
            told=lambda event, facts: self.told.append({"event": event, **facts}),
            pace=Pace(retry_s=0.2, survey_s=1.0, duration_s=DURATION_S),
        )

    def spec(self, operator: str = "auto") -> Cluster:
        """What is configured of the cluster."""
        return Cluster.model_validate({"name": "eu", "operator": operator, "state_namespace": OPERATORS})

    def states(self) -> list[object]:
        """The states that posts told, in order."""
        return [one["state"] for one in self.told if one["event"] == "operator"]

    def writers(self) -> list[str]:
        """Who wrote to the control plane, in order, each turn of one writer once."""
        every = sorted((at, who) for who, server in self.servers.items() for at, _ in server.writes)
        turns: list[str] = []
        for _, who in every:
            if turns[-1:] != [who]:
                turns.append(who)
        return turns

    async def described(self, name: str, text: str) -> None:
        """Wait until the control plane holds an API with this description."""
        await until(lambda: text in self.apis().get(name, ""), f"{name} as {text}")

    def edit(self, id: str, description: str) -> None:
        """Somebody edits an API in the Console."""
        self.apim.edit_api("DEFAULT", id, description=description)

    def apis(self) -> dict[str, str]:
        """The APIs that the control plane holds: id to description."""
        held = self.apim.environment("DEFAULT").apis
        return {id: str(api.raw.get("description")) for id, api in held.items()}
