"""Reading the platform once for a command that answers and ends."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.selection import Selection
from gko_tui.output.progress import Progress
from reconciler.model.errors import UsageError
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.engine.fleet import Fleet
    from reconciler.engine.scope import Scope
    from reconciler.engine.service import Engine
    from reconciler.engine.sides import Side
    from reconciler.model.changes import HopDiff
    from reconciler.model.keys import ResourceKey
    from reconciler.model.trace import Trace
    from reconciler.rules.explaining import Explanation
    from reconciler.settings.model import Platform
    from reconciler.settings.paths import StatePaths

SWITCH_S = 0.0005
"""How long a busy thread may keep another one waiting while places are read."""


class ReadEngine(Protocol):
    """What these commands need of an engine."""

    @property
    def fleet(self) -> Fleet: ...

    async def diff(self, key: ResourceKey, hop: Place = Place.CLUSTER, *, gateway: str = "") -> HopDiff: ...

    async def compare(self, key: ResourceKey, left: Side, right: Side) -> HopDiff: ...

    async def explain(self, key: ResourceKey, path: str | None = None) -> Explanation | None: ...

    async def trace(self, key: ResourceKey) -> Trace: ...

    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """An engine that has read everything that was asked for, and what that was."""

    engine: ReadEngine
    selection: Selection


@asynccontextmanager
async def read_platform(invocation: Invocation) -> AsyncIterator[Reading]:
    """Read every place that the command line asks for, with progress on a terminal's standard error.

    Raises:
        UsageError: a selector is not of its form.
        NothingSelected: no cluster has the name that was given.
        ConfigurationError: the configuration cannot be used.
    """
    selection = Selection.parse(invocation.arguments)
    with Progress(invocation.console) as progress, _undisturbed():
        progress("starting")
        whole = invocation.platform()
        platform = impatient(selection.narrow(whole), invocation.arguments.timeout)
        engine = await _observed(
            invocation, platform, invocation.paths(), progress, scope(invocation, selection, whole)
        )
    try:
        yield Reading(engine, selection)
    finally:
        gc.unfreeze()
        await engine.aclose()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let the interpreter get on with a large reading.

    Thousands of documents are about to stay, not to become garbage: looking through them takes 8 % of the
    time, and once more when the process ends. Clusters answer while documents are parsed on another thread;
    by default each of their answers would wait 5 ms for its turn.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        sys.setswitchinterval(before)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


def scope(invocation: Invocation, selection: Selection, whole: Platform) -> Scope:
    """How much of the platform must be read for what was asked for.

    Args:
        invocation: its `--hop`, if it has one.
        selection: the resources.
        whole: the platform before it was narrowed.
    """
    from reconciler.engine.scope import EVERYTHING, Scope

    asked = getattr(invocation.arguments, "hop", None)
    hops = {asked} if isinstance(asked, str) else {*(asked or ())}
    near = {Place.GIT.value, Place.CLUSTER.value}
    read = {cluster.name for cluster in selection.narrow(whole).clusters}
    return Scope(
        hops=frozenset(Place(hop) for hop in near) if hops and hops <= near else EVERYTHING.hops,
        wants=selection.wants if selection.names_keys else EVERYTHING.wants,
        left_out=tuple(cluster.name for cluster in whole.clusters if cluster.name not in read),
    )


async def _observed(
    invocation: Invocation, platform: Platform, paths: StatePaths, progress: Progress, asked: Scope
) -> Engine:
    from reconciler.engine.service import Engine

    engine = Engine(platform, paths, environ=invocation.environ, clock=invocation.clock, scope=asked)
    try:
        await engine.observe_once(progress=progress)
    except BaseException:
        await engine.aclose()
        raise
    return engine


def impatient(platform: Platform, timeout_s: float | None) -> Platform:
    """The platform whose places have `timeout_s` to answer each request, whatever is configured.

    Control planes that are found through a cluster keep their usual time.

    Raises:
        UsageError: that is no time to wait.
    """
    if timeout_s is None:
        return platform
    if not timeout_s > 0:
        raise UsageError("is not a number of seconds above 0", subject=f"--timeout {timeout_s:g}")
    patience = {"request_timeout_s": timeout_s}
    return platform.model_copy(
        update={
            "clusters": tuple(cluster.model_copy(update=patience) for cluster in platform.clusters),
            "control_planes": tuple(plane.model_copy(update=patience) for plane in platform.control_planes),
            "gateways": tuple(gateway.model_copy(update=patience) for gateway in platform.gateways),
        }
    )
