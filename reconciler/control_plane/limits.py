"""How fast we ask: a rate that a control plane can bear, and a budget for what nobody waits for.

ENGINE §7: 20 requests a second, doubling per clean second up to 100, halved on 429 and 503, Retry-After
obeyed; and no more than 4 a second on average.
"""

from __future__ import annotations

from reconciler.control_plane.rim import Rim

FIRST_RATE = 20.0
HIGHEST_RATE = 100.0
LOWEST_RATE = 1.0
LONGEST_RETRY_AFTER_S = 3600.0
BUDGET_RATE = 4.0
BUDGET_BURST = 8.0
BUDGET_DEBT = 60.0


class RateLimiter:
    """Spaces the requests to one control plane, however many workers send them."""

    def __init__(self, rim: Rim) -> None:
        self._rim = rim
        self.rate = FIRST_RATE
        self.blocked_until = 0.0
        """Until when the server asked us to wait (seconds since the epoch)."""
        self._next = 0.0
        self._clean_since = 0.0
        self._halved_at = float("-inf")

    async def turn(self) -> float:
        """Wait for one's turn; returns when it came, to be given to `went_well` or `throttled`."""
        clock = self._rim.clock
        while True:
            now = clock()
            at = max(now, self._next, self.blocked_until)
            self._next = at + 1.0 / self.rate
            if at > now:
                await self._rim.sleep(at - now)
                if clock() < self.blocked_until:
                    continue  # the server asked to wait meanwhile
            return clock()

    def went_well(self) -> None:
        """A request was answered in good order: after a clean second the rate doubles."""
        now = self._rim.clock()
        if not self._clean_since:
            self._clean_since = now
        elif now - self._clean_since >= 1.0 and self.rate < HIGHEST_RATE:
            self.rate = min(HIGHEST_RATE, self.rate * 2)
            self._clean_since = now

    def throttled(self, started: float, retry_after: float | None) -> None:
        """The server said 429 or 503.

        Args:
            started: when the request's turn came: of those that were on their way together, one counts.
            retry_after: the seconds that it asks to wait, or None.
        """
        now = self._rim.clock()
        if started >= self._halved_at:
            self.rate = max(LOWEST_RATE, self.rate / 2)
            self._halved_at = now
        self._clean_since = now
        if retry_after is not None:
            wait = min(max(0.0, retry_after), LONGEST_RETRY_AFTER_S)
            self.blocked_until = max(self.blocked_until, now + wait)


class Budget:
    """Counts every request; what nobody waits for is done only while the average allows it.

    Args:
        now: seconds since the epoch.
        rate: requests a second.
    """

    def __init__(self, now: float, rate: float = BUDGET_RATE) -> None:
        self.rate = rate
        self._tokens = BUDGET_BURST
        self._at = now

    def spend(self, now: float, requests: float = 1.0) -> None:
        """Count requests, also those that are over the budget; a debt is paid off before others go on."""
        self._earn(now)
        self._tokens = max(-BUDGET_DEBT, self._tokens - requests)

    def wait(self, now: float, requests: float = 1.0) -> float:
        """Seconds until so many requests are within the budget; 0 for now."""
        self._earn(now)
        return max(0.0, (requests - self._tokens) / self.rate)

    def _earn(self, now: float) -> None:
        self._tokens = min(BUDGET_BURST, self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = max(self._at, now)
