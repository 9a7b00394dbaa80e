"""What the operator does with a resource, and what it leaves behind (DOMAIN §2).

It acts when a spec changes, when something that a resource refers to changes, and on deletion; never by
itself, and never because APIM changed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping

from reconciler.rules.identity import hrid
from reconciler.simulator.apim import Apim
from reconciler.simulator.gko.failures import ControlPlaneFailed, Failure, ReferenceMissing
from reconciler.simulator.gko.lookups import Body, Lookups, Ref
from reconciler.simulator.gko.marks import (
    MANAGER,
    SENT_TO_CONTEXTS,
    Attempt,
    finalizer,
    instant,
    marked,
    spec_hash,
    status_after,
)
from reconciler.simulator.gko.translating import brought, plane_of
from reconciler.simulator.gko.uses import Uses
from reconciler.simulator.kube.answers import Refusal
from reconciler.simulator.kube.cluster import SimCluster

_BLOCKING = ("ManagementContext", "ApiResource", "Notification", "SharedPolicyGroup")
"""Kinds whose deletion waits until nothing refers to them."""
_STUCK_WITHOUT_REMOTE = ("Group", "Dictionary", "Subscription")
"""Kinds whose deletion does not bear that APIM has lost them (DOMAIN §10)."""
_TEMPLATING = "finalizers.gravitee.io/templating"
_COMPONENTS = {"ApiDefinition": "apidefinitionv2", "SharedPolicyGroup": "sharedpolicygroups"}


class StillUsed(Failure):
    """A deletion waits for whoever refers to the resource."""


class Operator:
    """GKO on one cluster.

    Args:
        cluster: what it reads and writes.
        apims: the control planes by the URL that ManagementContexts state.
        clock: seconds since the epoch.

    Attributes:
        uses: who refers to what.
    """

    def __init__(self, cluster: SimCluster, apims: Mapping[str, Apim], clock: Callable[[], float]) -> None:
        self.cluster = cluster
        self.uses = Uses()
        self._apims = apims
        self._clock = clock
        self._seen: dict[Ref, str] = {}

    # -- the parts of a reconcile, also for whoever seeds a cluster -----------------------------------------

    def bring(self, body: Body, at: float) -> Attempt:
        """Bring a resource to where it goes; nothing is written to the resource.

        Args:
            body: the object as the cluster holds it.
            at: when (seconds since the epoch).
        """
        ref = ref_of(body)
        lookups = Lookups(self.cluster, ref.namespace)
        attempt = brought(body, ref, lookups, self._apims, at)
        self._seen[ref] = spec_hash(body)
        self.uses.note(ref, lookups)
        return attempt

    def mark(self, body: Body, attempt: Attempt, *, marked_at: float, at: float) -> None:
        """Write to a resource what came of bringing it: finalizer and hash with success, then the status.

        Args:
            body: the object as the cluster holds it.
            attempt: what came of it.
            marked_at: when finalizer and hash are written (seconds since the epoch).
            at: when the status is.

        Raises:
            Refusal: the object was changed or deleted meanwhile.
        """
        ref = ref_of(body)
        if attempt.failure is None:
            wanted = marked(body)
            if wanted["metadata"] != body["metadata"]:
                body = self.cluster.update(wanted, manager=MANAGER, at=marked_at)
        status = status_after(body, ref, attempt, at)
        if status:
            self.cluster.update({**body, "status": status}, manager=MANAGER, at=at, subresource="status")

    def mark_source(self, source: Ref, users: Iterable[Ref], at: float) -> None:
        """Write to a Secret or ConfigMap who takes values from it, and keep it from vanishing (DOMAIN §1).

        Args:
            source: the Secret or ConfigMap.
            users: the resources whose templates name it.
            at: when (seconds since the epoch).
        """
        body = self.cluster.get(*source)
        if body is None:
            return
        metadata = body["metadata"]
        by_kind: dict[str, list[str]] = {}
        for user in sorted(users):
            plural = self.cluster.catalogue.of_kind(user.kind).plural
            by_kind.setdefault(f"gravitee.io/{plural}", []).append(f"{user.namespace}/{user.name}")
        count = sum(map(len, by_kind.values()))
        named = {key: json.dumps(names, separators=(",", ":")) for key, names in by_kind.items()}
        wanted = {
            **metadata,
            "annotations": {**metadata.get("annotations", {}), **named, "gravitee.io/references": str(count)},
            "finalizers": sorted({*(metadata.get("finalizers") or ()), _TEMPLATING}),
        }
        if wanted != metadata:
            self.cluster.update({**body, "metadata": wanted}, manager=MANAGER, at=at)

    def withdraw(self, body: Body, at: float) -> None:
        """Delete what a resource means at its control plane.

        Args:
            body: the object as it last was.
            at: when (seconds since the epoch).

        Raises:
            Failure: a reference is missing, or APIM refused.
        """
        ref = ref_of(body)
        if ref.kind in (*SENT_TO_CONTEXTS, "Subscription"):
            lookups = Lookups(self.cluster, ref.namespace)
            plane = plane_of(body, lookups, self._apims)
            if plane is not None:
                name, parent = hrid(ref.namespace, ref.name), ""
                if ref.kind == "ApiDefinition":
                    name = str((body.get("status") or {}).get("id") or body["metadata"]["uid"])
                if ref.kind == "Subscription":
                    api = lookups.named(body["spec"]["api"], "ApiV4Definition")
                    parent = hrid(api.namespace, api.name)
                try:
                    plane.delete(ref.kind, name, at, parent=parent)
                except ControlPlaneFailed as failure:
                    if failure.status != 404 or ref.kind in _STUCK_WITHOUT_REMOTE:
                        raise
        self.forget(ref)

    def tell(self, body: Body, failure: Failure | None, word: str, at: float) -> None:
        """Emit the event with which a reconcile ends.

        Args:
            body: the object.
            failure: what went wrong, or None.
            word: `Update` or `Delete`.
            at: when (seconds since the epoch).
        """
        if failure is None:
            self._event(body, "Normal", f"{word}Succeeded", f"{word} succeeded", at)
        else:
            self._event(body, "Warning", f"{word}Failed", failure.message, at)

    def forget(self, ref: Ref) -> None:
        """A resource is gone."""
        self._seen.pop(ref, None)
        self.uses.forget(ref)

    # -- whole reconciles ----------------------------------------------------------------------------------

    def has_to_act(self, body: Body) -> bool:
        """Whether a resource is being deleted, or its spec is another than when it was last reconciled."""
        return bool(body["metadata"].get("deletionTimestamp")) or spec_hash(body) != self._seen.get(
            ref_of(body)
        )

    def reconcile(self, ref: Ref) -> dict[Ref, Failure | None]:
        """Reconcile a resource now, and what its change wakes.

        Returns:
            every resource that was tried, with what went wrong.
        """
        body = self.cluster.get(*ref)
        if body is None:
            return {}
        if body["metadata"].get("deletionTimestamp"):
            return self._finish(ref, body)
        changed, at = self.has_to_act(body), self._clock()
        self._event(body, "Normal", "UpdateStarted", "Update started", at)
        attempt = self.bring(body, at)
        for source, users in self.uses.templated().items():
            if ref in users:
                self.mark_source(source, users, at)
        with contextlib.suppress(Refusal):  # it was changed or deleted meanwhile: that is seen next
            self.mark(body, attempt, marked_at=at, at=at)
        self.tell(body, attempt.failure, "Update", at)
        outcomes: dict[Ref, Failure | None] = {ref: attempt.failure}
        for user in self.uses.woken_by(ref) if changed else ():
            outcomes |= self.reconcile(user)
        return outcomes

    def _finish(self, ref: Ref, body: Body) -> dict[Ref, Failure | None]:
        """Go on with a deletion: withdraw, then take the finalizer away."""
        metadata = body["metadata"]
        if finalizer(ref.kind) not in (metadata.get("finalizers") or ()):
            return {}
        at = self._clock()
        self._event(body, "Normal", "DeleteStarted", "Delete started", at)
        try:
            if ref.kind in _BLOCKING and (users := self.uses.users(ref)):
                raise StillUsed(f"resource is still referenced by [{min(users)}]")
            self.withdraw(body, at)
        except Failure as failure:
            self.tell(body, failure, "Delete", at)
            # A deletion is tried again whatever the answer was (DOMAIN §10.5).
            return {ref: failure if not failure.parked else ReferenceMissing(failure.message)}
        self.tell(body, None, "Delete", at)
        kept = [name for name in metadata["finalizers"] if name != finalizer(ref.kind)]
        with contextlib.suppress(Refusal):
            self.cluster.update(
                {**body, "metadata": {**metadata, "finalizers": kept}}, manager=MANAGER, at=at
            )
        return {ref: None}

    # -- events --------------------------------------------------------------------------------------------

    def _event(self, body: Body, kind: str, reason: str, message: str, at: float) -> None:
        metadata = body["metadata"]
        component = f"{_COMPONENTS.get(body['kind'], body['kind'].lower())}-controller"
        involved = {field: metadata[field] for field in ("name", "namespace", "uid")}
        self.cluster.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {
                    "name": f"{metadata['name']}.{self.cluster.revision:x}",
                    "namespace": metadata["namespace"],
                },
                "involvedObject": {"apiVersion": body["apiVersion"], "kind": body["kind"], **involved},
                "type": kind,
                "reason": reason,
                "message": message[:1024],
                "source": {"component": component},
                "reportingComponent": component,
                "firstTimestamp": instant(at),
                "lastTimestamp": instant(at),
                "count": 1,
            },
            manager=MANAGER,
            at=at,
        )


def ref_of(body: Body) -> Ref:
    """The name of an object."""
    metadata = body["metadata"]
    return Ref(body["kind"], metadata["namespace"], metadata["name"])
