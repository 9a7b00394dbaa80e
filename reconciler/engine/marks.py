"""What may have changed since the last pass: rooms mark it, the loop takes it.

Marks merge: a resource that changes a hundred times between two passes is judged once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class Marked:
    """Resources, scopes (cluster, kind or None for all kinds), and whether Git moved."""

    keys: frozenset[ResourceKey]
    scopes: frozenset[tuple[str, str | None]]
    desired: bool


class Marks:
    """Marks of one engine; used on its loop only."""

    def __init__(self) -> None:
        self._keys: set[ResourceKey] = set()
        self._scopes: set[tuple[str, str | None]] = set()
        self._desired = True
        self._some = asyncio.Event()

    def changed(self, keys: Iterable[ResourceKey]) -> None:
        """These resources may have changed on their cluster."""
        self._keys.update(keys)
        self._some.set()

    def scope_changed(self, cluster: str, kind: str | None) -> None:
        """Everything of this kind (None: of every kind) on this cluster may have changed."""
        self._scopes.add((cluster, kind))
        self._some.set()

    def moved_beyond(self) -> None:
        """A control plane or a gateway told something new; whoever keeps it knows what."""
        self._some.set()

    def desired_changed(self) -> None:
        """Git moved."""
        self._desired = True
        self._some.set()

    async def wait(self) -> None:
        """Wait until something is marked."""
        await self._some.wait()

    def take(self) -> Marked:
        """Take every mark."""
        taken = Marked(frozenset(self._keys), frozenset(self._scopes), self._desired)
        self._keys, self._scopes, self._desired = set(), set(), False
        self._some.clear()
        return taken
