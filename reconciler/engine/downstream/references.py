"""What a resource refers to, looked up on its own cluster; each lookup is noted, for it may change later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.engine.cells import unreadable
from reconciler.engine.downstream.material import Dependency, Material, Values
from reconciler.model.keys import ResourceKey
from reconciler.rules.apim.references import Unreadable
from reconciler.rules.identity import hrid

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject
    from reconciler.engine.actual import ClusterContent

GROUP_KIND = "Group"


class Lookups:
    """The `References` of one resource.

    Args:
        content: what its cluster holds.
        material: Secrets and ConfigMaps.

    Attributes:
        asked: everything that was looked up, whether or not it exists.
    """

    def __init__(self, content: ClusterContent, material: Material) -> None:
        self._content = content
        self._material = material
        self.asked: set[Dependency] = set()

    def resource(self, kind: str, namespace: str, name: str) -> dict[str, Any] | Unreadable | None:
        """A custom resource of the same cluster."""
        # References name kinds in any case, and plurals too (DOMAIN §1).
        served = next((known for known in self._content.kinds if _same(known, kind)), kind)
        self.asked.add(Dependency(self._content.name, served, namespace, name))
        key = ResourceKey(self._content.name, served, namespace, name)
        found = self._content.objects.get(key)
        if found is not None:
            return whole(found)
        blind = unreadable(key, self._content)
        return Unreadable(blind.causes[0]) if blind is not None else None

    def group_hrids(self) -> dict[str, str]:
        """The HRID of every group of the cluster by the name that it states: APIM shows groups by these."""
        found: dict[str, str] = {}
        for key, group in list(self._content.objects.items()):
            if key.kind == GROUP_KIND:
                name = (group.body().get("spec") or {}).get("name")
                if isinstance(name, str):
                    found[name] = hrid(key.namespace, key.name)
        return found

    def secret(self, namespace: str, name: str) -> Values:
        """The data of a Secret."""
        return self._values("Secret", namespace, name)

    def config_map(self, namespace: str, name: str) -> Values:
        """The data of a ConfigMap."""
        return self._values("ConfigMap", namespace, name)

    def _values(self, kind: str, namespace: str, name: str) -> Values:
        dependency = Dependency(self._content.name, kind, namespace, name)
        self.asked.add(dependency)
        return self._material.get(dependency)


def whole(found: ClusterObject) -> dict[str, Any]:
    """An object with the kind that items of a listing leave out."""
    return {"kind": found.key.kind, **found.body()}


def _same(served: str, kind: str) -> bool:
    from reconciler.model.keys import same_kind

    return same_kind(served, kind)
