"""Where an object stands on an API server: the path of any kind, those of Kubernetes itself included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.model.keys import GROUP, ResourceKey

if TYPE_CHECKING:
    from reconciler.cluster.kinds import ServedKind

_OF_KUBERNETES = {
    "Namespace": ("v1", "namespaces", False),
    "Secret": ("v1", "secrets", True),
    "ConfigMap": ("v1", "configmaps", True),
    "CustomResourceDefinition": ("apiextensions.k8s.io/v1", "customresourcedefinitions", False),
}
"""The kinds beside Gravitee's that an application's folder may bring along."""


@dataclass(frozen=True, slots=True)
class Address:
    """One object: its apiVersion, the plural in paths, its namespace (empty outside of any) and name."""

    api_version: str
    kind: str
    plural: str
    namespace: str
    name: str

    @property
    def collection(self) -> str:
        """The path of all objects of the kind in the namespace."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        inside = f"/namespaces/{quote(self.namespace, safe='')}" if self.namespace else ""
        return f"{root}{inside}/{self.plural}"

    @property
    def path(self) -> str:
        """The object's own path."""
        return f"{self.collection}/{quote(self.name, safe='')}"

    def __str__(self) -> str:
        inside = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind}/{inside}{self.name}"


def address_of(key: ResourceKey, served: Iterable[ServedKind]) -> Address | None:
    """Find where an object stands.

    Args:
        key: the object.
        served: what its cluster serves of group gravitee.io.

    Returns:
        its address, or None where the cluster does not serve the kind.
    """
    known = _OF_KUBERNETES.get(key.kind)
    if known is not None:
        version, plural, namespaced = known
        return Address(version, key.kind, plural, key.namespace if namespaced else "", key.name)
    for kind in served:
        if kind.kind == key.kind:
            namespace = key.namespace if kind.namespaced else ""
            return Address(f"{GROUP}/{kind.version}", kind.kind, kind.plural, namespace, key.name)
    return None


def config_map(namespace: str, name: str) -> Address:
    """The address of a ConfigMap."""
    return Address("v1", "ConfigMap", "configmaps", namespace, name)


def namespace_address(name: str) -> Address:
    """The address of a namespace."""
    return Address("v1", "Namespace", "namespaces", "", name)
