"""One line that says where a plan is on its way, and what to press."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gko_tui.output.plan_words import STOPPING, repr_of
from gko_tui.view.arming import Arming
from gko_tui.view.lines import Line, safe
from gko_tui.view.words import Marks, age, counted


class Phase(Enum):
    """Where a plan is on its way; the value is the word for it."""

    MAKING = "making"
    NONE = "no plan"
    READ = "plan"
    STALE = "outdated"
    ASKING = "asking"
    ARMED = "ARMED"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


NO_ARMING = {
    Phase.MAKING: "the plan is still being made",
    Phase.NONE: "there is no plan: R tries again",
    Phase.STALE: "something changed since this plan was made: R makes a new one",
    Phase.ARMED: "it is armed: Enter carries it out, Esc disarms",
    Phase.RUNNING: "it is being carried out",
    Phase.STOPPING: "it is stopping",
    Phase.ENDED: "it has been carried out: R makes a new plan",
}
"""Why a plan cannot be armed where it is."""


@dataclass(frozen=True, slots=True)
class Run:
    """How far a run is: `done` of `runs` steps, some failed; `next` is what is under way or comes next."""

    done: int
    runs: int
    failed: int
    since_s: float
    next: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the line says.

    Args:
        phase: where the plan is.
        waited_s: how long the plan has been in the making, in seconds.
        arming: a person's word so far.
        closed: clusters that it would write to and that are read-only.
        locked: whether this run of the terminal may never write.
        run: how far it is, once it runs.
        said: what came of it.
    """

    phase: Phase
    waited_s: int = 0
    arming: Arming | None = None
    closed: tuple[str, ...] = ()
    locked: bool = False
    run: Run | None = None
    said: str = ""


def status_line(status: Status, marks: Marks) -> Line:
    """The line, most important first: on a narrow terminal its end gives way."""
    if status.phase in (Phase.MAKING, Phase.NONE, Phase.STALE, Phase.ENDED):
        return _without_choice(status, marks)
    if status.run is not None:
        return _running(status.run, marks, stopping=status.phase is Phase.STOPPING)
    assert status.arming is not None, "a plan that is there can be armed"
    if status.phase is Phase.ASKING:
        return _question(status.arming)
    if status.phase is Phase.ARMED:
        said = f" ARMED: {marks.enter} carries out {_steps(status.arming)} "
        return ((said, "state-error bold reverse"), ("   Esc disarms", "key"))
    return _read(status)


def _without_choice(status: Status, marks: Marks) -> Line:
    """Where nothing can be armed."""
    if status.phase is Phase.MAKING:
        waited = f" {status.waited_s} s" if status.waited_s else ""
        return ((f" making the plan{marks.cut}{waited}", "title bold"), ("   Esc gives up", "quiet"))
    if status.phase is Phase.NONE:
        return ((" there is no plan", "state-error bold"), ("   R tries again", "quiet"))
    if status.phase is Phase.STALE:
        return (
            (" something changed since this plan was made", "state-drift bold"),
            ("   R makes a new one", "key"),
        )
    return ((f" {status.said}", "title bold"), ("   R makes a new plan", "quiet"))


def _read(status: Status) -> Line:
    arming = status.arming
    assert arming is not None
    if not arming.plan.runnable:
        return ((" nothing to carry out", "title"), ("   R makes a new plan", "quiet"))
    if status.closed and status.locked:
        return ((" read-only (--read-only): this plan can be read, not carried out", "title"),)
    if status.closed:
        named = safe(", ".join(status.closed))
        return ((f" read-only: {named}", "title bold"), ("   y opens a write window", "key"))
    if arming.question is not None:
        phrases = counted(arming.count, "phrase")
        return (
            (f" {counted(len(arming.plan.runnable), 'step')}", "title bold"),
            (f"   y asks for {phrases}", "key"),
        )
    return ((f" {_steps(arming)}", "title bold"), ("   y arms", "key"))


def _steps(arming: Arming) -> str:
    left, running = arming.left_out(), arming.running()
    said = counted(len(running), "step")
    if running and not any(step.verb.writes for step in running):
        said += ", and none of them writes"
    return f"{said}; {left} left out, not confirmed" if left else said


def _question(arming: Arming) -> Line:
    question = arming.question
    assert question is not None
    phrase, whys = question
    number = f"{arming.number}/{arming.count} " if arming.count > 1 else ""
    said = safe("; ".join(whys))
    return (
        (f" {number}type ", "title"),
        (repr_of(phrase), "state-error bold"),
        (", or nothing to leave it out", "title"),
        (f"   {said}", "quiet"),
    )


def _running(run: Run, marks: Marks, *, stopping: bool) -> Line:
    failed = f", {run.failed} failed" if run.failed else ""
    word = "stopping" if stopping else "running"
    head = f" {word} {run.done}/{run.runs}{failed}  {age(run.since_s)}"
    if stopping:
        return ((head, "state-drift bold"), (f"   {STOPPING}", "quiet"))
    return ((head, "title bold"), (f"   {run.next}{marks.cut}" if run.next else "", "quiet"))
