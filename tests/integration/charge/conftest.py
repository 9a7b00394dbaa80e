"""The grounds of these tests: a simulated cluster, and a real one on which deleted namespaces go away."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import yaml

from reconciler.cluster.connection import open_cluster
from reconciler.settings.model import Cluster
from reconciler.simulator.kube.access import Rule, Tokens
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer
from reconciler.simulator.platform import demo_crds
from tests.integration.charge.ground import Ground
from tests.peers.control_plane import KubeControlPlane
from tests.peers.fixtures import require_peer

Grounds = Callable[[], AbstractAsyncContextManager[Ground]]
_TOKEN = "sre-token"


@pytest.fixture(scope="module")
def real_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KubeControlPlane, Path]]:
    """A real cluster of these tests' own: they change its webhooks, which concern everybody."""
    for name in ("etcd", "kube-apiserver", "kube-controller-manager"):
        require_peer(name)
    folder = tmp_path_factory.mktemp("charge")
    with KubeControlPlane("eu", folder=folder / "cluster") as plane:
        plane.start_controllers("namespace-controller")
        crds = folder / "crds"
        crds.mkdir()
        for at, crd in enumerate(demo_crds()):
            (crds / f"{at}.yaml").write_text(yaml.safe_dump(crd))
        plane.apply_crds([crds])
        yield plane, plane.kubeconfig(folder / "kubeconfig", context="eu")


@pytest.fixture
def real(real_kubeconfig: tuple[KubeControlPlane, Path]) -> Grounds:
    """Give `real()`: the real cluster, and a new control plane."""
    spec = Cluster.model_validate({"name": "eu", "kubeconfig": str(real_kubeconfig[1]), "context": "eu"})
    return lambda: _ground("real", spec)


@pytest.fixture
def simulated(tmp_path: Path) -> Grounds:
    """Give `simulated()`: a simulated cluster, and a new control plane."""

    @asynccontextmanager
    async def made() -> AsyncIterator[Ground]:
        cluster = SimCluster("eu", crds=demo_crds(), clock=time.time)
        cluster.grant("sre", Rule(("*",), ("*",), ("*",)))
        cluster.tokens = Tokens(time.time)
        cluster.tokens.issue("sre", token=_TOKEN)
        server = SimKubeServer(cluster)
        await server.start()
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "eu",
                    "clusters": [{"name": "eu", "cluster": {"server": server.url}}],
                    "contexts": [{"name": "eu", "context": {"cluster": "eu", "user": "sre"}}],
                    "users": [{"name": "sre", "user": {"token": _TOKEN}}],
                }
            )
        )
        try:
            async with _ground(
                "simulated", Cluster.model_validate({"name": "eu", "kubeconfig": str(kubeconfig)})
            ) as ground:
                yield ground
        finally:
            await server.stop()

    return made


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.peers)])
def grounds(request: pytest.FixtureRequest) -> Grounds:
    """Each of the two in turn."""
    found: Grounds = request.getfixturevalue(request.param)
    return found


@asynccontextmanager
async def _ground(name: str, spec: Cluster) -> AsyncIterator[Ground]:
    client = await open_cluster(spec, environ={})
    ground = Ground(name, client, spec)
    try:
        await ground.start()
        yield ground
    finally:
        await ground.clear()
        await ground.stop()
        await client.aclose()
