"""A platform for tests of the engine: a real Git repository and ledger, clusters that the test speaks for.

The engine is the whole one; only the network is replaced, at the sink that the cluster room calls.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from reconciler.cluster.kinds import ServedKind
from reconciler.engine.service import Engine
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, PlaceState, Row
from reconciler.model.verdicts import Place
from reconciler.settings.model import Platform
from reconciler.settings.paths import StatePaths
from tests.fleet.repository import commit_files

NOW = 1_760_000_000.0
API = "ApiV4Definition"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "description": {"type": "string"},
                "state": {"type": "string", "default": "STARTED"},
                "plans": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "status": {"type": "string", "default": "PUBLISHED"},
                            "security": {"type": "object", "properties": {"type": {"type": "string"}}},
                        },
                    },
                },
            },
        }
    },
}


def manifest(name: str, *, namespace: str = "pay", **spec: Any) -> dict[str, Any]:
    """A small ApiV4Definition."""
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": API,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"name": name, "description": "first", **spec},
    }


def text(*manifests: Mapping[str, Any]) -> str:
    """Manifests as one YAML file."""
    return yaml.safe_dump_all([dict(one) for one in manifests], sort_keys=False)


class Scene:
    """One repository, clusters, and the engine that reads them.

    Args:
        folder: a temporary folder; a second scene on the same one is the engine restarted.
        clusters: their names.
        namespaces: what every cluster is restricted to; empty for all.
    """

    def __init__(
        self, folder: Path, *, clusters: Sequence[str] = ("eu",), namespaces: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.now = NOW
        self.clusters = tuple(clusters)
        self._versions = itertools.count(100)
        platform = Platform.model_validate(
            {
                "sources": [{"name": "repo", "path": str(folder / "repo")}],
                "clusters": [
                    {"name": name, "kubeconfig": "/nowhere", "namespaces": list(namespaces)}
                    for name in clusters
                ],
                "applications": [{"name": "apis", "source": "repo", "clusters": list(clusters)}],
            }
        )
        paths = StatePaths(state=folder / "state", cache=folder / "cache")
        self.engine = Engine(platform, paths, environ={}, clock=lambda: self.now)

    # --- Git ---------------------------------------------------------------------------------

    def commit(self, files: Mapping[str, str], *, at: float, message: str = "Change the APIs") -> str:
        """Commit exactly these files, and let the engine look."""
        revision = commit_files(self.folder / "repo", files, message=message, at=int(at))
        self.look_at_git()
        return revision

    def look_at_git(self) -> None:
        """Poll the source as the engine's loop does."""
        if self.engine._git.refresh("repo"):
            self.engine._marks.desired_changed()

    # --- clusters ----------------------------------------------------------------------------

    def serve(self, cluster: str = "eu", kinds: Sequence[str] = (API,)) -> None:
        """The cluster answers discovery."""
        served = [
            ServedKind(kind, f"{kind.lower()}s", "v1alpha1", True, frozenset({"get", "list", "watch"}), ())
            for kind in kinds
        ]
        self.engine._actual.kinds(cluster, served, dict.fromkeys(kinds, SCHEMA), "v1.36.3")
        self.engine._actual.state(
            cluster, None, PlaceState(Place.CLUSTER, cluster, "ready", observed_at=self.now)
        )

    def holds(self, *objects: dict[str, Any], cluster: str = "eu", kind: str = API) -> None:
        """The cluster's whole list of a kind."""
        self.engine._actual.page(cluster, kind, list(objects))
        keys = {
            ResourceKey(cluster, kind, one["metadata"]["namespace"], one["metadata"]["name"])
            for one in objects
        }
        self.engine._actual.listed(cluster, kind, keys)

    def event(self, type: str, item: dict[str, Any], *, cluster: str = "eu") -> None:
        """One watch event."""
        self.engine._actual.event(cluster, item["kind"], type, item)

    def applied(
        self, wanted: Mapping[str, Any], *, at: float, manager: str = "argocd-controller"
    ) -> dict[str, Any]:
        """The object as an API server holds it after an apply: defaults in, one manager."""
        item = copy.deepcopy(dict(wanted))
        item["spec"].setdefault("state", "STARTED")
        for plan in item["spec"].get("plans", {}).values():
            plan.setdefault("status", "PUBLISHED")
        version = next(self._versions)
        item["metadata"] |= {
            "uid": f"uid-{item['metadata']['name']}",
            "resourceVersion": str(version),
            "generation": version,
            "managedFields": [managed(manager, "Apply", at, item["spec"])],
        }
        return item

    def edited(
        self, item: Mapping[str, Any], *, at: float, manager: str = "kubectl-edit", **spec: Any
    ) -> dict[str, Any]:
        """The object after a person changed these fields of its spec."""
        after = copy.deepcopy(dict(item))
        after["spec"] |= spec
        version = next(self._versions)
        after["metadata"]["resourceVersion"] = str(version)
        after["metadata"]["generation"] = version
        after["metadata"]["managedFields"].append(managed(manager, "Update", at, spec))
        return after

    # --- reading -----------------------------------------------------------------------------

    async def row(self, name: str, *, cluster: str = "eu", namespace: str = "pay") -> Row:
        """Make a pass, then read one row."""
        await self.engine._pass.once()
        row = self.engine.fleet.row(ResourceKey(cluster, API, namespace, name))
        assert row is not None, f"no row for {name}: {list(self.engine.fleet.rows())}"
        return row

    async def cell(self, name: str, *, cluster: str = "eu") -> Cell:
        """Make a pass, then read the cluster cell of one row."""
        return (await self.row(name, cluster=cluster)).cluster


def managed(manager: str, operation: str, at: float, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A managedFields entry that owns these fields of a spec."""
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "gravitee.io/v1alpha1",
        "time": when,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": _owned(spec)},
    }


def _owned(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    return {f"f:{name}": _owned(item) for name, item in value.items()}
