"""The Kubernetes room against a real kube-apiserver: what only the real one can confirm."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reconciler.cluster.access import review_access
from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.cluster.kinds import served_kinds
from reconciler.cluster.listing import list_kind
from reconciler.cluster.schemas import kind_schemas
from reconciler.cluster.watching import ClusterWatch, observe_once
from reconciler.model.errors import ClusterError
from reconciler.settings.model import Cluster
from tests.unit.cluster.recording_sink import RecordingSink

if TYPE_CHECKING:
    from tests.peers.control_plane import Credential, KubeControlPlane

pytestmark = pytest.mark.peers

GROUP = "gravitee.io"
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "gadgets.gravitee.io"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "Gadget", "plural": "gadgets", "shortNames": ["gd"]},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "colour": {"type": "string", "default": "grey"},
                                    "size": {"type": "integer"},
                                },
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}


CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.gravitee.io"


def serve_gadgets(cluster: KubeControlPlane, folder: Path) -> None:
    path = folder / "gadgets.yaml"
    path.write_text(yaml.safe_dump(CRD))
    cluster.apply_crds([path])


@pytest.fixture(scope="module")
def gadgets(
    real_cluster: KubeControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeControlPlane]:
    """A real cluster that serves a kind of our own in the group, as long as these tests run."""
    serve_gadgets(real_cluster, tmp_path_factory.mktemp("crd"))
    yield real_cluster
    real_cluster.client().delete(CRD_PATH).raise_for_status()


def create(cluster: KubeControlPlane, namespace: str, name: str, **spec: Any) -> dict[str, Any]:
    gadget = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Gadget", "metadata": {"name": name}, "spec": spec}
    return cluster.apply(f"/apis/{GROUP}/v1alpha1/namespaces/{namespace}/gadgets/{name}", gadget)


@contextlib.asynccontextmanager
async def client_of(
    cluster: KubeControlPlane, folder: Path, user: str = "admin", credential: Credential = "token"
) -> AsyncIterator[KubeClient]:
    path = cluster.kubeconfig(folder / f"{user}-{credential}", user, credential=credential)
    spec = Cluster(name="real", kubeconfig=path)
    client = await open_cluster(spec, environ=dict(os.environ))
    try:
        yield client
    finally:
        await client.aclose()


@pytest.mark.parametrize("credential", ["token", "certificate"])
async def test_both_credentials_of_a_kubeconfig_open_the_cluster(
    gadgets: KubeControlPlane, tmp_path: Path, credential: Credential
) -> None:
    async with client_of(gadgets, tmp_path, credential=credential) as client:
        kinds = {kind.kind: kind for kind in await served_kinds(client, GROUP)}
    assert kinds["Gadget"].short_names == ("gd",)
    assert kinds["Gadget"].namespaced


async def test_a_wrong_token_is_refused_in_words(gadgets: KubeControlPlane, tmp_path: Path) -> None:
    path = gadgets.kubeconfig(tmp_path / "config")
    path.write_text(path.read_text().replace(gadgets.admin_token, "wrong"))
    client = await open_cluster(Cluster(name="real", kubeconfig=path), environ={})
    with pytest.raises(ClusterError, match="the credentials were refused") as caught:
        await served_kinds(client, GROUP)
    await client.aclose()
    assert caught.value.reason == "unauthorized"


async def test_the_schema_is_the_same_from_the_crd_and_from_the_published_document(
    gadgets: KubeControlPlane, tmp_path: Path
) -> None:
    async with client_of(gadgets, tmp_path) as client, client_of(gadgets, tmp_path, "nobody") as other:
        kinds = [kind for kind in await served_kinds(client, GROUP) if kind.kind == "Gadget"]
        from_crd = (await kind_schemas(client, kinds))["Gadget"]
        async with asyncio.timeout(20):  # a new CRD is published some seconds after it is served
            published: dict[str, Any] = {}
            while not published:
                published = (await kind_schemas(other, kinds))["Gadget"]
    assert from_crd["properties"]["spec"]["properties"]["colour"]["default"] == "grey"
    assert published["properties"]["spec"] == from_crd["properties"]["spec"]


async def test_pages_together_hold_every_object(
    gadgets: KubeControlPlane, real_namespace: str, tmp_path: Path
) -> None:
    for number in range(7):
        create(gadgets, real_namespace, f"g{number}")
    async with client_of(gadgets, tmp_path) as client:
        kind = next(kind for kind in await served_kinds(client, GROUP) if kind.kind == "Gadget")
        pages = [page async for page in list_kind(client, kind, namespace=real_namespace, page=3)]
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert {item["metadata"]["name"] for page in pages for item in page.items} == {f"g{n}" for n in range(7)}


async def test_what_a_user_may_not_read_is_a_state(gadgets: KubeControlPlane, tmp_path: Path) -> None:
    sink = RecordingSink()
    async with client_of(gadgets, tmp_path, "nobody") as client:
        await observe_once(client, Cluster(name="real"), sink)
        kinds = [kind for kind in await served_kinds(client, GROUP) if kind.kind == "Gadget"]
        rows = await review_access(client, kinds)
    assert "may not list Gadget in all namespaces" in sink.message("real/Gadget")
    assert sink.phase("real") == "partial"
    assert not any(row.allowed for row in rows)


async def test_a_user_of_one_namespace_reads_that_one(
    gadgets: KubeControlPlane, real_namespace: str, tmp_path: Path
) -> None:
    create(gadgets, real_namespace, "mine")
    rules = [{"apiGroups": [GROUP], "resources": ["gadgets"], "verbs": ["get", "list", "watch"]}]
    gadgets.grant("limited", rules, namespace=real_namespace)
    sink = RecordingSink()
    async with client_of(gadgets, tmp_path, "limited") as client:
        await observe_once(client, Cluster(name="real", namespaces=(real_namespace,)), sink)
        kinds = [kind for kind in await served_kinds(client, GROUP) if kind.kind == "Gadget"]
        rows = await review_access(client, kinds, [real_namespace], ["list", "delete"])
    assert (sink.phase("real/Gadget"), sink.names()) == ("ready", ["mine"])
    assert [row.allowed for row in rows] == [True, False]


@contextlib.asynccontextmanager
async def watching(path: Path, sink: RecordingSink) -> AsyncIterator[None]:
    spec = Cluster(name="real", kubeconfig=path, request_timeout_s=3)

    async def factory() -> KubeClient:
        return await open_cluster(spec, environ={})

    task = asyncio.create_task(ClusterWatch(factory, spec, random=lambda: 0.2).run(sink))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_change_is_told_with_its_manager_and_deletion_follows(
    gadgets: KubeControlPlane, real_namespace: str, tmp_path: Path
) -> None:
    sink = RecordingSink()
    async with watching(gadgets.kubeconfig(tmp_path / "config"), sink):
        await sink.until(lambda: sink.phase("real/Gadget") == "ready")
        await asyncio.to_thread(create, gadgets, real_namespace, "live", size=1)
        await sink.until(lambda: "live" in sink.names())
        found = next(value for key, value in sink.objects.items() if key.name == "live")
        assert found.body()["spec"] == {"colour": "grey", "size": 1}
        assert found.trace.manager == "tests" and found.trace.changed_at > 0
        path = f"/apis/{GROUP}/v1alpha1/namespaces/{real_namespace}/gadgets/live"
        (await asyncio.to_thread(gadgets.client().delete, path)).raise_for_status()
        await sink.until(lambda: "live" not in sink.names())


@pytest.mark.slow
async def test_a_restarted_server_is_found_again_and_nothing_is_missed(
    own_cluster: Any, tmp_path: Path
) -> None:
    cluster = own_cluster()
    serve_gadgets(cluster, tmp_path)
    namespace = cluster.create_namespace("restart")
    sink = RecordingSink()
    async with watching(cluster.kubeconfig(tmp_path / "config"), sink):
        await sink.until(lambda: sink.phase("real") == "ready")
        await asyncio.to_thread(create, cluster, namespace, "before")
        await sink.until(lambda: sink.names() == ["before"])
        await asyncio.to_thread(cluster.stop_apiserver, crash=True)
        await sink.until(lambda: sink.phase("real") == "failed")
        assert "refused the connection" in sink.message("real")
        assert sink.names() == ["before"]
        await asyncio.to_thread(cluster.start_apiserver)
        await asyncio.to_thread(create, cluster, namespace, "after")
        await sink.until(lambda: sink.names() == ["after", "before"])
        await sink.until(lambda: sink.phase("real") == "ready")
