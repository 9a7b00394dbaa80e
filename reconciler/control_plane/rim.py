"""Time and chance as this room needs them, so that tests can simulate both."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

FIRST_S = 0.5
LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Rim:
    """The effects that are not the network.

    `clock` gives seconds since the epoch, `sleep` waits for seconds, `random` gives a number in [0, 1).
    """

    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random


class Backoff:
    """Waiting times that double from 0.5 s to 5 min, with full jitter (ENGINE §7)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self.failures = 0

    def next(self) -> float:
        """Return the seconds to wait after one more failure."""
        longest = min(LONGEST_S, FIRST_S * 2.0 ** min(self.failures, 16))
        self.failures += 1
        return longest * self._random()

    def reset(self) -> None:
        """Begin anew: it went well."""
        self.failures = 0
