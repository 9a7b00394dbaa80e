"""The operator's example manifests, from Git to a real API server and back into verdicts (issue 3, bar 4)."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from reconciler.engine.service import Engine
from reconciler.model.keys import GROUP, ResourceKey
from reconciler.model.verdicts import Verdict
from reconciler.settings.model import Platform
from reconciler.settings.paths import StatePaths
from tests.fleet.repository import commit_files
from tests.peers.fixtures import OwnCluster

TABS = "gateway-api/http-backends.yaml"
"""Tabs stand after values there: strict parsers refuse it, Kubernetes' tools do not."""
INVALID = "apim/api_definition/v4/api-v4-with-page-swagger-http-fetcher.yml"
"""One key stands twice in a mapping: a strict API server refuses it."""


def documents(examples: Path) -> dict[str, list[dict[str, Any]]]:
    """File → its documents, by a plain YAML library; files that it cannot read are left out."""
    found = {}
    for file in sorted(examples.rglob("*")):
        path = str(file.relative_to(examples))
        if file.suffix in (".yaml", ".yml") and path != INVALID:
            found[path] = [one for one in yaml.load_all(file.read_bytes(), Loader=yaml.CSafeLoader) if one]
    return found


def namespace_of(path: str) -> str:
    """The namespace of a leaf folder's application."""
    return path.rpartition("/")[0].replace("/", "-").replace("_", "-")


def expected(examples: Path) -> dict[ResourceKey, list[str]]:
    """Every resource of the group → the files that define it."""
    table: dict[ResourceKey, list[str]] = defaultdict(list)
    for path, of_file in documents(examples).items():
        for one in of_file:
            if one["apiVersion"].partition("/")[0] == GROUP:
                where = one["metadata"].get("namespace") or namespace_of(path)
                table[ResourceKey("real", one["kind"], where, one["metadata"]["name"])].append(path)
    return table


def engine_on(examples: Path, folder: Path, kubeconfig: Path) -> Engine:
    """One application for each leaf folder of the examples."""
    files = {
        str(file.relative_to(examples)): file.read_bytes() for file in examples.rglob("*") if file.is_file()
    }
    commit_files(folder / "repo", files, at=int(time.time()) - 3600)
    leaves = sorted({path.rpartition("/")[0] for path in files})
    platform = Platform.model_validate(
        {
            "sources": [{"name": "examples", "path": str(folder / "repo")}],
            "clusters": [{"name": "real", "kubeconfig": str(kubeconfig)}],
            "applications": [
                {
                    "name": leaf.replace("/", "-") or "root",
                    "source": "examples",
                    "folder": leaf,
                    "recursive": False,
                    "namespace": namespace_of(f"{leaf}/x"),
                    "clusters": ["real"],
                }
                for leaf in leaves
            ],
        }
    )
    paths = StatePaths(state=folder / "state", cache=folder / "cache")
    return Engine(platform, paths, environ={}, clock=time.time)


def apply(client: httpx.Client, manifest: dict[str, Any], namespace: str, plural: str) -> httpx.Response:
    """Server-side apply as a GitOps tool does."""
    name = manifest["metadata"]["name"]
    return client.patch(
        f"/apis/{GROUP}/v1alpha1/namespaces/{namespace}/{plural}/{name}",
        params={"fieldManager": "argocd-controller", "force": "true"},
        content=yaml.safe_dump(manifest).encode(),
        headers={"Content-Type": "application/apply-patch+yaml"},
    )


@pytest.mark.peers
async def test_every_valid_example_is_read_keyed_and_joined(
    shared_data: Path, gravitee_crds: Path, own_cluster: OwnCluster, tmp_path: Path
) -> None:
    examples = shared_data / "examples"
    wanted = expected(examples)
    cluster = own_cluster("examples")
    plurals = {one.kind: one.plural for one in cluster.apply_crds([gravitee_crds])}
    engine = engine_on(examples, tmp_path, cluster.kubeconfig(tmp_path / "kubeconfig"))

    # given an empty cluster, everything that one file defines is missing
    await engine.observe_once()
    rows = engine.fleet.rows()
    assert set(rows) == set(wanted)
    for key, files in wanted.items():
        assert rows[key].cluster.verdict is Verdict.MISSING, key
        assert rows[key].git.verdict is (Verdict.SYNCED if len(files) == 1 else Verdict.FAILED), key
        assert all(file in rows[key].git.causes[0] for file in files[1:]), key

    # and what is wrong with files is named with file, line, reason and what to do
    problems = {problem.where: problem for problem in engine.fleet.problems()}
    assert {where for where, problem in problems.items() if problem.severity == "error"} == {f"{INVALID}:71"}
    assert "useSystemProxy" in problems[f"{INVALID}:71"].message
    assert {where for where in problems if where.startswith(TABS)} == {f"{TABS}:32", f"{TABS}:79"}
    assert all("tab" in problems[where].message for where in problems if where.startswith(TABS))
    assert all(problem.next_step for problem in problems.values())

    # when they are applied, what the API server takes is in sync
    client = cluster.client()
    refused: set[ResourceKey] = set()
    for path, of_file in documents(examples).items():
        cluster.create_namespace(namespace_of(path))
        for one in of_file:
            key = ResourceKey("real", one["kind"], namespace_of(path), one["metadata"]["name"])
            if key not in wanted:
                continue
            answer = apply(client, one, key.namespace, plurals[key.kind])
            if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY or answer.is_client_error:
                refused.add(key)
            else:
                answer.raise_for_status()
    await engine.observe_once()
    rows = engine.fleet.rows()
    not_synced = {
        key: (row.cluster.verdict, row.cluster.causes)
        for key, row in rows.items()
        if row.cluster.verdict is not Verdict.SYNCED and key not in refused
    }
    assert not_synced == {}
    assert {rows[key].cluster.verdict for key in refused} <= {Verdict.MISSING}
    # the API server itself refuses one example, which lacks a required field
    assert {key.name for key in refused} == {"echo-subscription-metadata"}
    await engine.aclose()
