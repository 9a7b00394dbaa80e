"""One `gko-tui sync` of every valid example onto an empty, real API server; the second writes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from reconciler.simulator.apim import Apim, ApimServer
from tests.fleet.repository import commit_files
from tests.integration.acting_commands.examples import (
    ONLY_READ,
    applied,
    folders,
    namespace_of,
    repository,
)
from tests.integration.acting_commands.scene import Acting, Done
from tests.peers.control_plane import KubeControlPlane
from tests.peers.fixtures import OwnCluster

BEFORE = (
    ("Namespace", "Secret"),
    ("Secret", "ManagementContext"),
    ("ManagementContext", "Group"),
    ("ManagementContext", "Application"),
    ("Group", "Notification"),
    ("Notification", "Subscription"),
    ("Application", "Subscription"),
    ("ApiResource", "Subscription"),
    ("Portal", "PortalListing"),
    ("Portal", "Documentation"),
)
"""Kinds of which every example of the first has to be there before any of the second."""


class Counting(ApimServer):
    """A control plane that remembers who wrote what."""

    def __init__(self) -> None:
        super().__init__(Apim())
        self.writes: list[str] = []

    def respond(self, request: web.Request, path: str, query: Mapping[str, str], body: bytes) -> Any:
        if request.method not in ("GET", "HEAD"):
            self.writes.append(f"{request.method} {path}")
        return super().respond(request, path, query, body)


class Examples(Acting):
    """The examples in a repository, an application for each leaf folder, and an empty real cluster."""

    def __init__(self, folder: Path, cluster: KubeControlPlane, files: Mapping[str, bytes]) -> None:
        super().__init__(folder)
        self.real = cluster
        commit_files(folder / "repo", files, at=int(time.time()) - 3600)
        self.applications = {namespace_of(f"{one}/x"): one for one in folders(files)}
        kubeconfig = cluster.kubeconfig(folder / "kubeconfig")
        platform = {
            "sources": [{"name": "examples", "path": str(folder / "repo")}],
            "clusters": [{"name": "real", "kubeconfig": str(kubeconfig)}],
            "applications": [
                {
                    "name": name,
                    "source": "examples",
                    "folder": path,
                    "recursive": False,
                    "namespace": name,
                    "clusters": ["real"],
                    "create_namespaces": True,
                }
                for name, path in self.applications.items()
            ],
        }
        (folder / "gko-tui.yaml").write_text(yaml.safe_dump(platform))

    async def sync(self, *more: str) -> Done:
        """One sync of all but what is only read."""
        chosen = [f"--application={name}" for name in self.applications if name != ONLY_READ]
        return await self.gko_tui("sync", "--yes", *chosen, *more)

    def versions(self) -> dict[str, str]:
        """resourceVersion of everything in the applications' namespaces."""
        client, found = self.real.client(), {}
        served = client.get("/apis/gravitee.io/v1alpha1").json()["resources"]
        paths = [f"/apis/gravitee.io/v1alpha1/{one['name']}" for one in served if "/" not in one["name"]]
        for path in (*paths, "/api/v1/secrets", "/api/v1/configmaps"):
            for item in client.get(path).json()["items"]:
                about = item["metadata"]
                if about["namespace"] in self.applications:
                    kind = item.get("kind") or path.rpartition("/")[2]
                    found[f"{kind}/{about['namespace']}/{about['name']}"] = about["resourceVersion"]
        return found


@pytest.mark.peers
@pytest.mark.slow
async def test_one_sync_applies_every_example_in_order_and_the_second_writes_nothing(
    shared_data: Path, gravitee_crds: Path, own_cluster: OwnCluster, tmp_path: Path
) -> None:
    apim = Counting()
    await apim.start()
    try:
        files = repository(shared_data / "examples", apim.url)
        cluster = await asyncio.to_thread(own_cluster, "examples")
        await asyncio.to_thread(cluster.apply_crds, [gravitee_crds])
        scene = Examples(tmp_path, cluster, files)

        # given an empty cluster, when all is synced at once
        first = await scene.sync("-o", "json")

        # then everything is there, in the order of its references
        assert first.code == 0, (first.err, _bad(first))
        created = [one for one in first.document["outcomes"] if one["did"] == "created"]
        names = {(one["namespace"], one["kind"], one["name"]) for one in created if one["namespace"]}
        assert names == applied(files)
        assert not any(one["namespace"] == ONLY_READ for one in created)
        _in_order([one["kind"] for one in created])

        # and the second time nothing is written, on either hop
        before, sent = scene.versions(), len(apim.writes)
        second = await scene.sync("-o", "json")
        assert second.code == 0, (second.err, _bad(second))
        assert (second.document["carriedOut"], second.document["plan"]["writes"]) == (False, False)
        assert scene.versions() == before
        assert apim.writes[sent:] == []
    finally:
        await apim.stop()


def _bad(done: Done) -> list[str]:
    document = done.document
    blocks = [
        f"{one['name']}: {block['text']}" for one in document["plan"]["steps"] for block in one["blocked"]
    ]
    failed = [
        f"{one['name']}: {one['message']}"
        for one in document["outcomes"]
        if one["did"] in ("failed", "unknown")
    ]
    return blocks + failed


def _in_order(kinds: list[str]) -> None:
    """Of each pair the last of the earlier kind is made before the first of the later one."""
    for earlier, later in BEFORE:
        last = max(at for at, kind in enumerate(kinds) if kind == earlier)
        assert last < kinds.index(later), (earlier, later)
