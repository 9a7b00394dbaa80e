"""Which object in which control plane each resource means, computed offline, and what it depends on.

The other way round, too: whose rows an object, an API or a Secret concerns, so that news finds its resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.control_plane.places import ContextName
from reconciler.control_plane.refs import StateRef
from reconciler.engine.downstream.material import Dependency, Material
from reconciler.engine.downstream.references import Lookups, whole
from reconciler.engine.downstream.targets import CONTEXT, Known
from reconciler.model.keys import ResourceKey
from reconciler.rules.apim.bodies import body_for
from reconciler.rules.apim.identities import SENT_KINDS, Identity, identity_of
from reconciler.rules.apim.references import Missing, Unresolved

if TYPE_CHECKING:
    from reconciler.engine.actual import Actual

API_KINDS = frozenset({"ApiV4Definition", "ApiDefinition"})
"""Kinds that gateways run."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a resource means beyond its cluster.

    Attributes:
        control_plane: which one holds it; empty where none does, or it is not known which.
        ref: the thing there.
        id: its id in the environment.
        causes: why it cannot be told; empty where it can, or nothing is meant.
        local: gateways take the API from a ConfigMap beside it, not from the control plane (DOMAIN §2.6).
    """

    control_plane: str = ""
    ref: StateRef | None = None
    id: str = ""
    causes: tuple[str, ...] = ()
    local: bool = False


NOWHERE = Meaning()


class Meanings:
    """Keeps what every resource means.

    Args:
        actual: what the clusters hold.
        material: Secrets and ConfigMaps; what bodies will need is asked for here, before it is needed.
        desired_body: the body that Git defines for a resource that its cluster does not hold, or None.
    """

    def __init__(
        self, actual: Actual, material: Material, desired_body: Callable[[ResourceKey], dict[str, Any] | None]
    ) -> None:
        self._actual = actual
        self._material = material
        self._desired_body = desired_body
        self.known = Known()
        self._by_key: dict[ResourceKey, Meaning] = {}
        self._asked: dict[ResourceKey, frozenset[Dependency]] = {}
        self._dependents: dict[Dependency, set[ResourceKey]] = {}
        self._keys: dict[tuple[str, StateRef], set[ResourceKey]] = {}
        self._of_api: dict[tuple[str, str], set[ResourceKey]] = {}
        self.changed = True
        """Whether anything was meant anew since the engine last told the observers."""

    def of(self, key: ResourceKey) -> Meaning:
        """What a resource means; nowhere for what was never seen."""
        return self._by_key.get(key, NOWHERE)

    def keys_of(self, control_plane: str, ref: StateRef) -> frozenset[ResourceKey]:
        """The resources that mean one thing; more than one fight over it."""
        return frozenset(self._keys.get((control_plane, ref), ()))

    def keys_of_api(self, control_plane: str, api_id: str) -> frozenset[ResourceKey]:
        """The resources that are one API, by its id."""
        return frozenset(self._of_api.get((control_plane, api_id), ()))

    def keys_of_plane(self, control_plane: str) -> set[ResourceKey]:
        """Every resource that a control plane should hold."""
        return {key for key, meaning in list(self._by_key.items()) if meaning.control_plane == control_plane}

    def dependents(self, changed: Iterable[Dependency]) -> set[ResourceKey]:
        """The resources that refer to something of these."""
        found: set[ResourceKey] = set()
        for dependency in changed:
            found |= self._dependents.get(dependency, set())
        return found

    def values_used(self) -> set[Dependency]:
        """The Secrets and ConfigMaps that some resource takes values from."""
        return {name for name in self._dependents if name.kind in ("Secret", "ConfigMap")}

    def refs(self, control_plane: str, wants: Callable[[ResourceKey], bool]) -> frozenset[StateRef]:
        """Everything that a control plane should hold of the resources that are wanted."""
        return frozenset(
            ref for (name, ref), keys in self._keys.items() if name == control_plane and any(map(wants, keys))
        )

    def ids(self, control_plane: str) -> dict[str, set[ResourceKey]]:
        """The ids of the APIs that a control plane should hold, each with the resources that mean it."""
        return {api: keys for (name, api), keys in list(self._of_api.items()) if name == control_plane}

    def learn(self, keys: Iterable[ResourceKey]) -> None:
        """Find out anew what these resources mean; blocking for what only Git has."""
        for key in keys:
            if key.kind in SENT_KINDS and key.namespace:
                meaning, asked = self._meaning(key)
                self._put(key, meaning, asked)

    def note(self, key: ResourceKey, asked: set[Dependency]) -> None:
        """Something more was looked up for a resource: it depends on that, too."""
        new = asked - self._asked.get(key, frozenset())
        if new:
            self._asked[key] = self._asked.get(key, frozenset()) | new
            for dependency in new:
                self._dependents.setdefault(dependency, set()).add(key)

    # ---------------------------------------------------------------------------------------

    def _meaning(self, key: ResourceKey) -> tuple[Meaning | None, frozenset[Dependency]]:
        content = self._actual.clusters.get(key.cluster)
        if content is None:
            return None, frozenset()
        found = content.objects.get(key)
        body = whole(found) if found is not None else self._desired_body(key)
        if body is None:
            return None, frozenset()
        lookups = Lookups(content, self._material)
        local = gateways_read_config_map(body)
        try:
            identity = identity_of(body, lookups)
        except Unresolved as problem:
            return _unresolved(problem.problem, local), frozenset(lookups.asked)
        if found is not None and takes_values(body):
            body_for(body, lookups)  # asks for what it will take, so that it is there when it is judged
        return self._placed(identity, lookups.asked, key.cluster, local), frozenset(lookups.asked)

    def _placed(self, identity: Identity, asked: set[Dependency], cluster: str, local: bool) -> Meaning:
        # The environment is looked up through exactly one context, the resource's own or its parent's.
        context = next((name for name in asked if name.kind == CONTEXT), None)
        if context is None:
            return Meaning(causes=("names no ManagementContext",), local=local)
        name = ContextName(cluster, context.namespace, context.name)
        control_plane = self.known.by_context.get(name)
        if control_plane is None:
            why = self.known.failures.get(name, f"{name} has not been looked into yet")
            return Meaning(id=identity.id, causes=(why,), local=local)
        return Meaning(control_plane, ref_of(identity), identity.id, local=local)

    def _put(self, key: ResourceKey, meaning: Meaning | None, asked: frozenset[Dependency]) -> None:
        before = self._by_key.get(key)
        if before != meaning:
            self._unlink(key, before)
            self.changed = True
            if meaning is None:
                self._by_key.pop(key, None)
            else:
                self._by_key[key] = meaning
                self._link(key, meaning)
        old = self._asked.get(key, frozenset())
        for dependency in old - asked:
            self._dependents.get(dependency, set()).discard(key)
            if not self._dependents.get(dependency):
                self._dependents.pop(dependency, None)
        for dependency in asked - old:
            self._dependents.setdefault(dependency, set()).add(key)
        if asked:
            self._asked[key] = asked
        else:
            self._asked.pop(key, None)

    def _link(self, key: ResourceKey, meaning: Meaning) -> None:
        if meaning.ref is not None:
            self._keys.setdefault((meaning.control_plane, meaning.ref), set()).add(key)
        if meaning.id and key.kind in API_KINDS:
            self._of_api.setdefault((meaning.control_plane, meaning.id), set()).add(key)

    def _unlink(self, key: ResourceKey, meaning: Meaning | None) -> None:
        if meaning is None:
            return
        if meaning.ref is not None:
            _drop(self._keys, (meaning.control_plane, meaning.ref), key)
        if meaning.id and key.kind in API_KINDS:
            _drop(self._of_api, (meaning.control_plane, meaning.id), key)


def ref_of(identity: Identity) -> StateRef:
    """The name under which the control-plane room reads a thing."""
    parent = identity.parent
    return StateRef(
        identity.kind,
        identity.hrid,
        parent.hrid if parent is not None else "",
        identity.legacy,
        parent.legacy if parent is not None else False,
        parent.kind if parent is not None and identity.kind == "Documentation" else "",
    )


def gateways_read_config_map(body: Mapping[str, Any]) -> bool:
    """Whether gateways take an API from a ConfigMap (DOMAIN §2.6)."""
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        return False
    if body.get("kind") == "ApiDefinition":
        return spec.get("local") is True
    context = spec.get("definitionContext")
    if body.get("kind") == "ApiV4Definition" and not isinstance(spec.get("contextRef"), Mapping):
        return True
    return isinstance(context, Mapping) and context.get("syncFrom") == "KUBERNETES"


def takes_values(body: Mapping[str, Any]) -> bool:
    """Whether a body may take values from Secrets or ConfigMaps: by a template of its own or of a resource
    that it refers to, or for a certificate.
    """
    spec = body.get("spec")
    if body.get("kind") == "Application":
        return True
    resources = spec.get("resources") if isinstance(spec, Mapping) else None
    referring = any(isinstance(one, Mapping) and "ref" in one for one in resources or ())
    return referring or _templated(spec)


def _templated(value: object) -> bool:
    if isinstance(value, str):
        return "[[" in value
    if isinstance(value, Mapping):
        return any(map(_templated, value.values()))
    return any(map(_templated, value)) if isinstance(value, list) else False


def _unresolved(problem: Missing, local: bool) -> Meaning:
    if problem.cause == "no-context":
        return Meaning(local=local)
    return Meaning(causes=(problem.sentence(),), local=local)


def _drop(index: dict[Any, set[ResourceKey]], name: object, key: ResourceKey) -> None:
    keys = index.get(name)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del index[name]
