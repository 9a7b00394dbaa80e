"""Play a cluster's writes against a simulated API server, with GKO following every one of them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

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

    GKO's writes are played after the last change of each object only: what it wrote before is overwritten.

    Args:
        cluster: the simulated cluster, with the CRDs in service.
        writes: oldest first (`writes_to`).
        environment: the APIM environment that its GKO writes to.

    Raises:
        Refusal: the API server does not accept an object; then the demo contradicts its own CRDs.
    """
    changed: dict[ResourceKey, tuple[Spec, float]] = {}
    for write in writes:
        if isinstance(write, Delete):
            changed.pop(write.key, None)
            cluster.delete(write.key.kind, write.key.namespace, write.key.name, at=write.at)
            continue
        before = _found(cluster, write.key)
        after = _write(cluster, write, before)
        if before is None or before["spec"] != after["spec"]:
            changed[write.key] = (after, write.at)
        elif write.key in changed:  # nothing for GKO, but a newer resourceVersion
            changed[write.key] = (after, changed[write.key][1])
    for key, (stored, at) in sorted(changed.items(), key=lambda one: one[1][1]):
        _reconcile(cluster, key, stored, at, environment)


def _write(cluster: SimCluster, write: Sync | Create | Edit, before: Spec | None) -> Spec:
    """Carry out one write."""
    if isinstance(write, Create):
        return cluster.create(write.body, manager=write.manager, at=write.at)
    if isinstance(write, Edit):
        if before is None:
            raise LookupError(f"{write.key} is edited before it exists")
        after = deepcopy(before)
        put(after, write.path, write.value)
        return cluster.update(after, manager=write.manager, at=write.at)
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


def _reconcile(
    cluster: SimCluster, key: ResourceKey, stored: Spec, changed_at: float, environment: str
) -> None:
    """What GKO writes after a change of the spec."""
    manager = operator.MANAGER
    marked = cluster.update(operator.marked(stored), manager=manager, at=changed_at + MARKED_AFTER)
    at = changed_at + STATUS_AFTER
    status = operator.status_of(marked, key, environment=environment, at=at)
    if status:
        cluster.update({**marked, "status": status}, manager=manager, at=at, subresource="status")


def _found(cluster: SimCluster, key: ResourceKey) -> Spec | None:
    return cluster.get(key.kind, key.namespace, key.name)
