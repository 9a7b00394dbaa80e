"""A run as the terminal's loop sees it: nothing is lost, nothing is said to be done that is not known."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

from gko_tui.carrying import Carrying
from reconciler.model.acting import Carried
from reconciler.model.errors import UsageError
from reconciler.model.steps import Did, Outcome
from reconciler.model.verdicts import ExitCode
from tests.unit.commands_acting.plans import CREATES

FIRST, SECOND = CREATES.steps
DONE = Outcome(FIRST.id, Did.CREATED)


def begun() -> tuple[Carrying, Future[Carried]]:
    carrying, future = Carrying(CREATES, (), 0.0), Future[Carried]()
    carrying.follow(future)
    asyncio.run(carrying.tell(FIRST, DONE))
    return carrying, future


def test_outcomes_are_taken_over_as_they_come() -> None:
    carrying, _ = begun()
    assert carrying.look()
    assert (carrying.done, carrying.runs, carrying.outcomes) == (1, 2, {FIRST.id: DONE})
    assert not carrying.look(), "nothing new"


def test_its_end_brings_what_was_not_told() -> None:
    carrying, future = begun()
    second = Outcome(SECOND.id, Did.SKIPPED, "it was stopped before this step")
    future.set_result(Carried(CREATES, (DONE, second), stopped=True))
    assert carrying.look()
    assert carrying.ended
    assert carrying.all_outcomes == (DONE, second)
    assert carrying.exit_code is ExitCode.ERROR


def test_what_was_let_go_of_in_the_middle_is_open() -> None:
    carrying, future = begun()
    carrying.end_at_once()
    assert future.cancelled()
    assert carrying.is_stopping()
    carrying.look()
    assert [outcome.did for outcome in carrying.all_outcomes] == [Did.CREATED, Did.UNKNOWN]
    assert carrying.exit_code is ExitCode.ERROR


def test_what_could_not_be_begun_has_no_outcome() -> None:
    carrying, future = Carrying(CREATES, (), 0.0), Future[Carried]()
    carrying.follow(future)
    future.set_exception(UsageError("is for dr-eu, which is not configured", subject="p-1"))
    carrying.look()
    assert carrying.all_outcomes == ()
    assert carrying.problem == "p-1: is for dr-eu, which is not configured"


def test_a_fault_of_ours_is_named() -> None:
    carrying, future = begun()
    future.set_exception(KeyError("spec"))
    carrying.look()
    assert carrying.problem == "KeyError: 'spec'"
