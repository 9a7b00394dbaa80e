"""The simulated APIM and a simulated cluster, served on loopback for one test."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.settings.model import Cluster
from reconciler.simulator.apim import Apim, ApimServer
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer
from reconciler.simulator.platform import demo_crds
from tests.integration.control_plane.scene import filled_apim


@pytest.fixture
def apim() -> Apim:
    return filled_apim()


@pytest.fixture
async def served(apim: Apim) -> AsyncIterator[ApimServer]:
    server = ApimServer(apim)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def simulated() -> SimCluster:
    crds = [crd for crd in demo_crds() if crd["spec"]["names"]["kind"] == "ManagementContext"]
    return SimCluster("eu", crds=crds, clock=time.time)


@pytest.fixture
async def cluster(simulated: SimCluster, tmp_path: Path) -> AsyncIterator[KubeClient]:
    server = SimKubeServer(simulated)
    await server.start()
    path = tmp_path / "kubeconfig"
    document = {
        "current-context": "eu",
        "clusters": [{"name": "eu", "cluster": {"server": server.url}}],
        "users": [{"name": "eu", "user": {"token": simulated.admin_token}}],
        "contexts": [{"name": "eu", "context": {"cluster": "eu", "user": "eu"}}],
    }
    path.write_text(yaml.safe_dump(document))
    client = await open_cluster(Cluster(name="eu", kubeconfig=path), environ={})
    yield client
    await client.aclose()
    await server.stop()
