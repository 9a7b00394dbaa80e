"""The operator of one cluster: what it does when, and what it leaves behind (DOMAIN §2).

It acts when a spec changes, when something that a resource refers to changes, and on deletion; never by
itself, and never because APIM changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from reconciler.model.keys import GROUP
from reconciler.rules.identity import hrid
from reconciler.simulator.apim import Apim
from reconciler.simulator.gko.failures import ControlPlaneFailed, Failure
from reconciler.simulator.gko.lookups import Body, Lookups, Ref
from reconciler.simulator.gko.marks import (
    FINALIZERS,
    MANAGER,
    Attempt,
    finalizer,
    instant,
    marked,
    spec_hash,
    status_after,
)
from reconciler.simulator.gko.translating import API_KINDS, brought, plane_of
from reconciler.simulator.kube.answers import Refusal
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.storage import DELETED, Event, Forgotten, Table

_SENT_TO_CONTEXTS = (*API_KINDS, "Application", "Group", "SharedPolicyGroup", "Dictionary")
_WAKES: dict[str, tuple[str, ...]] = {
    "ManagementContext": _SENT_TO_CONTEXTS,
    "ApiResource": API_KINDS,
    "SharedPolicyGroup": ("ApiV4Definition",),
    "Notification": API_KINDS,
    "Group": (*API_KINDS, "Notification"),
}
"""A change of which kind reconciles those of which kinds that refer to it (DOMAIN §2.2)."""
_BLOCKING = ("ManagementContext", "ApiResource", "Notification", "SharedPolicyGroup")
"""Kinds whose deletion waits until nothing refers to them."""
_STUCK_WITHOUT_REMOTE = ("Group", "Dictionary", "Subscription")
"""Kinds whose deletion does not bear that APIM has lost them (DOMAIN §10)."""
_SOURCES = ("Secret", "ConfigMap")
_TEMPLATING = "finalizers.gravitee.io/templating"
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0


class Operator:
    """GKO on one cluster.

    Args:
        cluster: what it watches and writes to.
        apims: the control planes by the URL that ManagementContexts state.
        clock: seconds since the epoch.
    """

    def __init__(self, cluster: SimCluster, apims: Mapping[str, Apim], clock: Callable[[], float]) -> None:
        self.cluster = cluster
        self._apims = apims
        self._clock = clock
        self._seen: dict[Ref, str] = {}
        self._uses: dict[Ref, set[Ref]] = {}
        self._users: dict[Ref, set[Ref]] = {}
        self._templated: dict[Ref, set[Ref]] = {}
        self._values: dict[Ref, str] = {}
        self._revisions: dict[str, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_listening: list[Callable[[], None]] = []
        self._due = False
        self._retries: dict[Ref, tuple[float, asyncio.TimerHandle]] = {}

    # -- what it does at once, also for whoever seeds a cluster -------------------------------------------

    def bring(self, body: Body, at: float) -> Attempt:
        """Bring a resource to where it goes; nothing is written to the resource.

        Args:
            body: the object as the cluster holds it.
            at: when (seconds since the epoch).
        """
        ref = _ref(body)
        lookups = Lookups(self.cluster, ref.namespace)
        attempt = brought(body, ref, lookups, self._apims, at)
        self._seen[ref] = spec_hash(body)
        self._note_uses(ref, lookups)
        return attempt

    def mark(self, body: Body, attempt: Attempt, *, marked_at: float, at: float) -> None:
        """Write to a resource what came of bringing it: finalizer and hash with success, then the status.

        Args:
            body: the object as the cluster holds it.
            attempt: what came of it.
            marked_at: when finalizer and hash are written (seconds since the epoch).
            at: when the status is.
        """
        ref = _ref(body)
        if attempt.failure is None:
            wanted = marked(body)
            if wanted["metadata"] != body["metadata"]:
                body = self.cluster.update(wanted, manager=MANAGER, at=marked_at)
        status = status_after(body, ref, attempt, at)
        if status:
            self.cluster.update({**body, "status": status}, manager=MANAGER, at=at, subresource="status")

    def withdraw(self, body: Body, at: float) -> None:
        """Delete what a resource means at its control plane.

        Args:
            body: the object as it last was.
            at: when (seconds since the epoch).

        Raises:
            Failure: a reference is missing, or APIM refused.
        """
        ref = _ref(body)
        if ref.kind in (*_SENT_TO_CONTEXTS, "Subscription"):
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
        self._forget(ref)

    def woken_by(self, ref: Ref) -> list[Ref]:
        """The resources that are reconciled because this one changed, in a stable order."""
        kinds = _WAKES.get(ref.kind, ())
        return sorted(user for user in self._users.get(ref, ()) if user.kind in kinds)

    def templated_values(self) -> dict[Ref, set[Ref]]:
        """The Secrets and ConfigMaps that templates take values from, each with the resources that do."""
        return {source: set(users) for source, users in self._templated.items() if users}

    def mark_source(self, source: Ref, users: Iterable[Ref]) -> None:
        """Write to a Secret or ConfigMap who takes values from it, and keep it from vanishing (DOMAIN §1).

        Args:
            source: the Secret or ConfigMap.
            users: the resources whose templates name it.
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
            self.cluster.update({**body, "metadata": wanted}, manager=MANAGER)

    # -- watching ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Watch the cluster from now on, on the running event loop; what is there already was reconciled."""
        self._loop = asyncio.get_running_loop()
        for source in self._templated:
            self._values[source] = self._value_of(source)
        for kind in (*FINALIZERS, *_SOURCES):
            resource = self.cluster.catalogue.of_kind(kind, GROUP if kind in FINALIZERS else "")
            table = self.cluster.store.table(resource.name)
            self._revisions[kind] = self.cluster.store.revision
            self._stop_listening.append(table.listen(self._notify))

    def stop(self) -> None:
        """Watch no more."""
        for stop in self._stop_listening:
            stop()
        self._stop_listening.clear()
        for _, timer in self._retries.values():
            timer.cancel()
        self._retries.clear()
        self._loop = None

    def _notify(self) -> None:
        """Called for each write, perhaps from another thread: many writes make one look."""
        if self._loop is not None and not self._due:
            self._due = True
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        """Handle what was written since the last look."""
        self._due = False
        if self._loop is None:
            return
        for kind in (*FINALIZERS, *_SOURCES):
            with self.cluster.lock:
                events = self._since(kind)
            for event in _newest(events):
                self._handle(kind, event)

    def _since(self, kind: str) -> list[Event]:
        resource = self.cluster.catalogue.of_kind(kind, GROUP if kind in FINALIZERS else "")
        table: Table = self.cluster.store.table(resource.name)
        revision, self._revisions[kind] = self._revisions[kind], self.cluster.store.revision
        try:
            return table.since(revision)
        except Forgotten:
            return [Event("ADDED", stored, None) for stored in table.objects.values()]

    def _handle(self, kind: str, event: Event) -> None:
        body: Body = {**orjson.loads(event.stored.raw), "kind": kind}
        ref = _ref(body)
        if kind in _SOURCES:
            self._source_changed(ref)
        elif event.type == DELETED:
            self._forget(ref)
        elif body["metadata"].get("deletionTimestamp"):
            self._finish(ref)
        elif spec_hash(body) != self._seen.get(ref):
            self.reconcile(ref)

    def _source_changed(self, source: Ref) -> None:
        users = self._templated.get(source)
        if users and self._values.get(source) != (value := self._value_of(source)):
            self._values[source] = value
            self._reconcile_all(users)

    def reconcile(self, ref: Ref) -> None:
        """Reconcile a resource now, and then what its change wakes."""
        body = self.cluster.get(*ref)
        if body is None:
            return
        if body["metadata"].get("deletionTimestamp"):
            self._finish(ref)
            return
        changed = spec_hash(body) != self._seen.get(ref)
        at = self._clock()
        self._event(body, "Normal", "UpdateStarted", "Update started", at)
        attempt = self.bring(body, at)
        for source, users in self._templated.items():
            if ref in users:
                self.mark_source(source, users)
        with contextlib.suppress(Refusal):  # it was changed or deleted meanwhile: the next look sees that
            self.mark(body, attempt, marked_at=at, at=at)
        self._tell(body, attempt.failure, "Update", at)
        self._plan_retry(ref, attempt.failure)
        if changed:
            self._reconcile_all(self.woken_by(ref))

    def _reconcile_all(self, refs: Iterable[Ref]) -> None:
        for ref in sorted(refs):
            self.reconcile(ref)

    def _finish(self, ref: Ref) -> None:
        """Go on with a deletion: withdraw, then take the finalizer away."""
        body = self.cluster.get(*ref)
        if body is None or finalizer(ref.kind) not in (body["metadata"].get("finalizers") or ()):
            return
        at = self._clock()
        self._event(body, "Normal", "DeleteStarted", "Delete started", at)
        failure: Failure | None = None
        users = self._users.get(ref) if ref.kind in _BLOCKING else None
        try:
            if users:
                raise Failure(f"resource is still referenced by [{min(users)}]")
            self.withdraw(body, at)
        except Failure as found:
            failure = found
        self._tell(body, failure, "Delete", at)
        if failure is not None:
            self._plan_retry(ref, failure, always=True)
            return
        metadata = body["metadata"]
        kept = [name for name in metadata["finalizers"] if name != finalizer(ref.kind)]
        with contextlib.suppress(Refusal):
            self.cluster.update(
                {**body, "metadata": {**metadata, "finalizers": kept}}, manager=MANAGER, at=at
            )

    # -- retries, events, indices ---------------------------------------------------------------------------

    def _plan_retry(self, ref: Ref, failure: Failure | None, *, always: bool = False) -> None:
        delay, timer = self._retries.pop(ref, (FIRST_RETRY_S / 2, None))
        if timer is not None:
            timer.cancel()
        if self._loop is None or failure is None or (failure.parked and not always):
            return
        delay = min(delay * 2, LONGEST_RETRY_S)
        self._retries[ref] = (delay, self._loop.call_later(delay, self.reconcile, ref))

    def _tell(self, body: Body, failure: Failure | None, word: str, at: float) -> None:
        if failure is None:
            self._event(body, "Normal", f"{word}Succeeded", f"{word} succeeded", at)
        else:
            self._event(body, "Warning", f"{word}Failed", failure.message, at)

    def _event(self, body: Body, kind: str, reason: str, message: str, at: float) -> None:
        metadata = body["metadata"]
        component = f"{_COMPONENTS.get(body['kind'], body['kind'].lower())}-controller"
        name = f"{metadata['name']}.{self.cluster.revision:x}"
        involved = {field: metadata[field] for field in ("name", "namespace", "uid")}
        self.cluster.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": metadata["namespace"]},
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

    def _note_uses(self, ref: Ref, lookups: Lookups) -> None:
        for old in self._uses.get(ref, set()) - lookups.found:
            self._users[old].discard(ref)
        self._uses[ref] = lookups.found
        for used in lookups.found:
            self._users.setdefault(used, set()).add(ref)
        for users in self._templated.values():
            users.discard(ref)
        for source in lookups.templated:
            self._templated.setdefault(source, set()).add(ref)
            self._values[source] = self._value_of(source)

    def _forget(self, ref: Ref) -> None:
        self._seen.pop(ref, None)
        for used in self._uses.pop(ref, set()):
            self._users[used].discard(ref)
        for users in self._templated.values():
            users.discard(ref)
        _, timer = self._retries.pop(ref, (0.0, None))
        if timer is not None:
            timer.cancel()

    def _value_of(self, source: Ref) -> str:
        body: dict[str, Any] | None = self.cluster.get(*source)
        return "" if body is None else orjson.dumps(body.get("data"), option=orjson.OPT_SORT_KEYS).decode()


_COMPONENTS = {"ApiDefinition": "apidefinitionv2", "SharedPolicyGroup": "sharedpolicygroups"}


def _ref(body: Body) -> Ref:
    metadata = body["metadata"]
    return Ref(body["kind"], metadata["namespace"], metadata["name"])


def _newest(events: Iterable[Event]) -> list[Event]:
    """The last event of each object, in the order in which those came."""
    found: dict[str, Event] = {}
    for event in events:
        found.pop(event.stored.key, None)
        found[event.stored.key] = event
    return list(found.values())
