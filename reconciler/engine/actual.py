"""What the clusters hold: every object, packed, with what is known of each kind and of the cluster itself.

This is where the cluster room's findings arrive (it is their sink). Nothing is judged here: changed keys
are handed to whoever listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.cluster.objects import SMALL, ClusterObject, pack
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState
from reconciler.rules.schema import Schema

if TYPE_CHECKING:
    from reconciler.cluster.kinds import ServedKind

NO_SCHEMA = Schema({})


class KindState:
    """One kind on one cluster: its schema, and whether its objects have been listed whole."""

    __slots__ = ("failure", "fresh_at", "listed", "schema", "served")

    def __init__(self, served: ServedKind, schema: Schema) -> None:
        self.served = served
        self.schema = schema
        self.listed = False
        self.failure = ""
        self.fresh_at = 0.0


class ClusterContent:
    """Everything read from one cluster."""

    __slots__ = ("discovered", "failure", "kinds", "name", "namespaces", "objects", "version")

    def __init__(self, name: str, namespaces: Sequence[str]) -> None:
        self.name = name
        self.namespaces = frozenset(namespaces)
        self.kinds: dict[str, KindState] = {}
        self.objects: dict[ResourceKey, ClusterObject] = {}
        self.discovered = False
        self.failure = ""
        self.version = ""

    def schema(self, kind: str) -> Schema:
        """The schema of a kind as this cluster serves it; empty when it cannot be known."""
        state = self.kinds.get(kind)
        return state.schema if state is not None else NO_SCHEMA


class Actual:
    """The sink of every cluster's observer.

    Args:
        clusters: name → namespaces it is restricted to (empty: all).
        changed: told which resources may have changed.
        scope_changed: told a cluster, and a kind on it or None for all, of which everything may have changed.
        place_changed: told the state of a cluster, or of a kind on it (named `cluster/kind`).
        sign_of_life: told a cluster and the instant at which it was heard of.
        arrived: told each object with its body while that is at hand, so that it need not be inflated.
        clock: seconds since the epoch.

    Attributes:
        packing: how hard objects are packed, `SMALL` or `QUICK` of cluster.objects.
    """

    def __init__(
        self,
        clusters: Mapping[str, Sequence[str]],
        *,
        changed: Callable[[set[ResourceKey]], None],
        scope_changed: Callable[[str, str | None], None],
        place_changed: Callable[[PlaceState], None],
        sign_of_life: Callable[[str, float], None],
        arrived: Callable[[ClusterObject, Mapping[str, Any], Schema], None],
        clock: Callable[[], float],
    ) -> None:
        self.clusters = {name: ClusterContent(name, namespaces) for name, namespaces in clusters.items()}
        self.packing = SMALL
        self._changed = changed
        self._scope_changed = scope_changed
        self._place_changed = place_changed
        self._sign_of_life = sign_of_life
        self._arrived = arrived
        self._clock = clock

    # --- what ClusterSink asks for ---------------------------------------------------------

    def kinds(
        self, cluster: str, kinds: Sequence[ServedKind], schemas: Mapping[str, dict[str, Any]], version: str
    ) -> None:
        """The cluster serves exactly these kinds now."""
        content = self.clusters[cluster]
        served = {kind.kind for kind in kinds}
        changed = {key for key in content.objects if key.kind not in served}
        for key in changed:
            del content.objects[key]
        for gone in set(content.kinds) - served:
            del content.kinds[gone]
        for kind in kinds:
            schema = Schema(schemas.get(kind.kind, {}))
            state = content.kinds.get(kind.kind)
            if state is None:
                content.kinds[kind.kind] = KindState(kind, schema)
            elif state.schema.digest != schema.digest:
                state.schema = schema
                changed.update(key for key in content.objects if key.kind == kind.kind)
        content.discovered, content.version = True, version
        self._changed(changed)
        self._scope_changed(cluster, None)

    def page(self, cluster: str, kind: str, items: list[dict[str, Any]]) -> None:
        """Some objects of a listing under way."""
        self._changed({key for item in items if (key := self._put(cluster, kind, item)) is not None})

    def listed(self, cluster: str, kind: str, keys: set[ResourceKey]) -> None:
        """A listing is complete: what it did not hold is gone."""
        content = self.clusters[cluster]
        gone = {key for key in content.objects if key.kind == kind and key not in keys}
        for key in gone:
            del content.objects[key]
        state = content.kinds.get(kind)
        first = state is not None and not state.listed
        if state is not None:
            state.listed, state.failure = True, ""
        self.fresh(cluster, kind)
        self._changed(gone)
        if first:  # only now can a resource of this kind be called missing
            self._scope_changed(cluster, kind)

    def event(self, cluster: str, kind: str, type: str, item: dict[str, Any]) -> None:
        """One watch event: ADDED, MODIFIED or DELETED."""
        if type == "DELETED":
            metadata = item["metadata"]
            key = ResourceKey(cluster, kind, metadata.get("namespace", ""), metadata["name"])
            if self.clusters[cluster].objects.pop(key, None) is not None:
                self._changed({key})
        elif (put := self._put(cluster, kind, item)) is not None:
            self._changed({put})
        self.fresh(cluster, kind)

    def fresh(self, cluster: str, kind: str) -> None:
        """A sign of life of the watch of this kind."""
        now = self._clock()
        state = self.clusters[cluster].kinds.get(kind)
        if state is not None:
            state.fresh_at = now
        self._sign_of_life(cluster, now)

    def state(self, cluster: str, kind: str | None, state: PlaceState) -> None:
        """How well the cluster, or one kind on it, can be read."""
        content = self.clusters[cluster]
        message = state.message if state.phase == "failed" else ""
        before = content.failure
        if kind is None:
            content.failure = message
        else:
            known = content.kinds.get(kind)
            before = known.failure if known else ""
            if known is not None:
                known.failure = message
        self._place_changed(state)
        if before != message:
            self._scope_changed(cluster, kind)

    # ---------------------------------------------------------------------------------------

    def _put(self, cluster: str, kind: str, item: dict[str, Any]) -> ResourceKey | None:
        """Keep an object; None if it is the version that is already kept."""
        content = self.clusters[cluster]
        found = pack(cluster, kind, item, level=self.packing)
        have = content.objects.get(found.key)
        content.objects[found.key] = found
        if have is not None and have.resource_version == found.resource_version:
            return None
        self._arrived(found, item, content.schema(kind))
        return found.key
