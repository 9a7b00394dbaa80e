"""The documents by which clients find out what is served: groups, versions, resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.simulator.kube.resources import Catalogue, Resource

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_STATUS_VERBS = ["get", "patch", "update"]
_REVIEWS = {
    "authentication.k8s.io": (("SelfSubjectReview", "selfsubjectreviews"),),
    "authorization.k8s.io": (
        ("SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        ("SelfSubjectRulesReview", "selfsubjectrulesreviews"),
    ),
}
"""Kinds that are only ever answered, never kept."""


def version_info(version: str) -> dict[str, str]:
    """Return the answer of /version; the build metadata says that this is no real server."""
    major, minor, _ = version.lstrip("v").split(".", 2)
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"{version}+simulated",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "python/any",
    }


def core_versions(address: str) -> dict[str, Any]:
    """Return the answer of /api."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def _groups(catalogue: Catalogue) -> dict[str, list[str]]:
    return {**catalogue.groups(), **{group: ["v1"] for group in _REVIEWS}}


def group_list(catalogue: Catalogue) -> dict[str, Any]:
    """Return the answer of /apis."""
    groups = [_group(name, versions) for name, versions in _groups(catalogue).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group_document(catalogue: Catalogue, name: str) -> dict[str, Any] | None:
    """Return the answer of /apis/GROUP, or None."""
    versions = _groups(catalogue).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions else None


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(catalogue: Catalogue, group: str, version: str) -> dict[str, Any] | None:
    """Return the answer of /apis/GROUP/VERSION (or /api/VERSION), or None."""
    if version not in _groups(catalogue).get(group, ()):
        return None
    listed = []
    for resource in _resources(catalogue, group, version):
        listed.append(_entry(resource))
        if resource.status:
            listed.append(
                {
                    "name": f"{resource.plural}/status",
                    "singularName": "",
                    "namespaced": resource.namespaced,
                    "kind": resource.kind,
                    "verbs": _STATUS_VERBS,
                }
            )
    for kind, plural in _REVIEWS.get(group, ()):
        listed.append(
            {
                "name": plural,
                "singularName": kind.lower(),
                "namespaced": False,
                "kind": kind,
                "verbs": ["create"],
            }
        )
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": listed,
    }


def _resources(catalogue: Catalogue, group: str, version: str) -> Iterator[Resource]:
    for resource in catalogue:
        if resource.group == group and version in resource.versions:
            yield resource


def _entry(resource: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    return entry


def aggregated(catalogue: Catalogue, *, core: bool) -> dict[str, Any]:
    """Return all groups with their resources at once, as newer clients ask for.

    Args:
        core: the core group alone (/api), else all others (/apis).
    """
    items = [
        {
            "metadata": {"name": name} if name else {},
            "versions": [_aggregated_version(catalogue, name, version) for version in versions],
        }
        for name, versions in _groups(catalogue).items()
        if core == (not name)
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_version(catalogue: Catalogue, group: str, version: str) -> dict[str, Any]:
    resources = []
    for resource in _resources(catalogue, group, version):
        kind = {"group": group, "version": version, "kind": resource.kind}
        entry = _aggregated_entry(_entry(resource), kind)
        if resource.status:
            status = {"subresource": "status", "responseKind": kind, "verbs": _STATUS_VERBS}
            entry["subresources"] = [status]
        resources.append(entry)
    for kind_name, plural in _REVIEWS.get(group, ()):
        entry = {"name": plural, "singularName": kind_name.lower(), "namespaced": False, "verbs": ["create"]}
        kind = {"group": group, "version": version, "kind": kind_name}
        resources.append(_aggregated_entry(entry, kind))
    return {"version": version, "resources": resources, "freshness": "Current"}


def _aggregated_entry(entry: Mapping[str, Any], kind: Mapping[str, str]) -> dict[str, Any]:
    return {
        "resource": entry["name"],
        "responseKind": kind,
        "scope": "Namespaced" if entry["namespaced"] else "Cluster",
        "singularResource": entry["singularName"],
        "verbs": entry["verbs"],
        **{key: entry[key] for key in ("shortNames", "categories") if key in entry},
    }
