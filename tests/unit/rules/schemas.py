"""Small schemas of our own, with everything an API server's structural schemas can ask for."""

from __future__ import annotations

from typing import Any

from reconciler.rules.schema import Schema

STEP = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "enabled": {"type": "boolean", "default": True},
        "policy": {"type": "string"},
        "configuration": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
FLOW = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "enabled": {"type": "boolean", "default": True},
        "request": {"type": "array", "items": STEP},
        "response": {"type": "array", "items": STEP},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
PLAN = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "status": {"type": "string", "default": "PUBLISHED"},
        "tags": {"type": "array", "items": {"type": "string"}, "default": []},
        "security": {
            "type": "object",
            "properties": {
                "type": {"type": "string"},
                "configuration": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "flows": {"type": "array", "items": FLOW, "default": []},
    },
}
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
API_SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "state": {"type": "string", "default": "STARTED"},
        "labels": {"type": "array", "items": {"type": "string"}, "default": []},
        "tags": {"type": "array", "items": {"type": "string"}},
        "members": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "source": {"type": "string"},
                    "sourceId": {"type": "string"},
                    "role": {"type": "string", "default": "USER"},
                },
            },
        },
        "properties": {
            "type": "array",
            "default": [],
            "items": {
                "type": "object",
                "properties": {
                    "key": {"type": "string"},
                    "value": {"type": "string"},
                    "encrypted": {"type": "boolean"},
                },
            },
        },
        "listeners": {"type": "array", "items": _OPEN},
        "endpointGroups": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "endpoints": {
                        "type": "array",
                        "default": [],
                        "items": {
                            "type": "object",
                            "properties": {
                                "name": {"type": "string"},
                                "weight": {"type": "integer"},
                                "configuration": _OPEN,
                            },
                        },
                    },
                },
            },
        },
        "plans": {"type": "object", "additionalProperties": PLAN},
        "flows": {"type": "array", "items": FLOW, "default": []},
    },
}


def object_schema(**spec_fields: Any) -> Schema:
    """A schema whose `spec` has these properties."""
    return Schema({"type": "object", "properties": {"spec": {"type": "object", "properties": spec_fields}}})


API = Schema({"type": "object", "properties": {"spec": API_SPEC, "status": {"type": "object"}}})
"""A cut-down ApiV4Definition."""

NONE = Schema({})


def api(**spec: Any) -> dict[str, Any]:
    """An ApiV4Definition with this spec."""
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ApiV4Definition",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": spec,
    }


def resource(kind: str, **spec: Any) -> dict[str, Any]:
    """An object of a kind of group gravitee.io with this spec."""
    return {**api(**spec), "kind": kind}
