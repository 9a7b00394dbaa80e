"""Port-forwards through the simulated API server, spoken to by our own client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from reconciler.cluster.port_forward import PortForwards, open_port_forwards
from reconciler.model.errors import ClusterError
from reconciler.settings.model import Cluster
from reconciler.simulator.kube.access import Rule
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer

NOON = 1_767_268_800.0
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "gw-0", "namespace": "gateways", "labels": {"app": "gateway"}},
    "spec": {"containers": [{"name": "gateway", "image": "gateway", "ports": [{"containerPort": 18082}]}]},
}


@pytest_asyncio.fixture
async def cluster() -> AsyncIterator[SimCluster]:
    """A cluster with one pod, whose port 18082 says back what it hears."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while data := await reader.read(1000):
                writer.write(data)
        writer.close()

    made = SimCluster("paris", clock=lambda: NOON)
    made.create(POD, manager="kubelet")
    listening = await asyncio.start_server(echo, "127.0.0.1", 0)
    made.forwards.open("gateways", "gw-0", 18082, listening.sockets[0].getsockname()[1])
    yield made
    listening.close()


@pytest_asyncio.fixture
async def server(cluster: SimCluster) -> AsyncIterator[SimKubeServer]:
    serving = SimKubeServer(cluster)
    await serving.start()
    yield serving
    await serving.stop()


def forwards(server: SimKubeServer, folder: Path, *verbs: str) -> PortForwards:
    """The client of a user with these rights on port-forwards."""
    cluster = server.cluster
    cluster.grant("ops", Rule(verbs, ("",), ("pods/portforward",), ("gateways",)))
    entry = server.kubeconfig_entry(cluster.tokens.issue("ops"))
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "paris",
        "clusters": [entry["cluster"]],
        "users": [entry["user"]],
        "contexts": [entry["context"]],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return open_port_forwards(Cluster(name="paris", kubeconfig=path), environ={})


async def test_what_is_sent_reaches_the_pod_and_comes_back(server: SimKubeServer, tmp_path: Path) -> None:
    stream = await forwards(server, tmp_path, "get", "create").dial("gateways", "gw-0", 18082)

    await stream.write(b"hello" * 20_000)
    answer = b""
    while len(answer) < 100_000:
        answer += await stream.read(65_536)
    await stream.aclose()

    assert answer == b"hello" * 20_000


@pytest.mark.parametrize("verb", ["get", "create"])
async def test_one_verb_alone_is_not_enough(server: SimKubeServer, tmp_path: Path, verb: str) -> None:
    with pytest.raises(ClusterError) as caught:
        await forwards(server, tmp_path, verb).dial("gateways", "gw-0", 18082)

    assert caught.value.status == 403


async def test_a_pod_that_does_not_exist_is_not_found(server: SimKubeServer, tmp_path: Path) -> None:
    with pytest.raises(ClusterError) as caught:
        await forwards(server, tmp_path, "get", "create").dial("gateways", "gw-1", 18082)

    assert caught.value.status == 404


async def test_a_port_where_nothing_listens_is_told(server: SimKubeServer, tmp_path: Path) -> None:
    stream = await forwards(server, tmp_path, "get", "create").dial("gateways", "gw-0", 9999)

    with pytest.raises(ClusterError, match="nothing answers on port 9999"):
        await stream.read(65_536)
    await stream.aclose()
