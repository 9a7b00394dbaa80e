"""A clock that only the test moves: 70 seconds of silence take no time."""

from __future__ import annotations

import asyncio
import heapq
import itertools

PATIENCE_S = 10.0


class SimulatedTime:
    """Stands for `clock`, `sleep` and `random` of what is tested."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now
        self.dice = 0.5
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._news = asyncio.Condition()

    def clock(self) -> float:
        return self.now

    def random(self) -> float:
        return self.dice

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._number), future))
        async with self._news:
            self._news.notify_all()
        await future

    def sleeping(self) -> list[float]:
        """How much longer each sleeper sleeps (seconds), the shortest first."""
        return sorted(at - self.now for at, _, future in self._sleepers if not future.done())

    async def until_sleeping(self, seconds: float, times: int = 1) -> None:
        """Wait until so many sleep for (about) this long."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(
                lambda: sum(abs(left - seconds) < 0.01 for left in self.sleeping()) >= times
            )

    async def advance(self, seconds: float) -> None:
        """Let time pass; who wakes up on the way runs before it goes on."""
        end = self.now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, future = heapq.heappop(self._sleepers)
            self.now = max(self.now, at)
            if not future.done():
                future.set_result(None)
                for _ in range(20):  # turns of the event loop, not time
                    await asyncio.sleep(0)
        self.now = end
