"""Documents with a text in every place that a schema has one for, made from the real CRDs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model.changes import KeyPath

PLACE = "a text"


def skeleton(kind: str, openapi: dict[str, Any]) -> dict[str, Any]:
    """A document of a kind with every field of its spec."""
    spec = _built(openapi["properties"].get("spec", {}))
    return {"apiVersion": "gravitee.io/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}


def _built(schema: dict[str, Any]) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if schema.get("x-kubernetes-preserve-unknown-fields") and not schema.get("properties"):
        return {"setting": PLACE, "inner": {"list": [PLACE]}}
    if kind == "object":
        fields = {name: _built(child) for name, child in (schema.get("properties") or {}).items()}
        additional = schema.get("additionalProperties")
        return {**fields, "entry": _built(additional)} if isinstance(additional, dict) else fields
    if kind == "array":
        items = schema.get("items")
        return [_built(items)] if isinstance(items, dict) else []
    return {"integer": 1, "number": 1.5, "boolean": False}.get(str(kind), PLACE)


def texts(node: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of every free text of a document."""
    if isinstance(node, dict):
        for name, item in node.items():
            yield from texts(item, (*path, name))
    elif isinstance(node, list):
        for at, item in enumerate(node):
            yield from texts(item, (*path, at))
    elif node == PLACE:
        yield path


def alone(kind: str, path: KeyPath, value: Any) -> dict[str, Any]:
    """A document of a kind with nothing but one value, at a path of its skeleton."""
    for step in reversed(path[1:]):
        value = [value] if isinstance(step, int) else {step: value}
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "x"},
        str(path[0]): value,
    }
