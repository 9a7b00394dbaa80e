"""A simulated cluster and control plane with our stand-in at work, on which a recorded scenario is played."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.cluster.events import Events
from reconciler.control_plane.transport import open_control_plane
from reconciler.engine.standing_in.desk import Desk
from reconciler.engine.standing_in.planes import Planes
from reconciler.engine.standing_in.reconciling import StandIn
from reconciler.engine.standing_in.surroundings import Surroundings
from reconciler.settings.model import Cluster
from reconciler.simulator.apim import Apim
from reconciler.simulator.kube.access import Rule, Tokens
from reconciler.simulator.kube.answers import Refusal
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer
from tests.integration.standing_in.proxy import LIMIT_S, Proxy

Body = dict[str, Any]
MANAGER = "golden"
TOKEN = "stand-in"
NO_TOKEN = "not-a-token"
NOBODY = "http://127.0.0.1:1"
_NOBODY_THERE = "8199"
ENVIRONMENT = "DEFAULT"
_HOST = re.compile(r"^http://(127\.0\.0\.1|localhost):(\d+)")


class Stage:
    """One cluster, one control plane, one stand-in.

    Args:
        folder: a temporary folder.
        crds: the definitions that the cluster serves.
    """

    def __init__(self, folder: Path, crds: list[Body]) -> None:
        self._folder = folder
        self.now = 1_800_000_000.0
        self.cluster = SimCluster("golden", crds=crds, clock=lambda: self.now)
        self.kube = SimKubeServer(self.cluster)
        self.apim = Apim(time.time)
        self.proxy = Proxy(self.apim)
        self.http = httpx.AsyncClient(auth=("admin", "admin"))
        self.answer: Any = None
        self.client: KubeClient | None = None
        self.planes: Planes | None = None
        self.desk: Desk | None = None

    async def start(self) -> None:
        """Serve everything; nobody works yet."""
        await self.kube.start()
        await self.proxy.start()
        self.cluster.grant("sre", Rule(("*",), ("*",), ("*",)))
        self.cluster.tokens = Tokens(time.time)
        self.cluster.tokens.issue("sre", token=TOKEN)
        kubeconfig = self._folder / "kubeconfig"
        kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "c",
                    "clusters": [{"name": "c", "cluster": {"server": self.kube.url}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                    "users": [{"name": "u", "user": {"token": TOKEN}}],
                }
            )
        )
        spec = Cluster.model_validate({"name": "golden", "kubeconfig": str(kubeconfig)})
        self.client = await open_cluster(spec, environ={})

    async def stop(self) -> None:
        """Take everything out of service."""
        await self.retire()
        await self.http.aclose()
        if self.client is not None:
            await self.client.aclose()
        await self.proxy.stop()
        await self.kube.stop()

    # --- the stand-in ----------------------------------------------------------------------

    def employ(self) -> Desk:
        """A stand-in that knows nothing yet, as after a restart."""
        assert self.client is not None
        here = Surroundings(self.client, "golden")
        self.planes = Planes(here, lambda target: open_control_plane(target, environ={}), timeout_s=LIMIT_S)
        events = Events(self.client, lambda: self.now)
        stand_in = StandIn(here, self.planes, events, lambda: self.now, b"a key of this test")
        self.desk = Desk(stand_in, clock=lambda: self.now, random=lambda: 0.999)
        return self.desk

    async def retire(self) -> None:
        """The stand-in stops where it is."""
        self.desk = None
        if self.planes is not None:
            await self.planes.aclose()
            self.planes = None

    async def work(self, seconds: float) -> None:
        """Let it look and work for some simulated time, turn by turn."""
        end = self.now + seconds
        if self.desk is None:
            self.now = end
            return
        for _ in range(60):
            await self.desk.look()
            await self.desk.settle()
            due = self.desk.next_at()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
        self.now = max(self.now, end)
        await self.desk.look()
        await self.desk.settle()

    # --- what people do --------------------------------------------------------------------

    def apply(self, manifest: Body) -> None:
        """Apply a recorded manifest; what the API server refuses stays undone, as it was recorded."""
        manifest = json.loads(json.dumps(manifest))
        if manifest["kind"] == "ManagementContext":
            manifest = self.placed(manifest)
        if "stringData" in manifest:
            texts = manifest.pop("stringData")
            manifest["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in texts.items()}
            self._know(texts.get("bearerToken", ""))
        try:
            self.cluster.apply(manifest, manager=MANAGER, force=True)
        except Refusal as refusal:
            if refusal.code not in (400, 422):
                raise

    def placed(self, context: Body) -> Body:
        """A ManagementContext that leads to this stage's control plane."""
        spec = context["spec"]
        found = _HOST.match(str(spec.get("baseUrl", "")))
        if found is not None:
            host, port = found.groups()
            here = self.proxy.url.replace("127.0.0.1", host)
            spec["baseUrl"] = _HOST.sub(NOBODY if port == _NOBODY_THERE else here, spec["baseUrl"])
        self._know((spec.get("auth") or {}).get("bearerToken", ""))
        return context

    def _know(self, token: str) -> None:
        """The control plane of the recordings knew these tokens."""
        if token and token != NO_TOKEN:
            self.apim.tokens[token] = "admin"

    def delete(self, name: str) -> None:
        """Delete `Kind/namespace/name`; it may be gone by now."""
        kind, namespace, own = name.split("/")
        try:
            self.cluster.delete(kind, namespace, own)
        except Refusal as refusal:
            if refusal.code != 404:
                raise

    def write_status(self, name: str, status: Mapping[str, Any]) -> None:
        """Write a status by hand."""
        body = self.cluster.get(*name.split("/"))
        assert body is not None
        self.cluster.update({**body, "status": dict(status)}, manager="hand", subresource="status")

    async def direct(self, method: str, path: str, body: Any = None, query: str = "") -> int:
        """Ask the control plane past the proxy's rules."""
        if not path.startswith(("/automation", "/management")):
            path = f"/automation/organizations/DEFAULT/environments/DEFAULT{path}"
        rules, self.proxy.rules = self.proxy.rules, []
        path, _, own = path.partition("?")
        answer = await self.http.request(method, f"{self.proxy.url}{path}?{own or query}", json=body)
        self.proxy.rules = rules
        self.answer = (
            answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else None
        )
        return answer.status_code

    async def is_alive(self, name: str) -> bool:
        """Whether a thing lives at the control plane; `name` is its path with the query that finds it.

        An application that was deleted is archived, a subscription closed; both can still be read.
        """
        path, _, query = name.partition("?")
        status = await self.direct("GET", path, query=query)
        if status == 404:
            return False
        assert status == 200, f"{name}: {status}"
        if "/subscriptions/" in path:
            found = {one.id: one.status for one in self.apim.subscriptions(ENVIRONMENT)}
            return found.get(self.answer["id"]) in ("ACCEPTED", "PENDING", "PAUSED")
        return bool(self.answer.get("status") != "ARCHIVED")
