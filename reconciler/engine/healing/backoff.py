"""When to try again after a failure, and when not to before something has changed (ENGINE §7).

Full jitter: the wait is drawn between nothing and the ceiling, so that what failed together is not tried
again together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)
FIRST_S = 0.5
MOST_S = 300.0


def ceiling(failures: int) -> float:
    """The longest wait, in seconds, after so many failures in a row."""
    doublings = min(max(failures - 1, 0), 20)
    return float(min(MOST_S, FIRST_S * 2**doublings))


@dataclass(frozen=True, slots=True)
class Standing:
    """How an item stands after failures: `parked` says why nothing is tried until `inputs` change."""

    inputs: Hashable
    failures: int = 0
    at: float = 0.0
    parked: str = ""


class Backoffs(Generic[Item]):
    """The failures of items, forgotten by success and by a new desired state.

    Args:
        random: a number from 0 up to 1.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._items: dict[Item, Standing] = {}

    def __len__(self) -> int:
        return len(self._items)

    def of(self, item: Item, inputs: Hashable) -> Standing:
        """How an item stands.

        Args:
            item: which.
            inputs: what it would be done from; failures with other inputs do not count.
        """
        standing = self._items.get(item)
        if standing is None or standing.inputs != inputs:
            self._items.pop(item, None)
            return Standing(inputs)
        return standing

    def failed(self, item: Item, inputs: Hashable, now: float) -> float:
        """Note a failure that may pass.

        Returns:
            when to try again, in seconds since the epoch.
        """
        failures = self.of(item, inputs).failures + 1
        at = now + self._random() * ceiling(failures)
        self._items[item] = Standing(inputs, failures, at)
        return at

    def park(self, item: Item, inputs: Hashable, why: str) -> None:
        """Note a refusal that stays until an input changes."""
        self._items[item] = Standing(inputs, self.of(item, inputs).failures + 1, parked=why)

    def succeeded(self, item: Item) -> None:
        """Forget its failures."""
        self._items.pop(item, None)
