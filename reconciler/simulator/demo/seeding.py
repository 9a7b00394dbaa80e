"""Play a cluster's writes against a simulated API server, with GKO following every one of them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from reconciler.model.keys import ResourceKey
from reconciler.simulator.demo.manifests import Spec
from reconciler.simulator.demo.secrets import secrets
from reconciler.simulator.demo.timeline import put
from reconciler.simulator.demo.writes import Create, Delete, Edit, Sync, Write
from reconciler.simulator.gko import Operator
from reconciler.simulator.gko.lookups import Ref
from reconciler.simulator.gko.marks import Attempt
from reconciler.simulator.kube.cluster import SimCluster

MARKED_AFTER, STATUS_AFTER = 2.0, 3.0
"""Seconds between a write and GKO's own: finalizer and hash, then status."""


class Seeding:
    """Fills one cluster, and through its GKO the control planes and ConfigMaps.

    Every change is brought to APIM at its time, so that there is a history of deployments. GKO's writes to an
    object are played after the object's last change only: what it wrote before is overwritten anyway.

    Args:
        cluster: the simulated cluster, with the CRDs in service.
        operator: its GKO.
    """

    def __init__(self, cluster: SimCluster, operator: Operator) -> None:
        self._cluster = cluster
        self._operator = operator
        self._changed: dict[Ref, tuple[Spec, float]] = {}
        self._attempts: dict[Ref, Attempt] = {}

    def seed(self, writes: Iterable[Write]) -> None:
        """Play what was written to the cluster.

        Args:
            writes: oldest first (`writes_to`).

        Raises:
            Refusal: the API server does not accept an object; then the demo contradicts its own CRDs.
        """
        for write in writes:
            ref = _ref(write.key)
            before = self._cluster.get(*ref)
            if isinstance(write, Delete):
                self._delete(ref, before, write.at)
                continue
            after = _write(self._cluster, write, before)
            if before is None or before["spec"] != after["spec"]:
                self._changed[ref] = (after, write.at)
                self._bring(ref, after, write.at)
            elif ref in self._changed:  # nothing for GKO, but a newer resourceVersion
                self._changed[ref] = (after, self._changed[ref][1])
        self._try_again()
        for ref, (stored, at) in sorted(self._changed.items(), key=lambda one: one[1][1]):
            attempt = self._attempts[ref]
            if attempt.failure is not None:
                self._operator.tell(stored, attempt.failure, "Update", at + STATUS_AFTER)
            self._operator.mark(stored, attempt, marked_at=at + MARKED_AFTER, at=at + STATUS_AFTER)
        self._mark_sources()

    def _bring(self, ref: Ref, stored: Spec, at: float) -> None:
        """What GKO does after a change: send the resource, then what refers to it."""
        attempt = self._attempts[ref] = self._operator.bring(stored, at + MARKED_AFTER)
        if ref.kind == "SharedPolicyGroup":  # APIs read its id off its status
            self._operator.mark(stored, attempt, marked_at=at + MARKED_AFTER, at=at + STATUS_AFTER)
            self._changed[ref] = (self._found(ref), at)
        for user in self._operator.uses.woken_by(ref):
            self._attempts[user] = self._operator.bring(self._found(user), at + STATUS_AFTER)

    def _delete(self, ref: Ref, before: Spec | None, at: float) -> None:
        self._changed.pop(ref, None)
        self._cluster.delete(*ref, at=at)
        if before is None:
            return
        if before["metadata"].get("finalizers"):  # marked already: it waits for its operator
            self._cluster.update(
                {**self._found(ref), "metadata": {**before["metadata"], "finalizers": []}},
                manager="gko",
                at=at + MARKED_AFTER,
            )
        self._operator.withdraw(before, at + MARKED_AFTER)

    def _try_again(self) -> None:
        """Bring again what waited for something that came later, until that helps no more."""
        while True:
            failed = [
                ref
                for ref, attempt in self._attempts.items()
                if ref in self._changed and attempt.failure is not None and not attempt.failure.parked
            ]
            for ref in failed:
                stored, at = self._changed[ref]
                self._attempts[ref] = self._operator.bring(stored, at + STATUS_AFTER)
            if all(self._attempts[ref].failure is not None for ref in failed):
                return

    def _mark_sources(self) -> None:
        """Leave GKO's marks on the Secrets that templates take values from (DOMAIN §1)."""
        newest = max((at for _, at in self._changed.values()), default=0.0)
        for source, users in sorted(self._operator.uses.templated().items()):
            self._operator.mark_source(source, users, newest + STATUS_AFTER)

    def _found(self, ref: Ref) -> Spec:
        found = self._cluster.get(*ref)
        if found is None:
            raise LookupError(f"{ref} is not there")
        return found


def create_secrets(cluster: SimCluster, token: str, at: float) -> None:
    """Make the Secrets that manifests take values from.

    Args:
        cluster: where.
        token: the one with which GKO logs in at APIM.
        at: when (seconds since the epoch).
    """
    for body in secrets(token):
        cluster.create(body, manager="external-secrets", at=at)


def _ref(key: ResourceKey) -> Ref:
    return Ref(key.kind, key.namespace, key.name)


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
