"""Between the engine's thread and the terminal's loop: rows come over by deltas, answers by awaiting.

Nothing here waits for a network: `drain` takes what has been published, and `ask` gives an
awaitable. Whoever asks notes the epoch first and drops an answer that belongs to an older one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from gko_tui.view.store import ChangeSet, RowStore
from gko_tui.view.write_windows import WriteWindows
from reconciler.engine.fleet import Fleet
from reconciler.engine.thread import EngineThread
from reconciler.model.changes import HopDiff
from reconciler.model.errors import GkoError, UsageError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState, Problem
from reconciler.model.trace import Trace
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from gko_tui.carrying import Carrying
    from reconciler.engine.service import Engine
    from reconciler.model.acting import Carried, Orders, PlanRequest
    from reconciler.model.changes import KeyPath
    from reconciler.model.plan import Plan
    from reconciler.rules.adding_rules import RuleOffer
    from reconciler.settings.model import Platform
    from reconciler.settings.paths import StatePaths

T = TypeVar("T")

WAIT_S = 60.0
"""How long a place may take to show what was done before it counts as not seen."""
DRAIN_EVERY_S = 0.1
ANSWER_WITHIN_S = 15.0
PLAN_WITHIN_S = 600.0
"""A plan is tried at every cluster, and a slow one may take its time: who waits sees it, and may leave."""


class TerminalEngine(Protocol):
    """What the terminal needs of an engine."""

    async def run(self) -> None: ...
    async def refresh(self) -> None: ...
    async def diff(self, key: ResourceKey, hop: Place = Place.CLUSTER, *, gateway: str = "") -> HopDiff: ...
    async def trace(self, key: ResourceKey) -> Trace: ...
    async def offer_rules(self, key: ResourceKey, hop: Place, path: KeyPath) -> RuleOffer: ...
    async def ignore(self, rule: str) -> None: ...
    async def look_at(self, keys: Iterable[ResourceKey]) -> None: ...
    async def document(self, key: ResourceKey, place: Place) -> tuple[str, ...]: ...
    async def plan(self, request: PlanRequest) -> Plan: ...
    async def apply(self, plan: Plan, orders: Orders) -> Carried: ...
    async def aclose(self) -> None: ...


EngineFactory = Callable[[Fleet], TerminalEngine]


def live_engine(
    platform: Platform,
    paths: StatePaths,
    *,
    environ: Mapping[str, str],
    clock: Callable[[], float],
    debug: bool,
) -> EngineFactory:
    """Make the factory of the real engine; its slow imports happen on the engine's thread.

    Args:
        debug: write everything to the log file, not only warnings.
    """

    def make(fleet: Fleet) -> TerminalEngine:
        _log_to_file(paths, debug=debug)
        from reconciler.engine.service import Engine

        return Engine(platform, paths, environ=environ, clock=clock, fleet=fleet)

    return make


def _log_to_file(paths: StatePaths, *, debug: bool) -> None:
    """The screen belongs to the terminal: what the engine logs goes to a file of this user."""
    import logging

    from reconciler.headless.logs import log_json, open_log

    log_json(open_log(paths.state, "gko-tui.log"), level=logging.DEBUG if debug else logging.WARNING)


@dataclass(slots=True)
class PlaceBoard:
    """The newest state of every place and problem."""

    places: tuple[PlaceState, ...] = ()
    problems: tuple[Problem, ...] = ()
    clusters: dict[str, PlaceState] = field(default_factory=dict)
    control_planes: dict[str, PlaceState] = field(default_factory=dict)

    def read(self, fleet: Fleet) -> None:
        """Take over what the fleet says."""
        self.places = fleet.places()
        self.problems = fleet.problems()
        whole = [state for state in self.places if not state.kind]
        self.clusters = {state.name: state for state in whole if state.place is Place.CLUSTER}
        self.control_planes = {state.name: state for state in whole if state.place is Place.CONTROL_PLANE}


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain brought."""

    rows: ChangeSet
    places: bool


class Bridge:
    """The terminal's end of the engine.

    Args:
        factory: makes the engine, on its own thread.
        clock: seconds since the epoch.
        windows: the clusters that may be written to; none at first.
    """

    def __init__(
        self, factory: EngineFactory, clock: Callable[[], float], windows: WriteWindows | None = None
    ) -> None:
        self.fleet = Fleet()
        self.store = RowStore()
        self.board = PlaceBoard()
        self.clock = clock
        self.windows = windows if windows is not None else WriteWindows()
        self.epoch = 0
        """Grows when what is on show changes its subject; an answer to an older epoch is dropped."""
        self._thread = EngineThread(self.fleet, cast("Callable[[Fleet], Engine]", factory))
        self._started = False

    def start(self) -> None:
        """Start the engine (after the first paint: its imports would hold that up)."""
        self._started = True
        self._thread.start()

    def stop(self) -> None:
        """End the engine and wait a moment for it."""
        if self._started:
            self._thread.stop()

    @property
    def failure(self) -> str:
        """Why the engine ended, as a sentence; empty while it lives."""
        error = self._thread.failure if self._started else None
        if error is None or isinstance(error, asyncio.CancelledError):
            return ""
        return error.sentence() if isinstance(error, GkoError) else f"{type(error).__name__}: {error}"

    def drain(self) -> Drained | None:
        """Take over what the engine has published since the last time; None if nothing."""
        delta = self.fleet.drain()
        if not delta:
            return None
        if delta.places:
            self.board.read(self.fleet)
        return Drained(self.store.apply(delta.changed, delta.removed, self.fleet.row), delta.places)

    async def ask(
        self,
        question: Callable[[TerminalEngine], Coroutine[Any, Any, T]],
        *,
        within_s: float = ANSWER_WITHIN_S,
        again: str = "^r",
    ) -> T:
        """Await an answer of the engine's.

        Args:
            question: what it is asked.
            within_s: how long to wait, in seconds.
            again: the key that asks again.

        Raises:
            GkoError: the engine could not answer, or not in time.
        """
        future = self._call(question)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), within_s)
        except TimeoutError:
            raise GkoError(
                f"no answer within {within_s:.0f} s", next_step=f"press {again} to ask again"
            ) from None
        finally:
            with contextlib.suppress(Exception):
                future.cancel()

    def _call(self, question: Callable[[TerminalEngine], Coroutine[Any, Any, T]]) -> Future[T]:
        if self.failure:
            raise GkoError(f"the engine stopped: {self.failure}", next_step="start gko-tui again")
        return self._thread.call(cast("Callable[[Engine], Coroutine[Any, Any, T]]", question))

    def carry_out(self, plan: Plan, typed: tuple[str, ...], *, wait_s: float = WAIT_S) -> Carrying:
        """Begin to carry a plan out; it goes on until it ends or is told to stop, whatever is on the screen.

        Args:
            plan: what is to be done.
            typed: what a person typed for it.
            wait_s: how long a place may take to show what was done, in seconds.

        Raises:
            UsageError: it writes to a cluster that is read-only here.
            GkoError: the engine has stopped.
        """
        from gko_tui.carrying import Carrying
        from reconciler.model.acting import Orders

        now = self.clock()
        closed = self.windows.closed({step.key.cluster for step in plan.runnable if step.verb.writes}, now)
        if closed:
            raise UsageError(
                "is read-only", subject=", ".join(closed), next_step=f"type :write {' '.join(closed)} 15m"
            )
        carrying = Carrying(plan, typed, now)
        orders = Orders(typed=typed, told=carrying.tell, stopped=carrying.is_stopping, wait_s=wait_s)
        carrying.follow(self._call(lambda engine: engine.apply(plan, orders)))
        return carrying

    def tell(self, message: Callable[[TerminalEngine], Coroutine[Any, Any, None]]) -> None:
        """Let the engine know something, without waiting for it; what it cannot take in is lost."""
        if self._started:
            self._thread.call(cast("Callable[[Engine], Coroutine[Any, Any, None]]", message))

    def stale_for(self, name: str, now: float, *, place: Place = Place.CLUSTER) -> float | None:
        """Seconds for which a cluster, control plane or gateway has been silent; None while it is fresh."""
        return self.fleet.stale_for(name, now, place=place)
