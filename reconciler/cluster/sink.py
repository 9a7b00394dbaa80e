"""Where the findings of a cluster go: the engine's side of this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from reconciler.cluster.kinds import ServedKind
    from reconciler.model.keys import ResourceKey
    from reconciler.model.rows import PlaceState


class ClusterSink(Protocol):
    """Told everything that is read from a cluster, in order, on the event loop; it must not block."""

    def kinds(
        self, cluster: str, kinds: Sequence[ServedKind], schemas: Mapping[str, dict[str, Any]], version: str
    ) -> None:
        """The cluster serves exactly these kinds, with these schemas; `version` is the server's."""

    def page(self, cluster: str, kind: str, items: list[dict[str, Any]]) -> None:
        """Some objects of a listing under way."""

    def listed(self, cluster: str, kind: str, keys: set[ResourceKey]) -> None:
        """A listing is complete: whatever of this kind is not in `keys` is gone."""

    def event(self, cluster: str, kind: str, type: str, item: dict[str, Any]) -> None:
        """One watch event: ADDED, MODIFIED or DELETED."""

    def fresh(self, cluster: str, kind: str) -> None:
        """The watch of this kind lives, and what is known of it is up to date."""

    def state(self, cluster: str, kind: str | None, state: PlaceState) -> None:
        """How well one kind, or (None) the whole cluster, can be read."""
