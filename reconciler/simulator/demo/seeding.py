"""Play a cluster's writes against a simulated API server, with GKO following every one of them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from reconciler.model.keys import ResourceKey
from reconciler.simulator.demo import operator
from reconciler.simulator.demo.manifests import Spec
from reconciler.simulator.demo.timeline import put
from reconciler.simulator.demo.writes import Create, Delete, Edit, Sync, Write
from reconciler.simulator.kube.cluster import SimCluster

MARKED_AFTER, STATUS_AFTER = 2.0, 3.0
"""Seconds between a write and GKO's own: finalizer and hash, then status."""


def seed(cluster: SimCluster, writes: Iterable[Write], *, environment: str) -> None:
    """Fill a cluster with what was written to it.

    Args:
        cluster: the simulated cluster, with the CRDs in service.
        writes: oldest first (`writes_to`).
        environment: the APIM environment that its GKO writes to.

    Raises:
        Refusal: the API server does not accept an object; then the demo contradicts its own CRDs.
    """
    for write in writes:
        if isinstance(write, Delete):
            _delete(cluster, write)
            continue
        stored = _write(cluster, write)
        if stored is not None:
            _reconcile(cluster, stored, write, environment)


def _write(cluster: SimCluster, write: Sync | Create | Edit) -> Spec | None:
    """Carry out one write; None where it changes nothing that GKO looks at."""
    if isinstance(write, Create):
        return cluster.create(write.body, manager=write.manager, at=write.at)
    before = _found(cluster, write.key)
    if isinstance(write, Edit):
        if before is None:
            raise LookupError(f"{write.key} is edited before it exists")
        after = deepcopy(before)
        put(after, write.path, write.value)
        return cluster.update(after, manager=write.manager, at=write.at)
    stored = _sync(cluster, write, before)
    return stored if before is None or before["spec"] != stored["spec"] else None


def _sync(cluster: SimCluster, write: Sync, before: Spec | None) -> Spec:
    manager = write.tool.manager
    if write.tool.server_side:
        return cluster.apply(write.body, manager=manager, at=write.at, force=True)
    if before is None:
        return cluster.create(write.body, manager=manager, at=write.at)
    # A client-side apply replaces what it states and leaves the marks of others.
    metadata, stated = before["metadata"], write.body["metadata"]
    merged = {
        **metadata,
        "labels": {**metadata.get("labels", {}), **stated.get("labels", {})},
        "annotations": {**metadata.get("annotations", {}), **stated.get("annotations", {})},
    }
    return cluster.update(
        {**before, "metadata": merged, "spec": write.body["spec"]}, manager=manager, at=write.at
    )


def _reconcile(cluster: SimCluster, stored: Spec, write: Write, environment: str) -> None:
    """What GKO writes after a change of the spec."""
    marked = cluster.update(operator.marked(stored), manager=operator.MANAGER, at=write.at + MARKED_AFTER)
    at = write.at + STATUS_AFTER
    status = operator.status_of(marked, write.key, environment=environment, at=at)
    if status:
        cluster.update({**marked, "status": status}, manager=operator.MANAGER, at=at, subresource="status")


def _delete(cluster: SimCluster, write: Delete) -> None:
    key = write.key
    cluster.delete(key.kind, key.namespace, key.name, at=write.at)
    held = _found(cluster, key)
    if held is not None:  # GKO's finalizer, which it takes away when it is done
        metadata: dict[str, Any] = {**held["metadata"], "finalizers": []}
        cluster.update({**held, "metadata": metadata}, manager=operator.MANAGER, at=write.at + MARKED_AFTER)


def _found(cluster: SimCluster, key: ResourceKey) -> Spec | None:
    return cluster.get(key.kind, key.namespace, key.name)
