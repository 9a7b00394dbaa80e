"""The OpenAPI v3 documents of the served groups: schemas by kind, and the paths that clients look for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from reconciler.simulator.kube.object_meta import META_SCHEMA
from reconciler.simulator.kube.resources import Catalogue, Resource

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_WRITE_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")


def index(catalogue: Catalogue) -> dict[str, Any]:
    """Return the answer of /openapi/v3: where each group's document is."""
    paths = {}
    for group, versions in catalogue.groups().items():
        for version in versions:
            name = f"apis/{group}/{version}" if group else f"api/{version}"
            text = orjson.dumps(document(catalogue, group, version))
            digest = hashlib.sha256(text).hexdigest().upper()
            paths[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}
    return {"paths": paths}


def document(catalogue: Catalogue, group: str, version: str) -> dict[str, Any] | None:
    """Return the document of one version of a group, or None where it is not served."""
    resources = [each for each in catalogue if each.group == group and version in each.versions]
    if not resources:
        return None
    schemas: dict[str, Any] = {f"{_META}.ObjectMeta": META_SCHEMA, f"{_META}.ListMeta": {"type": "object"}}
    paths: dict[str, Any] = {}
    for resource in resources:
        schemas |= _schemas(resource, version)
        paths |= _paths(resource, version)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes, simulated", "version": "v0.1.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _component(resource: Resource, version: str, kind: str) -> str:
    if not resource.group:
        return f"io.k8s.api.core.{version}.{kind}"
    return ".".join([*reversed(resource.group.split(".")), version, kind])


def _schemas(resource: Resource, version: str) -> dict[str, Any]:
    schema = resource.schemas[version]
    meaning = [{"group": resource.group, "kind": resource.kind, "version": version}]
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        **(schema.get("properties") or {}),
        "metadata": {"allOf": [{"$ref": f"#/components/schemas/{_META}.ObjectMeta"}]},
    }
    own = _component(resource, version, resource.kind)
    of_lists = {
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{own}"}},
            "kind": {"type": "string"},
            "metadata": {"$ref": f"#/components/schemas/{_META}.ListMeta"},
        },
        "x-kubernetes-group-version-kind": [{**meaning[0], "kind": resource.list_kind}],
    }
    return {
        own: {**schema, "properties": properties, "x-kubernetes-group-version-kind": meaning},
        _component(resource, version, resource.list_kind): of_lists,
    }


def _paths(resource: Resource, version: str) -> dict[str, Any]:
    root = f"/apis/{resource.group}/{version}" if resource.group else f"/api/{version}"
    collection = f"{root}/{resource.plural}"
    if resource.namespaced:
        collection = f"{root}/namespaces/{{namespace}}/{resource.plural}"
    reference = {"$ref": f"#/components/schemas/{_component(resource, version, resource.kind)}"}
    many = {"$ref": f"#/components/schemas/{_component(resource, version, resource.list_kind)}"}
    meaning = {"group": resource.group, "kind": resource.kind, "version": version}

    def operation(action: str, answer: Mapping[str, Any], *more: str) -> dict[str, Any]:
        return {
            "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in more],
            "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": answer}}}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": meaning,
        }

    one = {
        "get": operation("get", reference),
        "put": operation("put", reference, *_WRITE_PARAMETERS),
        "patch": operation("patch", reference, *_WRITE_PARAMETERS, "force"),
        "delete": operation("delete", reference, "dryRun"),
    }
    all_of_them = {
        "get": operation("list", many, "labelSelector", "fieldSelector", "limit", "continue", "watch"),
        "post": operation("post", reference, *_WRITE_PARAMETERS),
    }
    return {collection: all_of_them, f"{collection}/{{name}}": one}
