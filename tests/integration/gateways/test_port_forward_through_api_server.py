"""A gateway's pods found and reached through a real kube-apiserver.

The API server is the real one: it authenticates, authorises (both verbs), finds the pod's node and hands
the WebSocket through. There is no real kubelet: the node's is the small server of the unit tests, over TLS,
with a fake gateway behind it. So a real kubelet's and container runtime's own behaviour is not tested here.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reconciler.cluster.connection import open_cluster
from reconciler.cluster.port_forward import ForwardedStream, open_port_forwards
from reconciler.gateways.places import Access, ClusterPlace
from reconciler.gateways.views import GatewayViews
from reconciler.gateways.watching import GatewayObserver
from reconciler.model.errors import ClusterError
from reconciler.model.rows import PlaceState
from reconciler.settings.model import Cluster, GatewaySpec
from tests.unit.cluster.fake_kubelet import FakeKubelet
from tests.unit.gateways.fake_gateway import FakeGateway

if TYPE_CHECKING:
    from tests.peers.control_plane import KubeControlPlane

pytestmark = pytest.mark.peers


def gateway_pod(client: httpx.Client, namespace: str, name: str, node: str) -> None:
    """Create a pod that runs on a node, as far as the API server knows."""
    pods = f"/api/v1/namespaces/{namespace}/pods"
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "gateway"}},
        "spec": {"nodeName": node, "containers": [{"name": "gateway", "image": "gateway"}]},
    }
    client.post(pods, json=manifest).raise_for_status()
    client.patch(
        f"{pods}/{name}/status",
        json={"status": {"phase": "Running"}},
        headers={"Content-Type": "application/merge-patch+json"},
    ).raise_for_status()


@pytest.fixture
async def kubelet(real_cluster: KubeControlPlane, real_namespace: str) -> AsyncIterator[FakeKubelet]:
    """Give a node `node-of-NAMESPACE` whose kubelet serves, with two gateway pods on it."""
    from tests.peers.certificates import Authority

    fake, name = FakeKubelet(), f"node-of-{real_namespace}"
    folder = real_cluster.folder / name
    folder.mkdir()
    pair = Authority(folder).server("kubelet", ["127.0.0.1"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.certificate, pair.key)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fake.serving(tls))
        client = real_cluster.client()
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        client.post("/api/v1/nodes", json=node).raise_for_status()
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": fake.port}},
        }
        client.patch(
            f"/api/v1/nodes/{name}/status",
            json={"status": status},
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()
        for pod in ("gw-0", "gw-1"):
            gateway_pod(client, real_namespace, pod, name)
            gateway = FakeGateway(f"node-of-{pod}")
            for number in range(30):
                gateway.deploy(f"api-{number}", str(number))
            await stack.enter_async_context(gateway.serving())
            fake.targets[pod] = gateway.port
        yield fake
        client.delete(f"/api/v1/nodes/{name}").raise_for_status()


async def test_the_pods_of_a_gateway_are_found_and_read_through_the_api_server(
    real_cluster: KubeControlPlane, real_namespace: str, kubelet: FakeKubelet, tmp_path: Path
) -> None:
    config = Cluster(name="real", kubeconfig=real_cluster.kubeconfig(tmp_path / "config"))
    client = await open_cluster(config, environ=dict(os.environ))
    forwards = open_port_forwards(config, environ=dict(os.environ))

    async def list_pods(_cluster: str, namespace: str, selector: str) -> list[dict[str, Any]]:
        body = await client.get(f"/api/v1/namespaces/{namespace}/pods", labelSelector=selector)
        items: list[dict[str, Any]] = body["items"]
        return items

    async def dial(_cluster: str, namespace: str, pod: str, port: int) -> ForwardedStream:
        return await forwards.dial(namespace, pod, port)

    spec = GatewaySpec(name="edge", cluster="real", namespace=real_namespace, selector="app=gateway")
    place = ClusterPlace(spec, Access(timeout_s=20), {}, list_pods=list_pods, dial=dial)
    states: dict[str, PlaceState] = {}
    views = GatewayViews(lambda state: states.update({state.name: state}))
    await GatewayObserver("edge", place).observe_once(views)
    await client.aclose()

    assert states["edge"].phase == "ready", states
    seen = {view.pod: view.facts.id for view in views.of("edge") if view.facts is not None}
    assert seen == {"gw-0": "node-of-gw-0", "gw-1": "node-of-gw-1"}
    assert all(len(view.deployed) == 30 for view in views.of("edge"))
    assert {asked[2] for asked in kubelet.asked} == {"port=18082"}, "the kubelet is told the port"
    assert len(kubelet.asked) <= 8, "connections are used again: at most four a pod"


async def granted(cluster: KubeControlPlane, namespace: str, verbs: list[str]) -> None:
    """Grant verbs on port-forwards to the user `limited`, and wait until the API server knows."""
    rules = [{"apiGroups": [""], "resources": ["pods/portforward"], "verbs": verbs}]
    cluster.grant("limited", rules, namespace)
    client = cluster.client("limited")
    asked = {"namespace": namespace, "resource": "pods", "subresource": "portforward"}
    async with asyncio.timeout(20):
        for verb in verbs:
            review = {"spec": {"resourceAttributes": asked | {"verb": verb}}}
            path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
            while not client.post(path, json=review).json()["status"]["allowed"]:  # noqa: ASYNC110 - the API server has no event for it
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("verbs", [["get"], ["create"]])
async def test_one_right_alone_is_not_enough_and_both_are_named(
    real_cluster: KubeControlPlane,
    real_namespace: str,
    kubelet: FakeKubelet,
    tmp_path: Path,
    verbs: list[str],
) -> None:
    await granted(real_cluster, real_namespace, verbs)
    config = Cluster(name="real", kubeconfig=real_cluster.kubeconfig(tmp_path / "config", "limited"))
    with pytest.raises(ClusterError) as caught:
        await open_port_forwards(config, environ={}).dial(real_namespace, "gw-0", 18082)
    assert caught.value.status == 403
    assert "get and create on pods/portforward" in caught.value.next_step
    assert kubelet.asked == []


async def test_both_rights_are_enough(
    real_cluster: KubeControlPlane, real_namespace: str, kubelet: FakeKubelet, tmp_path: Path
) -> None:
    await granted(real_cluster, real_namespace, ["get", "create"])
    config = Cluster(name="real", kubeconfig=real_cluster.kubeconfig(tmp_path / "config", "limited"))
    stream = await open_port_forwards(config, environ={}).dial(real_namespace, "gw-0", 18082)
    await stream.aclose()
    assert kubelet.asked == [(real_namespace, "gw-0", "port=18082")]


async def test_a_pod_that_has_gone_is_told(
    real_cluster: KubeControlPlane, real_namespace: str, tmp_path: Path
) -> None:
    config = Cluster(name="real", kubeconfig=real_cluster.kubeconfig(tmp_path / "config"))
    forwards = open_port_forwards(config, environ=dict(os.environ))
    with pytest.raises(ClusterError) as caught:
        await forwards.dial(real_namespace, "gone", 18082)
    assert caught.value.status == 404
    assert caught.value.reason == "not-found"
