"""A server with chosen faults, a kubeconfig that leads to it, and clients that are closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.settings.model import Cluster
from tests.unit.cluster.fake_api import FakeApi
from tests.unit.cluster.recording_sink import RecordingSink
from tests.unit.cluster.simulated_time import SimulatedTime

WriteKubeconfig = Callable[..., Path]
Open = Callable[..., Awaitable[KubeClient]]


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


@pytest.fixture
async def server() -> AsyncIterator[FakeApi]:
    fake = await FakeApi().start()
    yield fake
    await fake.stop()


@pytest.fixture
def kubeconfig(tmp_path: Path) -> WriteKubeconfig:
    """Give `kubeconfig(server_url, user={…}, cluster={…})`: writes one with the context `prod`."""

    def write(
        url: str,
        user: dict[str, Any] | None = None,
        cluster: dict[str, Any] | None = None,
        name: str = "kubeconfig",
        context: str = "prod",
    ) -> Path:
        path = tmp_path / name
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": context,
                    "clusters": [{"name": "c", "cluster": {"server": url, **(cluster or {})}}],
                    "users": [{"name": "u", "user": user or {}}],
                    "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
                }
            )
        )
        return path

    return write


@pytest.fixture
async def connect(kubeconfig: WriteKubeconfig) -> AsyncIterator[Open]:
    """Give `await connect(server_url, …)`: a client named `prod`, closed when the test is over."""
    clients: list[KubeClient] = []

    async def open_one(
        url: str,
        *,
        user: dict[str, Any] | None = None,
        cluster: dict[str, Any] | None = None,
        environ: dict[str, str] | None = None,
        timeout_s: float = 5.0,
        **options: Any,
    ) -> KubeClient:
        spec = Cluster(name="prod", kubeconfig=kubeconfig(url, user, cluster), request_timeout_s=timeout_s)
        client = await open_cluster(spec, environ=environ or {}, **options)
        clients.append(client)
        return client

    yield open_one
    for client in clients:
        await client.aclose()
