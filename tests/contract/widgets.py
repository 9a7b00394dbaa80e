"""The kind that the contract is tested with, and short ways to send requests about it."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

import httpx

GROUP = "contract.example.dev"
API_VERSION = f"{GROUP}/v1"
CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

_MEMBER = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "source": {"type": "string", "default": "local"},
        "name": {"type": "string"},
        "role": {"type": "string", "default": "USER"},
        "note": {"type": "string"},
    },
}
_PLAN = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "status": {"type": "string", "default": "PUBLISHED"}},
}
_PAIR = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
_SPEC = {
    "type": "object",
    "required": ["colour"],
    "properties": {
        "colour": {"type": "string", "enum": ["red", "green", "blue"]},
        "size": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 10, "default": 3},
        "on": {"type": "boolean", "default": True},
        "ratio": {"type": "number", "maximum": 1, "exclusiveMaximum": True},
        "even": {"type": "integer", "multipleOf": 2},
        "path": {"type": "string", "pattern": "^/", "minLength": 2, "maxLength": 20},
        "maybe": {"type": "string", "nullable": True},
        "when": {"type": "string", "format": "date-time"},
        "port": {"x-kubernetes-int-or-string": True},
        "labels": {"type": "object", "maxProperties": 3, "additionalProperties": {"type": "string"}},
        "plans": {"type": "object", "additionalProperties": _PLAN},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "plain": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string"}},
        "members": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["source", "name"],
            "items": _MEMBER,
        },
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "frozen": {**_PAIR, "x-kubernetes-map-type": "atomic"},
        "nested": {
            "type": "object",
            "properties": {
                "deep": {
                    "type": "object",
                    "default": {},
                    "properties": {"x": {"type": "string", "default": "dx"}, "y": {"type": "string"}},
                }
            },
        },
        "either": {**_PAIR, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    },
}
_STATUS = {
    "type": "object",
    "properties": {
        "phase": {"type": "string"},
        "conditions": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            "items": {
                "type": "object",
                "required": ["type"],
                "properties": {"type": {"type": "string"}, "status": {"type": "string"}},
            },
        },
    },
}


def definition(kind: str = "Widget", *, status: bool = True) -> dict[str, Any]:
    """Return a CustomResourceDefinition of the suite's group, which the caller may change."""
    plural = f"{kind.lower()}s"
    made = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [kind.lower()[:2]],
            },
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}} if status else {},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "required": ["spec"],
                            "properties": {"spec": _SPEC, "status": _STATUS},
                        }
                    },
                }
            ],
        },
    }
    return copy.deepcopy(made)


def widget(name: str, spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """Return a Widget; without a spec it is a red one."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Widget",
        "metadata": {"name": name, **metadata} if name else dict(metadata),
        "spec": {"colour": "red"} if spec is None else spec,
    }


@dataclass(frozen=True, slots=True)
class Widgets:
    """The widgets of one namespace, seen by one client; every method returns the answer as it came."""

    client: httpx.Client
    namespace: str
    plural: str = "widgets"

    @property
    def path(self) -> str:
        """The path of the collection."""
        return f"/apis/{API_VERSION}/namespaces/{self.namespace}/{self.plural}"

    def create(self, body: dict[str, Any], **params: str) -> httpx.Response:
        """POST."""
        return self.client.post(self.path, json=body, params=params)

    def get(self, name: str, **params: str) -> httpx.Response:
        """GET one."""
        return self.client.get(f"{self.path}/{name}", params=params)

    def list(self, **params: str) -> httpx.Response:
        """GET many."""
        return self.client.get(self.path, params=params)

    def names(self, **params: str) -> list[str]:
        """Return the names in a list."""
        return [item["metadata"]["name"] for item in self.list(**params).json()["items"]]

    def replace(self, body: dict[str, Any], *, sub: str = "", **params: str) -> httpx.Response:
        """PUT."""
        return self.client.put(f"{self.path}/{body['metadata']['name']}{sub}", json=body, params=params)

    def patch(self, name: str, kind: str, patch: Any, *, sub: str = "", **params: str) -> httpx.Response:
        """PATCH; the patch is an object, or its text."""
        content = patch if isinstance(patch, str) else json.dumps(patch)
        return self.client.patch(
            f"{self.path}/{name}{sub}", content=content, params=params, headers={"Content-Type": kind}
        )

    def merge(self, name: str, patch: Any, **params: str) -> httpx.Response:
        """PATCH with a merge patch."""
        return self.patch(name, MERGE_PATCH, patch, **params)

    def json_patch(self, name: str, *operations: dict[str, Any], **params: str) -> httpx.Response:
        """PATCH with a JSON patch."""
        return self.patch(name, JSON_PATCH, list(operations), **params)

    def apply(self, manager: str, body: dict[str, Any], *, sub: str = "", **params: str) -> httpx.Response:
        """PATCH with a configuration (server-side apply)."""
        name = body["metadata"]["name"]
        return self.patch(name, APPLY_PATCH, body, sub=sub, fieldManager=manager, **params)

    def delete(self, name: str, options: dict[str, Any] | None = None, **params: str) -> httpx.Response:
        """DELETE one."""
        return self.client.request("DELETE", f"{self.path}/{name}", json=options, params=params)


def owners(answer: httpx.Response) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the owned fields in an answer by (manager, operation, subresource)."""
    entries = answer.json()["metadata"].get("managedFields", [])
    return {
        (entry["manager"], entry["operation"], entry.get("subresource", "")): entry["fieldsV1"]
        for entry in entries
    }


def causes(answer: httpx.Response) -> set[tuple[str, str, str]]:
    """Return (field, reason, message) of the causes in a Status."""
    listed = answer.json().get("details", {}).get("causes", [])
    return {(cause.get("field", ""), cause["reason"], cause["message"]) for cause in listed}


def assert_status(answer: httpx.Response, code: int, reason: str | None, message: str | None = None) -> None:
    """Assert that an answer is a Status of failure in its full form."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (code, code), answer.text
    assert (body["kind"], body["apiVersion"], body["status"]) == ("Status", "v1", "Failure")
    assert "metadata" in body
    assert body.get("reason") == reason
    if message is not None:
        assert body["message"] == message, body["message"]
