"""The kinds that a server serves: how each is named, where its objects live, and what its schema is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.simulator.kube.object_meta import META_SCHEMA, metadata_shape
from reconciler.simulator.kube.shape import Shape, cel_rules

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")

ALWAYS_SELECTABLE = frozenset({"metadata.name", "metadata.namespace"})


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind in one group.

    Attributes:
        group: empty for the core group.
        versions: the served versions, the preferred one first; `storage` is the one that is stored.
        schemas: the OpenAPI schema by version.
        shapes: the same, compiled, with the metadata every object has.
        custom: defined by a CustomResourceDefinition; the others are built in.
        status: has a status subresource.
        counts_generations: its objects carry `metadata.generation`.
        unconditional: an update may leave out the resourceVersion.
        creates_on_update: a PUT to a name that does not exist creates the object.
        columns: additionalPrinterColumns by version.
        blank: what a typed object of a built-in kind holds before anything is set; that is never owned.
        unevaluated: places in the schema that carry CEL rules, which are not evaluated.
    """

    group: str
    versions: tuple[str, ...]
    storage: str
    kind: str
    plural: str
    namespaced: bool
    schemas: Mapping[str, Mapping[str, Any]]
    shapes: Mapping[str, Shape]
    singular: str = ""
    list_kind: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = VERBS
    custom: bool = False
    status: bool = False
    counts_generations: bool = False
    unconditional: bool = True
    creates_on_update: bool = False
    selectable: frozenset[str] = ALWAYS_SELECTABLE
    columns: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    blank: Mapping[str, Any] = field(default_factory=dict)
    unevaluated: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the resource in its cluster: `plural.group`, or the plural alone in the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def api_version(self, version: str) -> str:
        """Return the apiVersion of objects in a version."""
        return f"{self.group}/{version}" if self.group else version


def built_in(
    group: str,
    kind: str,
    plural: str,
    schema: Mapping[str, Any],
    *,
    namespaced: bool = True,
    version: str = "v1",
    **more: Any,
) -> Resource:
    """Return a kind that every server has."""
    return Resource(
        group=group,
        versions=(version,),
        storage=version,
        kind=kind,
        plural=plural,
        namespaced=namespaced,
        schemas={version: schema},
        shapes={version: compiled(schema)},
        singular=kind.lower(),
        list_kind=f"{kind}List",
        **more,
    )


def compiled(schema: Mapping[str, Any]) -> Shape:
    """Compile a kind's schema, its metadata described in full."""
    properties = {**(schema.get("properties") or {}), "metadata": META_SCHEMA}
    for name in ("apiVersion", "kind"):
        properties.setdefault(name, {"type": "string"})
    shape = Shape({**schema, "properties": properties})
    shape.fields = {**shape.fields, "metadata": metadata_shape()}
    return shape


def custom_resource(crd: Mapping[str, Any]) -> Resource:
    """Return the kind that a CustomResourceDefinition defines.

    Raises:
        KeyError: the definition lacks a field that the server's own checks require.
    """
    spec = crd["spec"]
    names = spec["names"]
    served = [version for version in spec["versions"] if version.get("served")]
    schemas = {v["name"]: (v.get("schema") or {}).get("openAPIV3Schema") or {} for v in spec["versions"]}
    storage = next(version for version in spec["versions"] if version.get("storage"))
    selectable = {
        each["jsonPath"].lstrip(".") for version in served for each in version.get("selectableFields") or ()
    }
    return Resource(
        group=spec["group"],
        versions=tuple(version["name"] for version in sorted(served, key=_preference)),
        storage=storage["name"],
        kind=names["kind"],
        plural=names["plural"],
        namespaced=spec["scope"] == "Namespaced",
        schemas=schemas,
        shapes={name: compiled(schema) for name, schema in schemas.items()},
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or f"{names['kind']}List",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        verbs=_CUSTOM_VERBS,
        custom=True,
        status="status" in (storage.get("subresources") or {}),
        counts_generations=True,
        unconditional=False,
        selectable=ALWAYS_SELECTABLE | selectable,
        columns={v["name"]: v.get("additionalPrinterColumns") or () for v in spec["versions"]},
        unevaluated=tuple(place for schema in schemas.values() for place in cel_rules(schema)),
    )


def _preference(version: Mapping[str, Any]) -> tuple[int, int, int, str]:
    """Sort versions as Kubernetes prefers them: v2 before v1 before v1beta1 before v1alpha1."""
    name = version["name"]
    for rank, mark in enumerate(("", "beta", "alpha")):
        major, found, minor = name[1:].partition(mark) if mark else (name[1:], "", "")
        if name.startswith("v") and major.isdecimal() and (not mark or (found and minor.isdecimal())):
            return (rank, -int(major), -int(minor or 0), "")
    return (3, 0, 0, name)


class Catalogue:
    """The kinds in service, by group and plural."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._by_name = {resource.name: resource for resource in resources}

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._by_name.values()))

    def add(self, resource: Resource) -> None:
        """Serve a kind, or serve it with another schema."""
        self._by_name[resource.name] = resource

    def discard(self, name: str) -> None:
        """Serve a kind no more."""
        self._by_name.pop(name, None)

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the kind at a path, if that version of it is served."""
        resource = self._by_name.get(f"{plural}.{group}" if group else plural)
        return resource if resource is not None and version in resource.versions else None

    def named(self, name: str) -> Resource | None:
        """Return a kind by `plural.group`."""
        return self._by_name.get(name)

    def of_kind(self, kind: str, group: str | None = None) -> Resource:
        """Return the kind of this name.

        Args:
            kind: such as `Secret`.
            group: its group; None takes the first that has such a kind.

        Raises:
            LookupError: no such kind is served.
        """
        for resource in self._by_name.values():
            if resource.kind == kind and (group is None or resource.group == group):
                return resource
        raise LookupError(f"no kind {kind} in group {group!r} is served")

    def groups(self) -> dict[str, list[str]]:
        """Return the versions of each group, the preferred one first."""
        found: dict[str, list[str]] = {}
        for resource in self._by_name.values():
            versions = found.setdefault(resource.group, [])
            versions += [version for version in resource.versions if version not in versions]
        return {
            group: sorted(versions, key=lambda version: _preference({"name": version}))
            for group, versions in found.items()
        }
