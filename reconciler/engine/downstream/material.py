"""Secrets and ConfigMaps that resources take values from: asked for by name, kept in memory, read again.

The rules ask for them while a body is made and cannot wait; what is not there yet is noted as wanted, read,
and the resources that wanted it are judged again. Nothing of it is ever written anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from reconciler.engine.downstream.clients import is_absent
from reconciler.model.errors import GkoError
from reconciler.rules.apim.references import Unreadable

FRESH_S = 60.0
"""A Secret is read again after so long: GKO notices a new value when it next acts, and so do we."""
AT_ONCE = 8
NOT_YET = Unreadable("it has not been read yet")

Values = Mapping[str, str] | Unreadable | None


class Dependency(NamedTuple):
    """Something that a resource refers to; `kind` is Secret, ConfigMap or that of a custom resource."""

    cluster: str
    kind: str
    namespace: str
    name: str


@dataclass(slots=True)
class _Kept:
    values: Values = field(default=NOT_YET, repr=False)
    read_at: float = 0.0


class Reads(Protocol):
    """Where values are read from."""

    async def secret(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        """The data of a Secret; raises GkoError."""

    async def config_map(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        """The data of a ConfigMap; raises GkoError."""


class Material:
    """Values of Secrets and ConfigMaps.

    Args:
        reads: reads one of them.
        clock: seconds since the epoch.
    """

    def __init__(self, reads: Reads, clock: Callable[[], float]) -> None:
        self._reads = reads
        self._clock = clock
        self._kept: dict[Dependency, _Kept] = {}
        self.wanted: Callable[[], None] = lambda: None
        """Called (from any thread) when something was asked for that was never read."""

    def get(self, dependency: Dependency) -> Values:
        """What is known of it: its data, None where it does not exist, or why it cannot be read."""
        kept = self._kept.get(dependency)
        if kept is None:
            self._kept[dependency] = kept = _Kept()
            self.wanted()
        return kept.values

    async def read(self) -> set[Dependency]:
        """Read what is wanted or old; what came out differently than before."""
        now = self._clock()
        due = [name for name, kept in list(self._kept.items()) if now - kept.read_at >= FRESH_S]
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(dependency: Dependency) -> bool:
            async with slots:
                values = await self._read(dependency)
            kept = self._kept[dependency]
            moved = kept.values != values
            kept.values, kept.read_at = values, self._clock()
            return moved

        moved = await asyncio.gather(*map(one, due))
        return {name for name, changed in zip(due, moved, strict=True) if changed}

    def forget(self, used: set[Dependency]) -> None:
        """Keep only what some resource still refers to."""
        self._kept = {name: kept for name, kept in self._kept.items() if name in used}

    async def _read(self, dependency: Dependency) -> Values:
        reader: Callable[[str, str, str], Awaitable[Mapping[str, str]]] = (
            self._reads.secret if dependency.kind == "Secret" else self._reads.config_map
        )
        try:
            return await reader(dependency.cluster, dependency.namespace, dependency.name)
        except GkoError as error:
            return None if is_absent(error) else Unreadable(error.sentence())
