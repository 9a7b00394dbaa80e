"""What the two hops beyond the cluster say of a resource, and what stands there when nobody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from reconciler.engine.cells import NOTHING, Finding
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import ControlPlaneTrace

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject


class Beyond(NamedTuple):
    """What the two hops beyond the cluster say of one resource."""

    control_plane: Finding
    gateway: Finding
    trace: ControlPlaneTrace | None
    gateway_count: str


NOT_ASKED = Beyond(NOTHING, NOTHING, None, "")


class BeyondClusters(Protocol):
    """What a pass asks of control planes and gateways; `Chain` says what each is for."""

    def moved(self, keys: set[ResourceKey]) -> set[ResourceKey]: ...

    def learn(self, keys: Iterable[ResourceKey]) -> None: ...

    def tell_expected(self) -> None: ...

    def only_there_keys(self) -> set[ResourceKey]: ...

    def cells(self, key: ResourceKey, found: ClusterObject | None) -> Beyond | None: ...

    def take_in_sync(self) -> Mapping[ResourceKey, Any]: ...


class NothingBeyond:
    """Stands in for control planes and gateways where only Git and clusters are asked about."""

    def moved(self, keys: set[ResourceKey]) -> set[ResourceKey]:
        """Nothing else is concerned."""
        del keys
        return set()

    def learn(self, keys: Iterable[ResourceKey]) -> None:
        """Nothing is meant beyond the clusters."""
        del keys

    def tell_expected(self) -> None:
        """Nobody is told."""

    def only_there_keys(self) -> set[ResourceKey]:
        """Nothing is only there."""
        return set()

    def cells(self, key: ResourceKey, found: ClusterObject | None) -> Beyond | None:
        """No hop exists; what only a control plane had is gone."""
        del found
        return NOT_ASKED if key.namespace else None

    def take_in_sync(self) -> Mapping[ResourceKey, Any]:
        """Nothing was found in sync."""
        return {}
