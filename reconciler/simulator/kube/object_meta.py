"""The metadata that objects of every kind have: its schema, and what is kept of what a client sends."""

from __future__ import annotations

import functools
from typing import Any

from reconciler.simulator.kube.shape import Shape
from reconciler.simulator.kube.trees import Json

_STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
_STRING: dict[str, Any] = {"type": "string"}
_OWNER = {
    "type": "object",
    "x-kubernetes-map-type": "atomic",
    "required": ["apiVersion", "kind", "name", "uid"],
    "properties": {
        **dict.fromkeys(("apiVersion", "kind", "name", "uid"), _STRING),
        "blockOwnerDeletion": {"type": "boolean"},
        "controller": {"type": "boolean"},
    },
}
META_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "annotations": _STRINGS,
        "creationTimestamp": {"type": "string", "format": "date-time", "nullable": True},
        "deletionGracePeriodSeconds": {"type": "integer", "format": "int64"},
        "deletionTimestamp": {"type": "string", "format": "date-time", "nullable": True},
        "finalizers": {"type": "array", "items": _STRING, "x-kubernetes-list-type": "set"},
        "generateName": _STRING,
        "generation": {"type": "integer", "format": "int64"},
        "labels": _STRINGS,
        "managedFields": {
            "type": "array",
            "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "x-kubernetes-list-type": "atomic",
        },
        "name": _STRING,
        "namespace": _STRING,
        "ownerReferences": {
            "type": "array",
            "items": _OWNER,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"],
        },
        "resourceVersion": _STRING,
        "selfLink": _STRING,
        "uid": _STRING,
    },
}
"""The schema of metadata, in the structural form."""


@functools.cache
def metadata_shape() -> Shape:
    """Return the compiled schema of metadata; one for all kinds."""
    return Shape(META_SCHEMA)


def tidy(metadata: Json, unknown: list[str]) -> dict[str, Any]:
    """Return the metadata that is kept of what a client sent: known fields that say something.

    Args:
        metadata: the object's metadata, or what stands in its place; None counts as empty.
        unknown: receives the paths of the fields that are not known.

    Raises:
        ValueError: it is not metadata; the text says where.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise ValueError("metadata must be an object")  # noqa: TRY004 -- one error for all that is no metadata
    kept: dict[str, Any] = {}
    fields = metadata_shape().fields
    for name, value in metadata.items():
        shape = fields.get(name)
        if shape is None:
            unknown.append(f"metadata.{name}")
        elif value is None or value in ("", {}, []):
            continue
        elif _fits(value, shape):
            kept[name] = value
        else:
            raise ValueError(f"metadata.{name} must be of type {shape.type}")
    return metadata if len(kept) == len(metadata) else kept


def _fits(value: Json, shape: Shape) -> bool:
    if shape.type == "object":
        below = shape.element
        return isinstance(value, dict) and (below is None or all(_fits(v, below) for v in value.values()))
    if shape.type == "array":
        below = shape.element
        return isinstance(value, list) and (below is None or all(_fits(item, below) for item in value))
    wanted: type = {"integer": int, "boolean": bool}.get(shape.type, str)
    return isinstance(value, wanted)
