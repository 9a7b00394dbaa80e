"""Pytest fixtures for the real peers and the reference data.

A machine that lacks a peer skips the tests that need it, and says why. Where `GKO_TUI_REQUIRE_PEERS=1`
is set, as CI does, they fail instead: a green run then means that nothing was left out.

The root conftest loads this module for every run, so that anything slow is imported only when used.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import pytest

from tests.peers.build import PeerUnavailable, peer_binary
from tests.peers.shared_data import absence_reason, shared_folder

if TYPE_CHECKING:
    from tests.peers.control_plane import KubeControlPlane


class RealClusters(Protocol):
    """What the fixture `real_clusters` gives: the session's first clusters, started if need be."""

    def __call__(self, count: int) -> list[KubeControlPlane]: ...


class OwnCluster(Protocol):
    """What the fixture `own_cluster` gives: starts a cluster that ends with the test."""

    def __call__(self, name: str = "own", **options: Any) -> KubeControlPlane: ...


def require_peer(name: str) -> Path:
    """Return a built peer, or skip the running test (fail it where peers are required)."""
    try:
        return peer_binary(name)
    except PeerUnavailable as problem:
        _without_peer(problem)


def _without_peer(problem: PeerUnavailable) -> NoReturn:
    if os.environ.get("GKO_TUI_REQUIRE_PEERS") == "1":
        pytest.fail(f"GKO_TUI_REQUIRE_PEERS is set, but {problem.reason}", pytrace=False)
    pytest.skip(problem.reason)


@pytest.fixture(scope="session")
def real_clusters() -> Iterator[RealClusters]:
    """Give `real_clusters(n)`: n real clusters, shared by all tests of the session.

    They are named `real-1`, `real-2`… and so are their kubeconfig contexts. Tests keep apart by namespace,
    and leave the servers running; one that stops or restarts a server takes `own_cluster`.
    """
    started: list[KubeControlPlane] = []

    with ExitStack() as stack:

        def clusters(count: int) -> list[KubeControlPlane]:
            from tests.peers.control_plane import KubeControlPlane

            require_peer("etcd")
            require_peer("kube-apiserver")
            new = [KubeControlPlane(f"real-{number}") for number in range(len(started) + 1, count + 1)]
            for cluster in new:
                stack.callback(cluster.stop)
            if new:
                with ThreadPoolExecutor(len(new)) as pool:
                    started.extend(pool.map(KubeControlPlane.start, new))
            return started[:count]

        yield clusters


@pytest.fixture(scope="session")
def real_cluster(real_clusters: RealClusters) -> KubeControlPlane:
    """Give the first of `real_clusters`."""
    return real_clusters(1)[0]


@pytest.fixture(scope="session")
def gravitee_cluster(real_cluster: KubeControlPlane, gravitee_crds: Path) -> KubeControlPlane:
    """Give `real_cluster` with the CRDs of gravitee.io in service."""
    real_cluster.apply_crds([gravitee_crds])
    return real_cluster


@pytest.fixture
def real_namespace(real_cluster: KubeControlPlane) -> str:
    """Give a new namespace in `real_cluster`, so that tests do not meet each other's objects."""
    return real_cluster.create_namespace(f"test-{uuid.uuid4().hex[:10]}")


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[OwnCluster]:
    """Give `own_cluster(name, **options)`: starts a cluster for one test, which may do to it what it likes.

    The options are those of `KubeControlPlane`.
    """
    with ExitStack() as stack:

        def start(name: str = "own", **options: Any) -> KubeControlPlane:
            from tests.peers.control_plane import KubeControlPlane

            require_peer("etcd")
            require_peer("kube-apiserver")
            options.setdefault("folder", tmp_path / f"cluster-{name}")
            return stack.enter_context(KubeControlPlane(name, **options))

        yield start


@pytest.fixture(scope="session")
def peer() -> Callable[[str], Path]:
    """Give `peer("kubectl")`: the path of a built peer; the test is skipped where there is none."""
    return require_peer


@pytest.fixture(scope="session")
def shared_references() -> Path:
    """Give the references folder, or skip."""
    folder = shared_folder()
    if folder is None:
        pytest.skip(absence_reason())
    return folder


@pytest.fixture(scope="session")
def shared_data(shared_references: Path) -> Path:
    """Give the references' `data` folder (crds, examples, exchanges, golden, openapi), or skip."""
    return shared_references / "data"


@pytest.fixture(scope="session")
def gravitee_crds(shared_data: Path) -> Path:
    """Give the folder with GKO's CRDs, or skip."""
    return shared_data / "crds"
