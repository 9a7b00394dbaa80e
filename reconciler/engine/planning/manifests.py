"""The configuration that is applied: the text in Git, placed and marked, without what a server sets."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from reconciler.cluster.trace import OWN_ANNOTATION
from reconciler.engine.planning.marks import mark_of
from reconciler.model.keys import ResourceKey
from reconciler.rules.schema import Schema

_OF_SERVERS = frozenset(
    {
        "managedFields",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    }
)
_ANNOTATIONS_OF_TOOLS = ("kubectl.kubernetes.io/last-applied-configuration", "gravitee.io/last-spec-hash")


def to_apply(body: Mapping[str, Any], key: ResourceKey, application: str, schema: Schema) -> dict[str, Any]:
    """Make the configuration of a resource.

    A field that is null in Git is left out where the schema does not allow null: that is what an author who
    writes `members:` means, and an apply would be refused.

    Args:
        body: the document as it stands in Git.
        key: where it goes.
        application: whose it is.
        schema: what the cluster serves for the kind; without one nothing is left out.
    """
    given = body.get("metadata")
    metadata = {
        name: value
        for name, value in (given.items() if isinstance(given, Mapping) else ())
        if name not in _OF_SERVERS and value is not None
    }
    annotations = metadata.get("annotations")
    kept = {
        name: value
        for name, value in (annotations.items() if isinstance(annotations, Mapping) else ())
        if name not in _ANNOTATIONS_OF_TOOLS
    }
    metadata.update(name=key.name, annotations={**kept, OWN_ANNOTATION: mark_of(application, key)})
    if key.namespace:
        metadata["namespace"] = key.namespace
    properties = schema.openapi.get("properties") or {}
    rest = {
        name: _without_nulls(value, properties.get(name) or {})
        for name, value in as_stored(body).items()
        if name not in ("metadata", "status") and not (value is None and name in properties)
    }
    return {**rest, "metadata": metadata}


def as_stored(body: Mapping[str, Any]) -> dict[str, Any]:
    """Write an object of Kubernetes itself as its API server keeps it, so that both sides can be compared.

    A Secret's `stringData` becomes `data`, empty data is none, a Namespace's `spec` is the server's. Others
    are as they are.
    """
    made = dict(body)
    if body.get("apiVersion") != "v1":
        return made
    if body.get("kind") == "Secret":
        data, text = made.get("data"), made.pop("stringData", None)
        coded = {
            name: base64.b64encode(str(value).encode()).decode()
            for name, value in (text.items() if isinstance(text, Mapping) else ())
        }
        if coded:
            made["data"] = {**(data if isinstance(data, Mapping) else {}), **coded}
        made.setdefault("type", "Opaque")
    elif body.get("kind") == "Namespace":
        made.pop("spec", None)
    return {name: value for name, value in made.items() if value or name not in ("data", "binaryData")}


def _without_nulls(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        each = schema.get("additionalProperties")
        below = each if isinstance(each, dict) else {}
        kept = {}
        for name, item in value.items():
            known = properties.get(name) or below
            if item is None and known and not _takes_null(known):
                continue
            kept[name] = _without_nulls(item, known)
        return kept
    if isinstance(value, list):
        items = schema.get("items")
        return [_without_nulls(item, items if isinstance(items, dict) else {}) for item in value]
    return value


def _takes_null(schema: Mapping[str, Any]) -> bool:
    free = bool(schema.get("x-kubernetes-preserve-unknown-fields")) and "type" not in schema
    return schema.get("nullable") is True or free
