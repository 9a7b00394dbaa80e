"""Ctrl-C: the first stops between steps and says what was done and what not, the second ends at once."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from dataclasses import replace
from typing import Any

import pytest

from gko_tui.commands.acting import Stop, act, stopped_by_signals
from reconciler.model.acting import BOTH_HOPS
from reconciler.model.steps import Step
from tests.unit.cli.schemas import validate
from tests.unit.commands_acting.plans import NAMES, NOBODY, MemoryEngine, Run, plan_of, step

SIX = plan_of(*(step(name, level=at) for at, name in enumerate(NAMES)))


async def stopped(line: str, *presses: tuple[str, int], hangs: str = "") -> tuple[int, Run]:
    """Press Ctrl-C so many times before the steps of these names."""
    engine, stop = MemoryEngine(SIX), Stop()
    when = dict(presses)

    def press(one: Step) -> None:
        for _ in range(when.pop(one.key.name, 0)):
            stop()

    engine.before_step = press
    engine.hangs_at = next((one.id for one in SIX.steps if one.key.name == hangs), "")
    run = Run(line, engine)
    code = await act(run.invocation, run.acting, SIX, hops=BOTH_HOPS, agreed=True, person=NOBODY, stop=stop)
    return code, run


async def test_the_first_stops_between_steps_and_says_what_was_done_and_what_not() -> None:
    code, run = await stopped("sync --yes", ("catalog", 1))
    assert code == 1
    assert "stopping: steps that were begun are finished, no other is begun; Ctrl-C again" in run.said
    assert "not done: 4 steps\n  create  prod-eu:ApiV4Definition/pay/catalog\n" in run.written
    assert run.written.endswith("stopped: 2 created, 4 skipped\n")


async def test_the_document_of_a_stopped_plan_says_so() -> None:
    code, run = await stopped("sync --yes -o json", ("catalog", 1))
    validate(run.document)
    assert (code, run.document["exitCode"], run.document["stopped"]) == (1, 1, True)
    assert run.document["summary"] | {"created": 2, "skipped": 4} == run.document["summary"]


async def test_the_second_ends_at_once_even_where_a_step_hangs() -> None:
    async with asyncio.timeout(5):
        code, run = await stopped("sync --yes", ("catalog", 2), hangs="catalog")
    assert code == 130
    assert "perhaps done, look before you write again: 4 steps\n" in run.written
    assert "ended at once: 2 created, 4 unknown\n" in run.written


async def test_what_was_ended_at_once_is_a_document_too() -> None:
    async with asyncio.timeout(5):
        code, run = await stopped("sync --yes -o json", ("catalog", 2), hangs="catalog")
    validate(run.document)
    assert (code, run.document["exitCode"], run.document["stopped"]) == (130, 130, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_signals_of_the_process_are_heard_and_given_back(number: signal.Signals) -> None:
    heard = asyncio.Event()
    before = signal.getsignal(number)
    with stopped_by_signals(Stop(between=heard.set)):
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await heard.wait()
    assert signal.getsignal(number) == before


async def test_an_engine_that_is_cancelled_from_outside_is_not_taken_for_a_second_ctrl_c() -> None:
    engine = MemoryEngine(SIX)
    engine.hangs_at = SIX.steps[0].id
    run = Run("sync --yes", engine)
    task: asyncio.Task[Any] = asyncio.create_task(
        act(run.invocation, run.acting, SIX, hops=BOTH_HOPS, agreed=True, person=NOBODY)
    )
    while not engine.applied:  # noqa: ASYNC110 - one turn of the loop
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_reader_who_goes_away_keeps_no_plan_from_being_carried_out() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            if run.engine.applied:
                raise BrokenPipeError
            return super().write(text)

    run = Run("sync --yes", MemoryEngine(SIX))
    console = replace(run.invocation.console, out=Gone())
    invocation = replace(run.invocation, console=console)
    told: list[str] = []
    run.engine.before_step = lambda one: told.append(one.key.name)
    with pytest.raises(BrokenPipeError):
        await act(invocation, run.acting, SIX, hops=BOTH_HOPS, agreed=True, person=NOBODY)
    assert told == list(NAMES)
