"""An event loop whose clock jumps: whoever sleeps ten minutes wakes at once, in the right order.

Only for tests without sockets: a loop that waits for the network must not let time pass.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from reconciler.control_plane.rim import Rim

Result = TypeVar("Result")
EPOCH = 1_795_000_000.0


class _Jumping(selectors.DefaultSelector):
    """A selector that, instead of waiting, moves the clock by as long as it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            ready = super().select(5.0)  # a thread may still have something to say
            assert ready, "everything waits for something that never comes"
        elif not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; `time()` begins with 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def clock() -> float:
    """Seconds since the epoch, in virtual time."""
    return EPOCH + asyncio.get_running_loop().time()


def rim(dice: float = 0.5) -> Rim:
    """Give clock, sleep and chance of the virtual loop."""
    return Rim(clock, asyncio.sleep, lambda: dice)


def virtually(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


async def until(holds: Callable[[], object], seconds: float = 3600.0, step: float = 0.01) -> None:
    """Let virtual time pass until something holds."""
    end = clock() + seconds
    while not holds():
        assert clock() < end, f"it did not come true within {seconds:g} s"
        await asyncio.sleep(step)
