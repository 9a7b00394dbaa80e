"""The Kubernetes room against the embedded platform's API server, which the demo runs on."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.cluster.listing import PAGE
from reconciler.cluster.watching import ClusterWatch, observe_once
from reconciler.settings.model import Cluster
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer
from tests.integration.cluster.test_real_cluster import CRD
from tests.unit.cluster.recording_sink import RecordingSink


def gadget(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "Gadget",
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": spec,
    }


@pytest.fixture
def simulated() -> SimCluster:
    return SimCluster("sim", crds=[CRD], clock=time.time)


@pytest.fixture
async def server(simulated: SimCluster) -> AsyncIterator[SimKubeServer]:
    server = SimKubeServer(simulated, bookmark_every_s=0.05)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def spec(simulated: SimCluster, server: SimKubeServer, tmp_path: Path) -> Cluster:
    path = tmp_path / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "sim",
                "clusters": [{"name": "sim", "cluster": {"server": server.url}}],
                "users": [{"name": "sim", "user": {"token": simulated.admin_token}}],
                "contexts": [{"name": "sim", "context": {"cluster": "sim", "user": "sim"}}],
            }
        )
    )
    return Cluster(name="sim", kubeconfig=path, request_timeout_s=5)


async def test_it_is_read_once_like_any_cluster(
    simulated: SimCluster, server: SimKubeServer, spec: Cluster
) -> None:
    for number in range(1100):
        simulated.create(gadget(f"g{number:04}"), manager="kubectl")
    sink = RecordingSink()
    client = await open_cluster(spec, environ={})
    await observe_once(client, spec, sink)
    await client.aclose()
    assert (len(sink.objects), sink.pages) == (1100, math.ceil(1100 / PAGE))
    assert sink.phase("sim") == "ready"
    assert sink.schemas["Gadget"]["properties"]["spec"]["properties"]["colour"]["default"] == "grey"
    assert {found.trace.manager for found in sink.objects.values()} == {"kubectl"}


async def test_it_is_followed_through_changes_bookmarks_and_compaction(
    simulated: SimCluster, server: SimKubeServer, spec: Cluster
) -> None:
    async def factory() -> KubeClient:
        return await open_cluster(spec, environ={})

    sink = RecordingSink()
    task = asyncio.create_task(ClusterWatch(factory, spec, random=lambda: 0.1).run(sink))
    try:
        await sink.until(lambda: sink.phase("sim") == "ready")
        simulated.create(gadget("one"), manager="kubectl")
        await sink.until(lambda: sink.names() == ["one"])
        await sink.until(lambda: sink.signs_of_life > 1)
        await server.stop()
        simulated.delete("Gadget", "team-a", "one")
        simulated.create(gadget("two"), manager="kubectl")
        simulated.compact()  # the position of the watch is gone when it comes back
        await server.start()
        await sink.until(lambda: sink.names() == ["two"])
        await sink.until(lambda: sink.phase("sim") == "ready")
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
