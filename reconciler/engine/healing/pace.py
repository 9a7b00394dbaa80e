"""How fast one thing is healed again and again: at once, then 2 s × 3ⁿ apart, up to 5 min (ENGINE §7).

Without it two writers who disagree would write as fast as they can; with it the first one to notice has
time to say so.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place

FIRST_S = 2.0
TIMES = 3
MOST_S = 300.0
FORGOTTEN_S = 600.0
"""After so long without healing (or twice the last wait) the next one is a first one again."""
What = tuple[ResourceKey, Place]


def wait(healings: int) -> float:
    """Seconds between the last of so many healings and the next."""
    if healings <= 0:
        return 0.0
    return float(min(MOST_S, FIRST_S * TIMES ** min(healings - 1, 10)))


@dataclass(frozen=True, slots=True)
class _Healed:
    times: int
    at: float


class Pace:
    """When each resource was healed at each hop."""

    def __init__(self) -> None:
        self._healed: dict[What, _Healed] = {}

    def __len__(self) -> int:
        return len(self._healed)

    def healed(self, key: ResourceKey, hop: Place, now: float) -> None:
        """Note a healing."""
        self._forget_old(key, hop, now)
        before = self._healed.get((key, hop))
        self._healed[key, hop] = _Healed(before.times + 1 if before is not None else 1, now)

    def earliest(self, key: ResourceKey, hop: Place, now: float) -> float:
        """From when it may be healed again, in seconds since the epoch; 0 for at once."""
        self._forget_old(key, hop, now)
        before = self._healed.get((key, hop))
        return before.at + wait(before.times) if before is not None else 0.0

    def sweep(self, now: float) -> None:
        """Let go of everything that is long past."""
        for key, hop in list(self._healed):
            self._forget_old(key, hop, now)

    def _forget_old(self, key: ResourceKey, hop: Place, now: float) -> None:
        before = self._healed.get((key, hop))
        if before is not None and now - before.at > max(FORGOTTEN_S, 2 * wait(before.times)):
            del self._healed[key, hop]
