"""One cluster, one APIM, one gateway, all served over loopback, and the whole engine reading them.

What the operator would have sent is written out by hand here, so that nothing of the rules is tested with
itself.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from reconciler.engine.scope import EVERYTHING, Scope
from reconciler.engine.service import Engine
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Row
from reconciler.settings.model import Platform
from reconciler.settings.paths import StatePaths
from reconciler.simulator.apim import Apim, ApimServer, Gateway, GatewayServer
from reconciler.simulator.kube.access import Rule, Tokens
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer
from reconciler.simulator.platform import demo_crds
from tests.fleet.repository import commit_files

Body = dict[str, Any]
CLUSTER = "eu"
TOKEN = "sre-token"
MANAGER = "argocd-controller"
API = "ApiV4Definition"


def api(name: str, *, path: str = "", **spec: Any) -> Body:
    """An ApiV4Definition with one plan."""
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": API,
        "metadata": {"name": name, "namespace": "pay"},
        "spec": {
            "name": name.capitalize(),
            "description": "Takes money",
            "version": "1.0",
            "type": "PROXY",
            "contextRef": {"name": "apim", "namespace": "platform"},
            "state": "STARTED",
            "lifecycleState": "PUBLISHED",
            "visibility": "PRIVATE",
            "listeners": [
                {
                    "type": "HTTP",
                    "paths": [{"path": path or f"/{name}"}],
                    "entrypoints": [{"type": "http-proxy"}],
                }
            ],
            "endpointGroups": [
                {
                    "name": "Default",
                    "type": "http-proxy",
                    "endpoints": [
                        {
                            "name": "one",
                            "inheritConfiguration": False,
                            "type": "http-proxy",
                            "configuration": {"target": "https://backend.example.org"},
                        }
                    ],
                }
            ],
            "plans": {"free": {"name": "Free", "security": {"type": "KEY_LESS"}}},
            **spec,
        },
    }


def sent(manifest: Mapping[str, Any]) -> Body:
    """What the operator sends for such a manifest."""
    spec = {key: value for key, value in manifest["spec"].items() if key != "contextRef"}
    metadata = manifest["metadata"]
    plans = [
        {"hrid": hrid, "status": "PUBLISHED", "validation": "AUTO", "mode": "STANDARD", "type": "API", **plan}
        for hrid, plan in sorted(spec["plans"].items())
    ]
    return {
        **spec,
        "hrid": f"{metadata['namespace']}-{metadata['name']}",
        "plans": plans,
        "definitionContext": {"origin": "KUBERNETES", "syncFrom": "MANAGEMENT"},
    }


class Scene:
    """The platform of one test.

    Args:
        folder: a temporary folder.
        gateways: whether a gateway is configured.
    """

    def __init__(self, folder: Path, *, gateways: bool = True) -> None:
        self.folder = folder
        self.cluster = SimCluster(CLUSTER, crds=demo_crds(), clock=time.time)
        self.kube = SimKubeServer(self.cluster)
        self.apim = Apim()
        self.server = ApimServer(self.apim)
        self.gateway = Gateway(self.apim, "gw-0", credentials=None)
        self.node = GatewayServer(self.gateway, sleep=None)
        self._with_gateways = gateways

    async def start(self) -> None:
        """Serve everything; the context and its Secret are there."""
        await asyncio.gather(self.kube.start(), self.server.start(), self.node.start())
        self.cluster.grant("sre", Rule(("*",), ("*",), ("*",)))
        self.cluster.tokens = Tokens(time.time)
        self.cluster.tokens.issue("sre", token=TOKEN)
        self.secret("platform", "apim-login", username="admin", password="admin")
        self._write(
            {
                "apiVersion": "gravitee.io/v1alpha1",
                "kind": "ManagementContext",
                "metadata": {"name": "apim", "namespace": "platform"},
                "spec": {
                    "baseUrl": self.server.url,
                    "organizationId": "DEFAULT",
                    "environmentId": "DEFAULT",
                    "auth": {"secretRef": {"name": "apim-login"}},
                },
            }
        )

    async def stop(self) -> None:
        """Take everything out of service."""
        await asyncio.gather(self.kube.stop(), self.server.stop(), self.node.stop())

    def publish(self, *manifests: Body) -> None:
        """Commit, apply, send and deploy these manifests: everything in sync."""
        self.commit(*manifests)
        for one in manifests:
            self._write(one)
            self.send(one)
        self.gateway.poll()

    def commit(self, *manifests: Body) -> None:
        """Git holds exactly these."""
        files = {
            f"{one['metadata']['namespace']}-{at}.yaml": yaml.safe_dump(one, sort_keys=False)
            for at, one in enumerate(manifests)
        }
        commit_files(self.folder / "repo", files, at=int(time.time()) - 3600)

    def secret(self, namespace: str, name: str, **data: str) -> None:
        """A Secret of the cluster."""
        self._write(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace},
                "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
            }
        )

    def send(self, manifest: Body) -> None:
        """What the operator does: send it, and say so in the status."""
        answer = self.apim.put_api("DEFAULT", sent(manifest))
        metadata = manifest["metadata"]
        self.accept(metadata["namespace"], metadata["name"], id=answer["id"], crossId=answer["crossId"])

    def accept(self, namespace: str, name: str, **status: Any) -> None:
        """The operator's status for what it accepted."""
        have = self.cluster.get(API, namespace, name)
        assert have is not None
        generation = have["metadata"]["generation"]
        conditions = [
            {
                "type": kind,
                "status": "True",
                "reason": kind,
                "message": "",
                "observedGeneration": generation,
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
            for kind in ("Accepted", "ResolvedRefs", "AutomationAPIManaged")
        ]
        body = {**have, "status": {**status, "conditions": conditions, "processingStatus": "Completed"}}
        self.cluster.update(body, manager="gko", subresource="status")

    def refuse(self, namespace: str, name: str, message: str) -> None:
        """The operator's status for what APIM refused."""
        have = self.cluster.get(API, namespace, name)
        assert have is not None
        condition = {
            "type": "Accepted",
            "status": "False",
            "reason": "ControlPlaneError",
            "message": message,
            "observedGeneration": have["metadata"]["generation"],
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        self.cluster.update(
            {**have, "status": {"conditions": [condition], "processingStatus": "Failed"}},
            manager="gko",
            subresource="status",
        )

    def id_of(self, name: str) -> str:
        """The id of an API at the control plane."""
        return str(self.apim.get_api("DEFAULT", f"pay-{name}")["id"])

    def edit_plan(self, name: str, **changes: Any) -> None:
        """Change its plan in the Console."""
        (plan,) = self.apim.get_api("DEFAULT", f"pay-{name}")["plans"]
        self.apim.edit_plan("DEFAULT", self.id_of(name), plan["id"], **changes)

    def engine(self, scope: Scope = EVERYTHING) -> Engine:
        """A new engine on this platform, with this machine's memory of it."""
        return Engine(
            self.platform(),
            StatePaths(state=self.folder / "state", cache=self.folder / "cache"),
            environ={"XDG_CONFIG_HOME": str(self.folder / "config")},
            clock=time.time,
            scope=scope,
        )

    def platform(self) -> Platform:
        """The configuration."""
        kubeconfig = self.folder / "kubeconfig"
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
        gateways = [{"name": "gw", "url": self.node.url}] if self._with_gateways else []
        return Platform.model_validate(
            {
                "sources": [{"name": "repo", "path": str(self.folder / "repo")}],
                "clusters": [{"name": CLUSTER, "kubeconfig": str(kubeconfig)}],
                "applications": [{"name": "apis", "source": "repo", "clusters": [CLUSTER]}],
                "gateways": gateways,
            }
        )

    def _write(self, body: Body) -> None:
        self.cluster.apply(body, manager=MANAGER, force=True)


def key(name: str) -> ResourceKey:
    """The key of an API of the scene."""
    return ResourceKey(CLUSTER, API, "pay", name)


async def rows(engine: Engine) -> dict[ResourceKey, Row]:
    """Read everything once."""
    await engine.observe_once()
    return engine.fleet.rows()


def strip(row: Row) -> str:
    """The four marks in ASCII: `G K C W`."""
    return "".join(cell.verdict.ascii if cell.verdict is not None else "." for cell in row.cells)
