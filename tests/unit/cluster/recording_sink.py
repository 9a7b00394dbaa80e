"""A sink that keeps what it is told and wakes up tests that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reconciler.cluster.kinds import ServedKind
from reconciler.cluster.objects import ClusterObject, pack
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState

PATIENCE_S = 20.0


class RecordingSink:
    """What the engine would know after all that was told."""

    def __init__(self) -> None:
        self.served: list[tuple[str, ...]] = []
        self.schemas: Mapping[str, dict[str, Any]] = {}
        self.version = ""
        self.objects: dict[ResourceKey, ClusterObject] = {}
        self.pages = 0
        self.listings: list[tuple[str, set[ResourceKey]]] = []
        self.events: list[tuple[str, str]] = []
        self.signs_of_life = 0
        self.states: list[PlaceState] = []
        self._news = asyncio.Event()

    def kinds(
        self, cluster: str, kinds: Sequence[ServedKind], schemas: Mapping[str, dict[str, Any]], version: str
    ) -> None:
        self.served.append(tuple(kind.kind for kind in kinds))
        self.schemas, self.version = schemas, version
        self._news.set()

    def page(self, cluster: str, kind: str, items: list[dict[str, Any]]) -> None:
        self.pages += 1
        for item in items:
            found = pack(cluster, kind, item)
            self.objects[found.key] = found
        self._news.set()

    def listed(self, cluster: str, kind: str, keys: set[ResourceKey]) -> None:
        self.listings.append((kind, keys))
        for gone in [key for key in self.objects if key.kind == kind and key not in keys]:
            del self.objects[gone]
        self._news.set()

    def event(self, cluster: str, kind: str, type: str, item: dict[str, Any]) -> None:
        found = pack(cluster, kind, item)
        self.events.append((type, found.key.name))
        if type == "DELETED":
            self.objects.pop(found.key, None)
        else:
            self.objects[found.key] = found
        self._news.set()

    def fresh(self, cluster: str, kind: str) -> None:
        self.signs_of_life += 1
        self._news.set()

    def state(self, cluster: str, kind: str | None, state: PlaceState) -> None:
        self.states.append(state)
        self._news.set()

    # --- what tests ask --------------------------------------------------------------------

    def names(self) -> list[str]:
        """The names of the objects known, sorted."""
        return sorted(key.name for key in self.objects)

    def last(self, name: str) -> PlaceState | None:
        """The last state told of a place: `CLUSTER` or `CLUSTER/KIND`."""
        return next((state for state in reversed(self.states) if state.name == name), None)

    def phase(self, name: str) -> str:
        """The last phase told of a place."""
        state = self.last(name)
        return state.phase if state else ""

    def message(self, name: str) -> str:
        """The last message told of a place."""
        state = self.last(name)
        return state.message if state else ""

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        """Wait until what has been told fulfils something."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not fulfilled():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            told = [(s.name, s.phase, s.message) for s in self.states[-6:]]
            raise AssertionError(f"never came; last states {told}, events {self.events[-6:]}") from None
