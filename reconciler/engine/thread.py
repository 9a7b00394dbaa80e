"""The engine on a thread of its own, so that no screen ever waits for a network, a disk or a parse."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from reconciler.engine.fleet import Fleet
    from reconciler.engine.service import Engine

T = TypeVar("T")


class EngineThread:
    """Runs one engine live, in the background.

    Args:
        fleet: where the engine publishes; readable at once, before the engine is imported.
        factory: makes the engine, called on the thread (so that slow imports happen there).
    """

    def __init__(self, fleet: Fleet, factory: Callable[[Fleet], Engine]) -> None:
        self.fleet = fleet
        self._factory = factory
        self._loop = asyncio.new_event_loop()
        self._ready: Future[Engine] = Future()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Start the thread; returns at once."""
        self._thread.start()

    @property
    def failure(self) -> BaseException | None:
        """Why the engine ended, if it did."""
        if self._ready.done() and self._ready.exception() is not None:
            return self._ready.exception()
        task = self._task
        return task.exception() if task is not None and task.done() and not task.cancelled() else None

    def call(self, ask: Callable[[Engine], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run a coroutine of the engine's on its thread; the future may be cancelled.

        Args:
            ask: gets the engine, returns the coroutine, e.g. `lambda engine: engine.diff(key)`.
        """

        async def answer() -> T:
            engine = await asyncio.wrap_future(self._ready)
            return await ask(engine)

        return asyncio.run_coroutine_threadsafe(answer(), self._loop)

    def stop(self, timeout_s: float = 3.0) -> None:
        """End the engine and wait for its thread, at most `timeout_s` seconds."""
        if not self._thread.is_alive():
            return

        def cancel() -> None:
            if self._task is not None:
                self._task.cancel()

        self._loop.call_soon_threadsafe(cancel)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._task = self._loop.create_task(self._live())
            self._loop.run_until_complete(asyncio.gather(self._task, return_exceptions=True))
            # Answers still asked for must end before the loop does, or their futures would hang.
            pending = asyncio.all_tasks(self._loop)
            for task in pending:
                task.cancel()
            if pending:
                self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            # A worker stuck in a fetch must not keep the program from ending: its thread is left behind.
            with contextlib.suppress(TimeoutError):
                self._loop.run_until_complete(asyncio.wait_for(self._loop.shutdown_default_executor(), 2.0))
        finally:
            self._loop.close()

    async def _live(self) -> None:
        try:
            engine = self._factory(self.fleet)
        except BaseException as error:
            self._ready.set_exception(error)
            raise
        self._ready.set_result(engine)
        try:
            await engine.run()
        finally:
            await engine.aclose()
