"""The two peers of the contract suite: the simulated API server, and a real one."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from reconciler.simulator.kube import Rule, SimCluster, SimKubeServer
from tests.contract.widgets import CRD_PATH, GROUP, Widgets, definition

SIMULATED, REAL = "simulated", "real"


@dataclass(frozen=True)
class Peer:
    """One API server.

    Attributes:
        client: an administrator's client.
        stranger: a client of a user without any rights.
        guest: a client of a user whom `grant` gives rights.
        nameless: a client without credentials.
        forget: makes the server forget its history.
    """

    name: str
    client: httpx.Client
    stranger: httpx.Client
    guest: httpx.Client
    nameless: httpx.Client
    grant: Callable[[Sequence[Mapping[str, Any]], str | None], None]
    forget: Callable[[], None]


class ServedCluster:
    """A simulated cluster, served from a thread of its own."""

    def __init__(self) -> None:
        self.cluster = SimCluster("contract", clock=time.time)
        self.server = SimKubeServer(self.cluster)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated API server")

    def __enter__(self) -> ServedCluster:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def _client(url: str, token: str | None, **more: Any) -> httpx.Client:
    headers = {"User-Agent": "contract/1.0", **({"Authorization": f"Bearer {token}"} if token else {})}
    return httpx.Client(base_url=url, headers=headers, timeout=20.0, trust_env=False, **more)


@pytest.fixture(scope="session", params=[SIMULATED, pytest.param(REAL, marks=pytest.mark.peers)])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    """Give each of the two servers in turn, with the suite's kind in service."""
    with ExitStack() as stack:
        made = _simulated(stack) if request.param == SIMULATED else _real(request, stack)
        serve(made.client, definition())
        yield made


def _simulated(stack: ExitStack) -> Peer:
    served = stack.enter_context(ServedCluster())
    cluster, url = served.cluster, served.server.url
    users = {user: cluster.tokens.issue(user) for user in ("nobody", "limited")}

    def grant(rules: Sequence[Mapping[str, Any]], namespace: str | None) -> None:
        cluster.grants.revoke("limited")
        for rule in rules:
            cluster.grant(
                "limited",
                Rule(
                    rule["verbs"],
                    rule["apiGroups"],
                    rule["resources"],
                    [namespace] if namespace else [],
                    rule.get("resourceNames", []),
                ),
            )

    admin, stranger, guest, nameless = (
        stack.enter_context(_client(url, token))
        for token in (cluster.admin_token, users["nobody"], users["limited"], None)
    )
    return Peer(SIMULATED, admin, stranger, guest, nameless, grant, cluster.compact)


def _real(request: pytest.FixtureRequest, stack: ExitStack) -> Peer:
    import ssl

    plane = request.getfixturevalue("real_cluster")
    trusted = ssl.create_default_context(cafile=str(plane.ca_file))
    etcd = stack.enter_context(httpx.Client(base_url=plane._etcd_url, trust_env=False))

    def forget() -> None:
        revision = etcd.post("/v3/kv/range", json={"key": "AA=="}).json()["header"]["revision"]
        answer = etcd.post("/v3/kv/compaction", json={"revision": revision, "physical": True})
        # Somebody else may have compacted as far in the meantime, which is as good.
        assert answer.is_success or "compacted" in answer.text

    def grant(rules: Sequence[Mapping[str, Any]], namespace: str | None) -> None:
        plane.grant("limited", rules, namespace)

    admin, stranger, guest, nameless = (
        stack.enter_context(_client(plane.url, token, verify=trusted))
        for token in (plane.admin_token, plane.token_for("nobody"), plane.token_for("limited"), None)
    )
    return Peer(REAL, admin, stranger, guest, nameless, grant, forget)


def serve(client: httpx.Client, crd: dict[str, Any]) -> None:
    """Bring a kind into service and wait until it can be listed and is discovered."""
    answer = client.post(CRD_PATH, json=crd)
    assert answer.status_code in (201, 409), answer.text
    plural = crd["spec"]["names"]["plural"]
    until(lambda: client.get(f"/apis/{GROUP}/v1/{plural}").is_success)
    until(
        lambda: any(
            each["name"] == plural for each in client.get(f"/apis/{GROUP}/v1").json().get("resources", ())
        )
    )


def until(holds: Callable[[], object], timeout: float = 20.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Peer, Peer]]:
    """Give a simulated and a real server at once, for tests that hold one against the other."""
    with ExitStack() as stack:
        real, simulated = _real(request, stack), _simulated(stack)
        for each in (real, simulated):
            serve(each.client, definition())
        yield simulated, real


@pytest.fixture
def namespace(peer: Peer) -> str:
    """Give a namespace of the test's own."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    assert peer.client.post("/api/v1/namespaces", json=body).status_code == 201
    return name


@pytest.fixture
def widgets(peer: Peer, namespace: str) -> Widgets:
    """Give the widgets of the test's own namespace."""
    return Widgets(peer.client, namespace)
