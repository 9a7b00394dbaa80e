"""From a plan to what came of it: shows it, gets a person's word for it, carries it out, says what was done.

The one way for `sync`, `apply`, `reconcile` and `delete`. Nothing is written before the word is given.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from gko_tui.commands.acting_person import AtTerminal, Person, Word, word_for
from gko_tui.commands.acting_report import Report
from gko_tui.commands.invocation import Invocation
from gko_tui.commands.planning import Acting
from gko_tui.output.plan_progress import PlanProgress
from reconciler.model.acting import Carried, Orders
from reconciler.model.plan import Plan
from reconciler.model.verdicts import Place


@dataclass(slots=True)
class Stop:
    """Whether somebody wants it to stop: between steps at first, at once the second time."""

    asked: int = 0
    between: Callable[[], object] = lambda: None
    at_once: Callable[[], object] = lambda: None

    def __call__(self) -> None:
        """Ctrl-C was pressed."""
        self.asked += 1
        (self.between if self.asked == 1 else self.at_once)()


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Let signals stop a plan between steps instead of ending the program in the middle of one."""
    loop, before = asyncio.get_running_loop(), {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread
            handler = signal.getsignal(number)
            loop.add_signal_handler(number, stop)
            before[number] = handler
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


async def act(
    invocation: Invocation,
    acting: Acting,
    plan: Plan,
    *,
    hops: frozenset[Place],
    agreed: bool,
    person: Person | None = None,
    stop: Stop | None = None,
) -> int:
    """Show a plan, get the word for it, carry it out, say what came of it.

    Args:
        invocation: `confirm`, `within` and `output` of its command line.
        acting: the engine.
        plan: what is to be done.
        hops: the hops that it is about.
        agreed: whether the plain question is answered already.
        person: who may be asked; the one at the terminal by default.
        stop: what Ctrl-C is told to.

    Returns:
        the exit code: 0 done and seen, 1 failed or stopped, 2 not seen yet, 4 blocked or not confirmed, 130
        ended at once.

    Raises:
        UsageError: the plan is for places that are not configured.
        GkoError: it cannot be begun.
    """
    report = Report(invocation, acting, plan)
    person = person if person is not None else AtTerminal(invocation.console)
    report.show(asks=person.is_there)
    phrases = tuple(invocation.arguments.confirm or ())
    report.needless(phrases)
    if not plan.runnable:
        return report.nothing_to_do(hops)
    try:
        word = word_for(plan, person, agreed=agreed, phrases=phrases, console=invocation.console)
    except KeyboardInterrupt:
        invocation.console.warn("\nnothing was written")
        raise
    if word.refusal:
        return report.refused(word)
    with PlanProgress(plan, invocation.console, lines=report.for_people) as progress:
        carried = await _carried_out(invocation, acting, plan, word, progress, stop or Stop())
    if carried is None:
        return report.ended_at_once(progress.outcomes)
    return report.done(carried)


async def _carried_out(
    invocation: Invocation, acting: Acting, plan: Plan, word: Word, progress: PlanProgress, stop: Stop
) -> Carried | None:
    """What came of a plan; None where it was ended at once."""
    orders = Orders(
        typed=word.typed,
        told=progress.told,
        stopped=lambda: stop.asked > 0,
        wait_s=invocation.arguments.within,
    )
    task = asyncio.ensure_future(acting.engine.apply(plan, orders))
    stop.between, stop.at_once = progress.stopping, task.cancel
    with stopped_by_signals(stop):
        try:
            return await task
        except asyncio.CancelledError:
            if stop.asked < 2:
                raise
            return None
        finally:
            task.cancel()
