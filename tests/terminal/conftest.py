"""The terminal over a replay, frozen: clock, time zone, cursor, colours and animations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from textual.worker import WorkerCancelled

from gko_tui.app import GkoApp
from gko_tui.bridge import Bridge
from tests.terminal.grid import grid
from tests.terminal.replay import NOW, Replay, paths, platform


@pytest.fixture(autouse=True)
def _frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()


@dataclass
class Opened:
    """An open terminal."""

    app: GkoApp
    pilot: Pilot[int]
    replay: Replay

    @property
    def text(self) -> str:
        """What is on the screen, without styles."""
        return grid(self.app, styles=False)

    @property
    def grid(self) -> str:
        """What is on the screen, with the styles below."""
        return grid(self.app)

    def line_with(self, text: str) -> str:
        """The first line that holds a text."""
        for line in self.text.splitlines():
            if text in line:
                return line
        raise AssertionError(f"no line holds {text!r}:\n{self.text}")

    @property
    def names(self) -> list[str]:
        """The rows of the table, by name."""
        return [key.name for key in self.app.table_screen.listing.order]

    @property
    def said(self) -> list[str]:
        """What has been said in toasts."""
        return [note.message for note in self.app._notifications]

    async def press(self, *keys: str) -> None:
        """Press keys and let everything settle that they started."""
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Type a text into the prompt, all at once."""
        focused = self.app.focused
        assert isinstance(focused, Input)
        focused.insert_text_at_cursor(text)
        await self.settle()

    async def command(self, text: str) -> None:
        """Do a line of the `:` bar, as if it had been typed."""
        self.app.run_command(text)
        await self.settle()

    async def settle(self) -> None:
        """Wait for workers, then for the screen."""
        await self._workers()
        self.app.drain()
        await self._workers()

    async def _workers(self) -> None:
        with suppress(WorkerCancelled):  # a newer question took its place
            # One that waits for a person's choice ends only after the test has pressed on.
            waiting = [worker for worker in self.app.workers if worker.group != "choosing"]
            if waiting:
                await self.app.workers.wait_for_complete(waiting)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], bool], what: str = "what the test waits for") -> None:
        """Wait until something holds, at most half a minute."""
        end = asyncio.get_running_loop().time() + 30
        while not holds():
            assert asyncio.get_running_loop().time() < end, f"{what} did not happen:\n{self.text}"
            await self.pilot.pause(0.02)

    async def shows(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await self.until(lambda: text in self.text, f"{text!r}")


class Opener(Protocol):
    """Opens a terminal."""

    def __call__(
        self,
        replay: Replay | None = None,
        *,
        size: tuple[int, int] = (80, 24),
        environ: dict[str, str] | None = None,
        **options: Any,
    ) -> AbstractAsyncContextManager[Opened]: ...


@pytest.fixture
def open_terminal(tmp_path: Path) -> Opener:
    """Open the terminal on a replay: `async with open_terminal() as terminal: ...`."""

    @asynccontextmanager
    async def opened(
        replay: Replay | None = None,
        *,
        size: tuple[int, int] = (80, 24),
        environ: dict[str, str] | None = None,
        clock: Callable[[], float] = lambda: NOW,
        **options: Any,
    ) -> AsyncIterator[Opened]:
        replay = replay if replay is not None else Replay()
        bridge = Bridge(replay, clock)
        app = GkoApp(
            platform(),
            paths(tmp_path / "state"),
            bridge,
            environ=environ if environ is not None else {"LANG": "C.UTF-8"},
            clock=clock,
            reduced_motion=True,
            **options,
        )
        try:
            async with app.run_test(size=size) as pilot:
                terminal = Opened(app, pilot, replay)
                if replay.fails_with is None:
                    rows = len(replay.rows)
                    await terminal.until(lambda: len(bridge.store.rows) == rows, "the first rows")
                    await terminal.settle()
                yield terminal
        finally:
            bridge.stop()

    return opened
