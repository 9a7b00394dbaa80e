"""A published definition beside the one a pod runs: what a gateway drops or fills in is not a difference.

Facts: DOMAIN §5 and §9, and the recorded definitions (a publish event's and a pod's are of one form). A
gateway leaves out plans whose tags are not its own and plans that are closed, decrypts properties, and
writes out defaults that a ConfigMap may leave away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from reconciler.gateways.sharding import takes
from reconciler.model.changes import Change
from reconciler.rules.differing import differences
from reconciler.rules.lists import SET, ListRule, in_order, keyed, rule_tree, sort_elements
from reconciler.rules.normalise import Normalised
from reconciler.rules.redact import redact_body, redact_changes
from reconciler.rules.text import document_lines

KIND = "ApiDefinition"
ROOT = "definition"
_NOT_DEPLOYED = frozenset({"closed", "staging"})
_NOT_COMPARED = frozenset({"definitionContext", "definition_context", "createdAt", "updatedAt", "deployedAt"})
_OPAQUE = frozenset({"configuration", "sharedConfiguration", "sharedConfigurationOverride"})
"""What plugins make of their configuration is theirs: nothing in it is empty or a default for us."""

_SETS = frozenset(
    {"tags", "methods", "selectors", "tenants", "pathMappings", "excludedGroups", "characteristics"}
)
_LISTS: dict[str, ListRule] = {
    "spec.plans": keyed("id"),
    "spec.endpointGroups": keyed("name"),
    "spec.endpointGroups.*.endpoints": keyed("name"),
    "spec.listeners": keyed("type"),
    "spec.properties": keyed("key"),
    "spec.resources": keyed("name"),
    "spec.flows": in_order("id"),
    "spec.plans.*.flows": in_order("id"),
}
_RULES = rule_tree(_LISTS, ())

_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "secondary": (False,),
    "inheritConfiguration": (False,),
    "weight": (1,),
    "qos": ("auto",),
    "overrideAccess": (False,),
    "allowedInApiProducts": (False,),
    "enabled": (True,),
    "matchRequired": (False,),
    "dynamic": (False,),
    "loadBalancer": ({"type": "round-robin"},),
    "flowExecution": ({"mode": "default"},),
}
"""Values of fields that say nothing, wherever the field stands outside of a plugin's configuration."""
_PLAN_DEFAULTS: Mapping[str, Any] = {"mode": "standard", "status": "published"}


def definition_changes(
    published: Mapping[str, Any],
    deployed: Mapping[str, Any],
    *,
    tags: tuple[str, ...] | None,
    key: bytes,
) -> tuple[Change, ...]:
    """List how what a pod runs differs from what was published.

    Args:
        published: the definition of the publish event, or of the ConfigMap.
        deployed: the pod's `definition`.
        tags: the gateway's sharding tags; None where they are not known.
        key: this machine's digest key, for redaction.

    Returns:
        the changes seen from the control plane to the gateway, redacted; paths begin with `definition`.
    """
    left, right = comparable(published, deployed, tags)
    changes = redact_changes(differences(left, right), KIND, key)
    return tuple(replace(change, path=(ROOT, *change.path[1:])) for change in changes)


def definition_lines(
    published: Mapping[str, Any],
    deployed: Mapping[str, Any],
    *,
    tags: tuple[str, ...] | None,
    key: bytes,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write both sides as redacted YAML lines, as far as they are compared."""
    left, right = (
        document_lines({ROOT: redact_body(side, KIND, key)["spec"]})
        for side in comparable(published, deployed, tags)
    )
    return left, right


def comparable(
    published: Mapping[str, Any], deployed: Mapping[str, Any], tags: tuple[str, ...] | None
) -> tuple[Normalised, Normalised]:
    """Reduce both definitions to what must be equal.

    They are reduced together: which properties were encrypted only the published side knows, and where the
    gateway's tags are unknown only the pod shows which tagged plans it took.
    """
    encrypted = _encrypted(published) | _encrypted(deployed)
    running = {str(plan.get("id")) for plan in _items(deployed.get("plans"))}

    def wanted(plan: Mapping[str, Any]) -> bool:
        if str(plan.get("status", "")).lower() in _NOT_DEPLOYED:
            return False
        taken = takes(tags, _names(plan.get("tags")))
        return str(plan.get("id")) in running if taken is None else taken

    return _reduced(published, encrypted, wanted), _reduced(deployed, encrypted, lambda _plan: True)


def _reduced(definition: Mapping[str, Any], encrypted: frozenset[str], wanted: Any) -> Normalised:
    body: dict[str, Any] = {}
    for name, value in definition.items():
        if name in _NOT_COMPARED:
            continue
        if name == "plans":
            value = [_plan(plan) for plan in _items(value) if wanted(plan)]  # noqa: PLW2901
        elif name == "properties" and isinstance(value, list):
            value = [_property(item, encrypted) for item in value]  # noqa: PLW2901
        if not _says_nothing(name, plain := _plain(value, name)):
            body[name] = plain
    return Normalised({"spec": body}, KIND, _RULES)


def _plain(value: Any, name: str = "") -> Any:
    """A value without what is empty or a default; sets in one order; JSON in text unpacked."""
    if name in _OPAQUE:
        return _unpacked(value)
    if isinstance(value, dict):
        reduced = {field: _plain(item, field) for field, item in value.items()}
        return {field: item for field, item in reduced.items() if not _says_nothing(field, item)}
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return sort_elements(items, SET) if name in _SETS else items
    return value


def _says_nothing(name: str, value: Any) -> bool:
    if value is None or value in ({}, []):
        return name not in _OPAQUE or value is None
    return any(type(value) is type(default) and value == default for default in _DEFAULTS.get(name, ()))


def _plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in plan.items() if _PLAN_DEFAULTS.get(name) != value}


def _property(item: Any, encrypted: frozenset[str]) -> Any:
    if not isinstance(item, dict):
        return item
    left_out = {"encrypted", "encryptable"}
    if str(item.get("key")) in encrypted:
        left_out.add("value")
    return {name: value for name, value in item.items() if name not in left_out}


def _encrypted(definition: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        str(item.get("key")) for item in _items(definition.get("properties")) if item.get("encrypted") is True
    )


def _unpacked(value: Any) -> Any:
    """A plugin's configuration, which some servers write as JSON inside a text."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _items(value: Any) -> list[dict[str, Any]]:
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in found if isinstance(item, dict)]


def _names(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
