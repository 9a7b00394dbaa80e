"""One simulated cluster: its objects, users and faults, and the calls that fill it for a test or the demo.

    cluster = SimCluster("paris", crds=[...], clock=time.time)
    cluster.apply({...}, manager="argocd-controller", at=now - 3600)
    cluster.merge_patch("ApiV4Definition", "team-a", "orders", {"spec": {}}, manager="kubectl-patch", at=now)

Everything goes through the steps that an HTTP request goes through, so that managed fields, generations,
defaults and refusals are the same; only rights are not asked for. Calls may come from any thread.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from reconciler.simulator.kube.access import MASTERS, Grants, Rule, Tokens
from reconciler.simulator.kube.builtin import DEFINITIONS, NAMESPACES, built_in_resources
from reconciler.simulator.kube.faults import Faults
from reconciler.simulator.kube.patches import json_patch, merge_patch
from reconciler.simulator.kube.port_forward import PodPorts
from reconciler.simulator.kube.resources import Catalogue, Resource, custom_resource
from reconciler.simulator.kube.storage import Store, object_key
from reconciler.simulator.kube.targets import Outcome, Target, WriteOptions
from reconciler.simulator.kube.writes import STATUS, Writes

Result = TypeVar("Result")
Body = dict[str, Any]

ADMIN = "admin"
SERVER_MANAGER = "kube-apiserver"
FIRST_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


class SimCluster:
    """A cluster in memory.

    Args:
        name: what it is called; also the seed of its uids, so that the same calls give the same objects.
        crds: CustomResourceDefinitions, as dicts, in service from the start.
        clock: returns now, in seconds since the epoch.
        history: how many writes each kind remembers; watches and lists from before them are answered 410.
        version: what it says that its Kubernetes version is.

    Attributes:
        tokens: its bearer tokens; `admin_token` is one with every right.
        faults: its knobs for misbehaviour.
        forwards: where ports of its pods really listen on this machine; see `PodPorts`.
    """

    def __init__(
        self,
        name: str,
        *,
        crds: Sequence[Mapping[str, Any]] = (),
        clock: Callable[[], float],
        history: int = 10_000,
        version: str = "v1.36.3",
    ) -> None:
        self.name = name
        self.clock = clock
        self.version = version
        self.lock = threading.RLock()
        self.store = Store(history)
        self.catalogue = Catalogue(built_in_resources())
        self.tokens = Tokens(clock)
        self.grants = Grants()
        self.faults = Faults()
        self.forwards = PodPorts()
        self.admin_token = self.tokens.issue(ADMIN, [MASTERS])
        self._writes = Writes(self.store, random.Random(name))  # noqa: S311 -- names, not secrets
        for resource in self.catalogue:
            self.store.table(resource.name)
        for namespace in FIRST_NAMESPACES:
            self.add_namespace(namespace)
        for crd in crds:
            self.add_crd(crd)

    # -- filling it ---------------------------------------------------------------------------------

    def add_namespace(self, name: str, *, at: float | None = None) -> None:
        """Make sure that a namespace exists."""
        with self.lock:
            if name not in self.store.table(NAMESPACES).objects:
                body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                self.create(body, manager=SERVER_MANAGER, at=at)

    def add_crd(self, crd: Mapping[str, Any], *, at: float | None = None) -> None:
        """Serve the kind that a CustomResourceDefinition defines; it may be served already.

        Raises:
            Refusal: the definition is not acceptable.
        """
        self.apply(dict(crd), manager=SERVER_MANAGER, at=at, force=True)

    def create(self, obj: Body, *, manager: str, at: float | None = None) -> Body:
        """Create an object; its namespace is made where it is missing.

        Args:
            obj: the object, with apiVersion, kind and metadata.
            manager: the field manager.
            at: when it happens, in seconds since the epoch; None means now.

        Returns:
            the stored object; the caller's own copy.

        Raises:
            Refusal: what an HTTP client would have been answered.
            LookupError: the kind is not served.
        """
        target = self._target_of(obj)
        self._ensure_namespace(target, at)
        return self._own(self.perform(target, lambda w: w.create(target, obj, self._options(manager, at))))

    def update(self, obj: Body, *, manager: str, at: float | None = None, subresource: str = "") -> Body:
        """Replace an object (PUT); without a resourceVersion it replaces whatever is there.

        The arguments, results and errors are those of `create`; `subresource` may be `status`.
        """
        target = self._target_of(obj, subresource)
        with self.lock:
            if not obj["metadata"].get("resourceVersion"):
                stored = self._writes.existing(target)
                obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(stored.revision)}}
            return self._own(
                self.perform(target, lambda w: w.replace(target, obj, self._options(manager, at)))
            )

    def apply(
        self,
        obj: Body,
        *,
        manager: str,
        at: float | None = None,
        force: bool = False,
        subresource: str = "",
    ) -> Body:
        """Server-side apply a configuration; the arguments, results and errors are those of `create`.

        Args:
            force: take fields that other managers own.
            subresource: `status`, or empty.
        """
        target = self._target_of(obj, subresource)
        self._ensure_namespace(target, at)
        options = self._options(manager, at, force=force)
        return self._own(self.perform(target, lambda w: w.apply(target, obj, options)))

    def merge_patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        *,
        manager: str,
        at: float | None = None,
        subresource: str | None = None,
    ) -> Body:
        """Lay a JSON merge patch over an object; results and errors are those of `create`.

        Args:
            kind: such as `ApiV4Definition`; the first kind served under that name.
            namespace: empty for a cluster-wide kind.
            subresource: `status`, or None.
        """
        target = self._target(kind, namespace, name, subresource or "")
        options = self._options(manager, at)
        done = self.perform(
            target, lambda w: w.patch(target, lambda old: merge_patch(old, dict(patch)), options)
        )
        return self._own(done)

    def json_patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        operations: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        at: float | None = None,
        subresource: str | None = None,
    ) -> Body:
        """Carry out a JSON patch on an object; the rest as in `merge_patch`."""
        target = self._target(kind, namespace, name, subresource or "")
        options = self._options(manager, at)
        steps = [dict(operation) for operation in operations]
        return self._own(
            self.perform(target, lambda w: w.patch(target, lambda old: json_patch(old, steps), options))
        )

    def delete(self, kind: str, namespace: str, name: str, *, at: float | None = None) -> bool:
        """Delete an object, and say whether it is gone; finalizers may hold it.

        Raises:
            Refusal: 404, 403.
            LookupError: the kind is not served.
        """
        target = self._target(kind, namespace, name)
        return self.perform(target, lambda w: w.delete(target, self._options("", at)))[1]

    def grant(self, subject: str, *rules: Rule) -> None:
        """Give a user or a group rights; see `Rule`."""
        self.grants.add(subject, *rules)

    # -- looking at it ------------------------------------------------------------------------------

    def get(self, kind: str, namespace: str, name: str) -> Body | None:
        """Return a copy of an object, or None.

        Raises:
            LookupError: the kind is not served.
        """
        resource = self.catalogue.of_kind(kind)
        stored = self.store.table(resource.name).objects.get(object_key(namespace, name))
        return None if stored is None else orjson.loads(stored.raw)

    def names(self, kind: str) -> list[tuple[str, str]]:
        """Return (namespace, name) of every object of a kind, sorted.

        Raises:
            LookupError: the kind is not served.
        """
        resource = self.catalogue.of_kind(kind)
        pairs = [key.rpartition("/") for key in self.store.table(resource.name).order]
        return [(namespace, name) for namespace, _, name in pairs]

    @property
    def revision(self) -> int:
        """The revision of the last write."""
        return self.store.revision

    @property
    def unevaluated_rules(self) -> dict[str, tuple[str, ...]]:
        """Where the served schemas carry CEL rules, by kind: this server does not evaluate them."""
        return {resource.name: resource.unevaluated for resource in self.catalogue if resource.unevaluated}

    def compact(self) -> None:
        """Forget the history: older watches and lists in progress are answered 410."""
        with self.lock:
            for table in self.store.tables.values():
                table.compact(self.store.revision)
                table.wake()

    # -- how writes are carried out -----------------------------------------------------------------

    def perform(self, target: Target, action: Callable[[Writes], Result]) -> Result:
        """Carry out a write, and let its consequences follow.

        Args:
            target: what it writes to.
            action: is given the writing side; it runs alone.
        """
        with self.lock:
            result = action(self._writes)
            if target.resource.name == DEFINITIONS:
                self._serve_definitions()
            return result

    def _serve_definitions(self) -> None:
        """Serve what the definitions define, no more and no less."""
        definitions = self.store.table(DEFINITIONS).objects
        for resource in self.catalogue:
            if resource.custom and resource.name not in definitions:
                self.catalogue.discard(resource.name)
                self.store.drop(resource.name)
        for name, stored in list(definitions.items()):
            served = self.catalogue.named(name)
            resource = _compiled(orjson.dumps(stored.body["spec"], option=orjson.OPT_SORT_KEYS))
            if served is None or served.schemas != resource.schemas or served.versions != resource.versions:
                self.catalogue.add(resource)
                self.store.table(name)
            if not stored.body.get(STATUS):
                self._establish(stored.body, resource)

    def _establish(self, definition: Body, resource: Resource) -> None:
        """Say of a definition that it is in service, as clients wait for."""
        created = definition["metadata"]["creationTimestamp"]
        conditions = [
            {
                "type": kind,
                "status": "True",
                "lastTransitionTime": created,
                "reason": reason,
                "message": message,
            }
            for kind, reason, message in (
                ("NamesAccepted", "NoConflicts", "no conflicts found"),
                ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            )
        ]
        status = {
            "conditions": conditions,
            "acceptedNames": definition["spec"]["names"],
            "storedVersions": [resource.storage],
        }
        target = self._target("CustomResourceDefinition", "", resource.name, STATUS)
        at = self.clock()
        self._writes.patch(
            target, lambda old: {**old, STATUS: status}, WriteOptions(SERVER_MANAGER, at, validation="Ignore")
        )

    def _options(self, manager: str, at: float | None, *, force: bool = False) -> WriteOptions:
        return WriteOptions(manager, self.clock() if at is None else at, force=force)

    def _ensure_namespace(self, target: Target, at: float | None) -> None:
        if target.resource.namespaced:
            self.add_namespace(target.namespace, at=at)

    def _target_of(self, obj: Mapping[str, Any], subresource: str = "") -> Target:
        group, slash, version = str(obj["apiVersion"]).rpartition("/")
        resource = self.catalogue.of_kind(str(obj["kind"]), group if slash else "")
        if version not in resource.versions:
            raise LookupError(f"{resource.name} is not served in version {version!r}")
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "default") if resource.namespaced else ""
        return Target(resource, version, namespace, metadata.get("name", ""), subresource)

    def _target(self, kind: str, namespace: str, name: str, subresource: str = "") -> Target:
        resource = self.catalogue.of_kind(kind)
        return Target(resource, resource.storage, namespace, name, subresource)

    @staticmethod
    def _own(outcome: Outcome) -> Body:
        copy: Body = orjson.loads(orjson.dumps(outcome.body))
        return copy


@lru_cache(maxsize=128)
def _compiled(spec: bytes) -> Resource:
    """The kind that a definition's spec defines; compiled once for all clusters, for that takes its time."""
    return custom_resource({"spec": orjson.loads(spec)})
