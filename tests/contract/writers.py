"""The engine's own client against either peer, for what it relies on when it writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cluster.addresses import Address
from reconciler.cluster.applying import ObjectWriter
from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.settings.model import PEOPLE_MANAGERS, Cluster
from tests.contract.conftest import REAL, Peer
from tests.contract.widgets import API_VERSION


def kubeconfig_of(peer: Peer, authorization: str, folder: Path, request: pytest.FixtureRequest) -> Path:
    cluster: dict[str, Any] = {"server": str(peer.client.base_url).rstrip("/")}
    if peer.name == REAL:
        cluster["certificate-authority"] = str(request.getfixturevalue("real_cluster").ca_file)
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "c", "user": {"token": authorization.removeprefix("Bearer ")}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(body))
    return path


@pytest.fixture
async def kube(peer: Peer, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[KubeClient]:
    """Give the engine's client, as an administrator."""
    path = kubeconfig_of(peer, peer.client.headers["Authorization"], tmp_path, request)
    client = await open_cluster(Cluster(name="contract", kubeconfig=path), environ={})
    yield client
    await client.aclose()


@pytest.fixture
async def guest_kube(peer: Peer, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[KubeClient]:
    """Give the engine's client, as the user whom `peer.grant` gives rights."""
    folder = tmp_path / "guest"
    folder.mkdir()
    path = kubeconfig_of(peer, peer.guest.headers["Authorization"], folder, request)
    client = await open_cluster(Cluster(name="contract", kubeconfig=path), environ={})
    yield client
    await client.aclose()


@pytest.fixture
def writer(kube: KubeClient) -> ObjectWriter:
    """Give a writer that knows people's tools as the default configuration does."""
    return ObjectWriter(kube, PEOPLE_MANAGERS)


def widget_at(namespace: str, name: str = "one") -> Address:
    return Address(API_VERSION, "Widget", "widgets", namespace, name)
