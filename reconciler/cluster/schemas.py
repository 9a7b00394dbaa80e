"""The schema of each kind as the cluster serves it, which defaulting and comparison follow.

From the CRDs where they may be read (they hold the defaults and list keys as written), else from the
published OpenAPI v3 document. What was read is kept until the cluster says that it has changed.
https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import ClusterError
from reconciler.model.keys import GROUP

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.cluster.kinds import ServedKind

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
MAX_DEPTH = 64
"""Schemas of CRDs are trees of bounded depth; a `$ref` that leads back to itself ends here."""

Schema = dict[str, Any]


class SchemaReader:
    """Reads schemas, and reads again only what has changed since.

    Args:
        group: the API group.
    """

    def __init__(self, group: str = GROUP) -> None:
        self._group = group
        self._from_crds: dict[tuple[str, str], tuple[object, Schema]] = {}
        self._documents: dict[str, tuple[str, dict[str, Schema]]] = {}

    async def read(self, client: KubeClient, kinds: Sequence[ServedKind]) -> dict[str, Schema]:
        """Return the schema of each kind; an empty one where it may not be read.

        Raises:
            ClusterError: the server cannot be reached, or refuses the credentials.
        """
        found = dict(
            zip(
                (kind.kind for kind in kinds),
                await asyncio.gather(*(self._from_crd(client, kind) for kind in kinds)),
                strict=True,
            )
        )
        for version in sorted({kind.version for kind in kinds if found[kind.kind] is None}):
            published = await self._published(client, version)
            for kind in kinds:
                if found[kind.kind] is None and kind.version == version:
                    found[kind.kind] = published.get(kind.kind)
        return {kind: schema or {} for kind, schema in found.items()}

    async def _from_crd(self, client: KubeClient, kind: ServedKind) -> Schema | None:
        path = f"{CRDS}/{kind.plural}.{self._group}"
        known = self._from_crds.get((kind.plural, kind.version))
        try:
            if known is not None:
                head = await client.request("GET", path, accept=_METADATA_ONLY)
                if _state(head) == known[0]:
                    return known[1]
            body = await client.get(path)
        except ClusterError as error:
            _unless_away(error)
            return None
        schema = _crd_schema(body, kind.version)
        if schema is not None:
            self._from_crds[kind.plural, kind.version] = (_state(body), schema)
        return schema

    async def _published(self, client: KubeClient, version: str) -> Mapping[str, Schema]:
        """The schemas of one version's OpenAPI document, by kind."""
        try:
            index = await client.get("/openapi/v3")
            entry = _mapping(_mapping(index.get("paths")).get(f"apis/{self._group}/{version}"))
            url = str(entry.get("serverRelativeURL") or "")
            known = self._documents.get(version)
            if known is not None and known[0] == url:  # the URL holds a hash of the content
                return known[1]
            if not url.startswith("/"):
                return {}
            document = await client.get(url)
        except ClusterError as error:
            _unless_away(error)
            return {}
        schemas = _by_kind(document, self._group, version)
        self._documents[version] = (url, schemas)
        return schemas


async def kind_schemas(client: KubeClient, kinds: Sequence[ServedKind]) -> dict[str, Schema]:
    """Read the openAPIV3Schema of each kind's served version; `{}` where neither way may be read.

    Raises:
        ClusterError: the server cannot be reached, or refuses the credentials.
    """
    return await SchemaReader().read(client, kinds)


def _unless_away(error: ClusterError) -> None:
    """Let "may not" and "is not there" pass; whatever says that the server is away is raised."""
    if error.status is None or error.status == 401:
        raise error


def _state(body: Mapping[str, Any]) -> object:
    metadata = _mapping(body.get("metadata"))
    return (metadata.get("uid"), metadata.get("generation"))


def _crd_schema(body: Mapping[str, Any], version: str) -> Schema | None:
    for served in _mapping(body.get("spec")).get("versions") or ():
        if isinstance(served, dict) and served.get("name") == version:
            schema = _mapping(served.get("schema")).get("openAPIV3Schema")
            return schema if isinstance(schema, dict) else None
    return None


def _by_kind(document: Mapping[str, Any], group: str, version: str) -> dict[str, Schema]:
    components = _mapping(_mapping(document.get("components")).get("schemas"))
    found: dict[str, Schema] = {}
    for schema in components.values():
        for gvk in _mapping(schema).get("x-kubernetes-group-version-kind") or ():
            if isinstance(gvk, dict) and (gvk.get("group"), gvk.get("version")) == (group, version):
                found[str(gvk.get("kind"))] = _resolved(schema, components, 0)
    return {kind: schema for kind, schema in found.items() if not kind.endswith("List")}


def _resolved(node: Any, components: Mapping[str, Any], depth: int) -> Any:
    """A schema with its references replaced by what they mean.

    A reference inside `allOf` with one member is how the server writes a reference with a default beside it.
    """
    if isinstance(node, list):
        return [_resolved(item, components, depth + 1) for item in node]
    if not isinstance(node, dict) or depth > MAX_DEPTH:
        return node if not isinstance(node, dict) else {}
    plain = {name: value for name, value in node.items() if name not in ("$ref", "allOf")}
    meant: dict[str, Any] = {}
    references = [node, *(node.get("allOf") or ())]
    for item in references:
        name = str(_mapping(item).get("$ref") or "").rpartition("/")[2]
        if name:
            meant.update(_resolved(components.get(name) or {}, components, depth + 1))
    if "allOf" in node and not meant:
        plain["allOf"] = node["allOf"]
    return {**meant, **{name: _resolved(value, components, depth + 1) for name, value in plain.items()}}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
