"""Carrying out a plan: what goes on when something fails, what stops, and what is never tried twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from reconciler.engine.acting.runner import Carried, NotConfirmed, Result, Runner
from reconciler.model.errors import ClusterError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor, Inputs, Plan
from reconciler.model.steps import (
    Asks,
    Block,
    Confirmation,
    Did,
    Holds,
    Outcome,
    Precondition,
    Stage,
    Step,
    Verb,
    step_id,
)
from reconciler.model.verdicts import ExitCode

NOW = 1_760_000_000.0


def key(name: str) -> ResourceKey:
    return ResourceKey("eu", "ApiV4Definition", "pay", name)


def step(name: str, verb: Verb = Verb.CREATE, **fields: object) -> Step:
    return Step(step_id(Stage.CLUSTER, verb, key(name)), Stage.CLUSTER, verb, key(name), "because", **fields)  # type: ignore[arg-type]


def plan(*steps: Step) -> Plan:
    return Plan("sync", Actor.PERSON, Inputs(), steps)


class Hands:
    """Notes what it is asked to do; each step's outcome is given by name, Created by default."""

    def __init__(self, **did: Did) -> None:
        self.did = did
        self.asked: list[tuple[str, Precondition | None]] = []
        self.before: Callable[[str], Awaitable[None]] | None = None

    async def carry(self, step: Step, expected: Precondition | None) -> Carried:
        self.asked.append((step.key.name, expected))
        if self.before is not None:
            await self.before(step.key.name)
        did = self.did.get(step.key.name, Did.CREATED)
        return Carried(Outcome(step.id, did, at=NOW), Precondition(Holds.VERSION, uid="u", generation=7))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


async def run(hands: Hands, made: Plan, *typed: str) -> Result:
    return await Runner(made, {Stage.CLUSTER: hands.carry}, clock=lambda: NOW).run(typed)


def dids(result: Result) -> dict[str, Did]:
    return {
        step.key.name: outcome.did for step, outcome in zip(result.plan.steps, result.outcomes, strict=True)
    }


async def test_everything_is_carried_out_and_told_in_the_plans_order() -> None:
    hands = Hands(b=Did.CONFIGURED)
    result = await run(hands, plan(step("a"), step("b", Verb.UPDATE), step("c", level=1)))
    assert dids(result) == {"a": Did.CREATED, "b": Did.CONFIGURED, "c": Did.CREATED}
    assert result.exit_code is ExitCode.IN_SYNC


async def test_what_comes_after_a_failure_is_left_and_other_branches_go_on() -> None:
    first, other = step("first"), step("other")
    after = step("after", level=1, after=(first.id,))
    beside = step("beside", level=1, after=(other.id,))
    result = await run(Hands(first=Did.FAILED), plan(first, other, after, beside))
    assert dids(result) == {
        "first": Did.FAILED,
        "other": Did.CREATED,
        "after": Did.SKIPPED,
        "beside": Did.CREATED,
    }
    assert result.exit_code is ExitCode.ERROR


async def test_a_write_that_nobody_answered_is_not_repeated_and_holds_up_what_follows() -> None:
    first = step("first")
    hands = Hands(first=Did.UNKNOWN)
    result = await run(hands, plan(first, step("after", level=1, after=(first.id,))))
    assert hands.names == ["first"]
    assert dids(result)["after"] is Did.SKIPPED
    assert result.exit_code is ExitCode.CHANGES


async def test_an_error_that_is_raised_is_the_outcome_of_its_step_alone() -> None:
    async def carry(one: Step, expected: Precondition | None) -> Carried:
        if one.key.name == "bad":
            raise ClusterError("is away", subject="eu", next_step="wait for it")
        return Carried(Outcome(one.id, Did.CREATED))

    made = plan(step("bad"), step("good"))
    result = await Runner(made, {Stage.CLUSTER: carry}, clock=lambda: NOW).run()
    assert dids(result) == {"bad": Did.FAILED, "good": Did.CREATED}
    assert "is away" in result.outcomes[0].message


async def test_nothing_begins_without_the_confirmations_it_asks_for() -> None:
    asked = Confirmation(Asks.DESTRUCTIVE, "delete payments", "it cannot be undone")
    hands = Hands()
    made = plan(step("payments", Verb.DELETE, confirmations=(asked,)))
    with pytest.raises(NotConfirmed, match="delete payments"):
        await run(hands, made, "yes")
    assert hands.asked == []
    assert dids(await run(hands, made, "delete payments")) == {"payments": Did.CREATED}


async def test_a_blocked_step_says_why_and_the_rest_runs() -> None:
    blocked = step("held", blocked=(Block("frozen", "the window is closed", "wait until 08:00"),))
    result = await run(Hands(), plan(blocked, step("free")))
    assert dids(result) == {"held": Did.SKIPPED, "free": Did.CREATED}
    assert result.outcomes[0].message == "the window is closed"
    assert result.exit_code is ExitCode.BLOCKED


async def test_what_the_run_wrote_itself_counts_for_the_next_step_on_the_same_object() -> None:
    seen = Precondition(Holds.VERSION, uid="u", generation=3)
    first = step("a", Verb.UPDATE, preconditions=(seen,))
    second = step("a", Verb.REMOVE, level=1, after=(first.id,), preconditions=(seen,))
    hands = Hands(a=Did.CONFIGURED)
    await run(hands, plan(first, second))
    assert [expected.generation if expected else None for _, expected in hands.asked] == [3, 7]


async def test_a_run_that_is_stopped_finishes_what_it_began_and_begins_nothing_more() -> None:
    hands = Hands()
    made = plan(step("first"), step("second", level=1))
    runner = Runner(made, {Stage.CLUSTER: hands.carry}, clock=lambda: NOW)

    async def stop(name: str) -> None:
        runner.stop()

    hands.before = stop
    result = await runner.run()
    assert dids(result) == {"first": Did.CREATED, "second": Did.SKIPPED}
    assert result.stopped
    assert result.exit_code is ExitCode.ERROR


async def test_steps_of_one_level_run_side_by_side() -> None:
    both = asyncio.Barrier(2)
    hands = Hands()

    async def meet(name: str) -> None:
        async with asyncio.timeout(5):
            await both.wait()

    hands.before = meet
    result = await run(hands, plan(step("a"), step("b")))
    assert set(dids(result).values()) == {Did.CREATED}


async def test_each_step_is_told_as_it_begins_and_ends() -> None:
    told: list[str] = []
    runner = Runner(
        plan(step("a"), step("noop", Verb.NOOP, level=1)),
        {Stage.CLUSTER: Hands().carry},
        clock=lambda: NOW,
        begun=lambda one: told.append(f"begun {one.key.name}"),
        ended=lambda one, outcome: told.append(f"ended {one.key.name} {outcome.did.value}"),
    )
    await runner.run()
    assert told == ["begun a", "ended a created", "ended noop unchanged"]
