"""Finds out that somebody else writes a field back each time it is healed (ENGINE §7).

Three rewrites of one field by the same manager within ten minutes, and healing stops there: a person has to
say who may write. A rewrite counts once for each healing, however often it is looked at in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.model.changes import KeyPath, path_text
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place

REWRITES = 3
WITHIN_S = 600.0
MOST_FIELDS = 64
"""Fields that are watched of one resource at one hop: enough to find a fight, bounded in memory."""
Field = tuple[str, KeyPath]
"""A field manager (empty where the place does not name it) and a path."""


@dataclass(frozen=True, slots=True)
class Fight:
    """A field that two write: how often the other one did within ten minutes."""

    manager: str
    path: KeyPath
    rewrites: int

    def sentence(self, place: Place) -> str:
        """What stands at the row, and in the event."""
        who = self.manager or f"somebody who writes at the {place.value}"
        return (
            f"{who} wrote {path_text(self.path) or 'it'} back {self.rewrites} times within ten minutes; "
            f"healing stopped: let one of the two be the only writer"
        )


@dataclass(slots=True)
class _Watched:
    rewrites: dict[Field, list[float]] = field(default_factory=dict)
    counted: set[Field] = field(default_factory=set)
    """Fields whose rewriting was counted and that have not been healed since."""


class Fights:
    """The rewrites of each resource at each hop."""

    def __init__(self) -> None:
        self._watched: dict[tuple[ResourceKey, Place], _Watched] = {}

    def __len__(self) -> int:
        return len(self._watched)

    def watches(self, key: ResourceKey, hop: Place) -> bool:
        """Whether others wrote there within the last ten minutes, as far as it was swept."""
        return (key, hop) in self._watched

    def noticed(self, key: ResourceKey, hop: Place, fields: Iterable[Field], now: float) -> Fight | None:
        """Note which fields others have written since the last healing.

        Args:
            key, hop: where.
            fields: the fields that differ, with who wrote them.
            now: seconds since the epoch.

        Returns:
            the worst fight, or None while there is none.
        """
        self._drop_old(key, hop, now)
        watched = self._watched.setdefault((key, hop), _Watched())
        worst: Fight | None = None
        for one in fields:
            if one not in watched.rewrites and len(watched.rewrites) >= MOST_FIELDS:
                continue
            times = watched.rewrites.setdefault(one, [])
            if one not in watched.counted:
                watched.counted.add(one)
                times.append(now)
            if len(times) >= REWRITES and (worst is None or len(times) > worst.rewrites):
                worst = Fight(one[0], one[1], len(times))
        return worst

    def healed(self, key: ResourceKey, hop: Place) -> None:
        """It was put right: what differs from now on was written anew."""
        watched = self._watched.get((key, hop))
        if watched is not None:
            watched.counted.clear()

    def forget(self, key: ResourceKey, hop: Place) -> None:
        """A new desired state, or a person's word: it begins anew."""
        self._watched.pop((key, hop), None)

    def sweep(self, now: float) -> None:
        """Let go of everything that is long past."""
        for key, hop in list(self._watched):
            self._drop_old(key, hop, now)

    def _drop_old(self, key: ResourceKey, hop: Place, now: float) -> None:
        watched = self._watched.get((key, hop))
        if watched is None:
            return
        for one, times in list(watched.rewrites.items()):
            kept = [at for at in times if now - at < WITHIN_S]
            if kept:
                watched.rewrites[one] = kept
            else:
                del watched.rewrites[one]
                watched.counted.discard(one)
        if not watched.rewrites:
            del self._watched[key, hop]
