"""What is to be looked at, and when: each item once, the most urgent reason winning (ENGINE §7).

Nothing here waits or acts. Whoever asks gets what is due; what is in flight and added again runs once more.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class Priority(IntEnum):
    """Why something is looked at; the lower, the sooner among what is due."""

    PERSON = 0
    WATCH = 1
    POLL = 2
    FIRST_LIST = 3


@dataclass(frozen=True, slots=True)
class _Turn:
    """When an item is due (seconds since the epoch), and why."""

    at: float
    priority: Priority

    def merged(self, other: _Turn | None) -> _Turn:
        if other is None:
            return self
        return _Turn(min(self.at, other.at), min(self.priority, other.priority))


class Queue(Generic[Item]):
    """Items that wait, and items that somebody works on."""

    def __init__(self) -> None:
        self._waiting: dict[Item, _Turn] = {}
        self._in_flight: dict[Item, _Turn | None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, item: object) -> bool:
        return item in self._waiting or item in self._in_flight

    def __iter__(self) -> Iterator[Item]:
        return iter(tuple({**self._waiting, **self._in_flight}))

    def add(self, item: Item, at: float, priority: Priority) -> None:
        """Have an item looked at.

        Args:
            item: what; if it waits already, the earlier time and the higher priority hold.
            at: not before this instant, in seconds since the epoch.
            priority: why.
        """
        turn = _Turn(at, priority)
        if item in self._in_flight:
            self._in_flight[item] = turn.merged(self._in_flight[item])
        else:
            self._waiting[item] = turn.merged(self._waiting.get(item))

    def due(self, now: float) -> list[Item]:
        """What is due, the most urgent first; it stays in the queue until it is taken."""
        found = [(turn.priority, turn.at, item) for item, turn in self._waiting.items() if turn.at <= now]
        return [item for _, _, item in sorted(found, key=lambda one: one[:2])]

    def take(self, item: Item) -> Priority:
        """Begin with an item.

        Returns:
            why it was queued.

        Raises:
            KeyError: it does not wait.
        """
        turn = self._waiting.pop(item)
        self._in_flight[item] = None
        return turn.priority

    def done(self, item: Item) -> None:
        """End with an item; if it was added meanwhile it waits once more."""
        again = self._in_flight.pop(item, None)
        if again is not None:
            self._waiting[item] = again

    def drop(self, item: Item) -> None:
        """Forget an item; one in flight does not run once more."""
        self._waiting.pop(item, None)
        if item in self._in_flight:
            self._in_flight[item] = None

    def next_at(self) -> float | None:
        """When the next item is due, in seconds since the epoch; None where nothing waits."""
        return min((turn.at for turn in self._waiting.values()), default=None)
