"""Tells the one that stands in at once what a cluster's watches see; its own listing is the net below."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.engine.standing_in.surroundings import thing_of
from reconciler.model.keys import GROUP
from reconciler.rules.apim.standing_in.marks import KINDS

if TYPE_CHECKING:
    from reconciler.cluster.kinds import ServedKind
    from reconciler.engine.standing_in.desk import Desk
    from reconciler.engine.standing_in.surroundings import Surroundings
    from reconciler.model.keys import ResourceKey
    from reconciler.model.rows import PlaceState


class Feed:
    """The sink of a cluster's watches.

    Args:
        desk: who has to know.
        here: what is known of the cluster.

    Attributes:
        news: set when something was told.
    """

    def __init__(self, desk: Desk, here: Surroundings) -> None:
        self._desk = desk
        self._here = here
        self._versions: dict[str, str] = {}
        self.news = asyncio.Event()

    def kinds(
        self,
        cluster: str,  # noqa: ARG002 (the sink's)
        kinds: Sequence[ServedKind],
        schemas: Mapping[str, dict[str, Any]],  # noqa: ARG002
        version: str,  # noqa: ARG002
    ) -> None:
        """Note under which version each kind is served."""
        self._versions = {kind.kind: kind.version for kind in kinds if kind.kind in KINDS}

    def page(self, cluster: str, kind: str, items: list[dict[str, Any]]) -> None:
        """Objects of a listing may have changed while nothing was watched."""
        for item in items:
            self.event(cluster, kind, "MODIFIED", item)

    def listed(self, cluster: str, kind: str, keys: set[ResourceKey]) -> None:
        """What is missing in a listing is found by the listing of the one that stands in."""

    def event(self, cluster: str, kind: str, type: str, item: dict[str, Any]) -> None:  # noqa: ARG002
        """Take over one object, unless it is older than what is known of it."""
        version = self._versions.get(kind)
        if version is None:
            return
        body = {**item, "apiVersion": f"{GROUP}/{version}", "kind": kind}
        if self._is_old(body):
            return
        moved = self._here.gone(thing_of(body)) if type == "DELETED" else self._here.note(body)
        self._desk.heard(moved)
        self.news.set()

    def fresh(self, cluster: str, kind: str) -> None:
        """A watch lives: nothing is new with that."""

    def state(self, cluster: str, kind: str | None, state: PlaceState) -> None:
        """A kind that cannot be watched is still listed."""

    def _is_old(self, body: dict[str, Any]) -> bool:
        """Whether a write of ours was answered with a newer version than this one."""
        known = self._here.get(thing_of(body))
        if known is None or known["metadata"].get("uid") != body["metadata"].get("uid"):
            return False
        before, now = (str(one["metadata"].get("resourceVersion", "")) for one in (known, body))
        return before.isdigit() and now.isdigit() and int(now) < int(before)
