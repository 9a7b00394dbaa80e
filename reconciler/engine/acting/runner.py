"""Carries out a plan, level by level: what fails stops what comes after it, and nothing else.

It knows no place: for each stage it is given somebody who carries out a step. A step is never tried twice.
What was sent and not answered counts as unknown, and what comes after it does not run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.steps import Did, Holds, Outcome, Precondition, Stage, Step, Verb
from reconciler.model.verdicts import ExitCode

AT_ONCE = 8
"""Steps of one level that are carried out at the same time."""

_WENT_WELL = frozenset({Did.CREATED, Did.CONFIGURED, Did.UNCHANGED, Did.DELETED})


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of a step, and the version in which it left its object (None: there is none)."""

    outcome: Outcome
    seen: Precondition | None = None


Carry = Callable[[Step, Precondition | None], Awaitable[Carried]]
"""Carries out one step; given the version that its object must have, None where there must be none."""


class NotConfirmed(GkoError):
    """A plan asks for confirmations that were not given; nothing was done."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a plan: one outcome for each of its steps, in the plan's order."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    stopped: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """0 done, 2 done and not seen everywhere yet, 4 blocked, 1 something failed (ENGINE §5)."""
        done = {outcome.did for outcome in self.outcomes}
        if Did.FAILED in done or self.stopped:
            return ExitCode.ERROR
        if self.plan.blocked:
            return ExitCode.BLOCKED
        return ExitCode.CHANGES if Did.UNKNOWN in done else ExitCode.IN_SYNC


class Runner:
    """Carries out one plan.

    Args:
        plan: what to do.
        carry: who carries out the steps of each stage.
        clock: seconds since the epoch.
        begun, ended: told each step as it begins, and with what came of it; on the event loop.
    """

    def __init__(
        self,
        plan: Plan,
        carry: Mapping[Stage, Carry],
        *,
        clock: Callable[[], float],
        begun: Callable[[Step], None] = lambda _step: None,
        ended: Callable[[Step, Outcome], None] = lambda _step, _outcome: None,
    ) -> None:
        self._plan = plan
        self._carry = dict(carry)
        self._clock = clock
        self._begun = begun
        self._ended = ended
        self._outcomes: dict[str, Outcome] = {}
        self._seen: dict[tuple[Stage, ResourceKey], Precondition | None] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._stopping = False

    def stop(self) -> None:
        """Begin no further step; those under way are finished."""
        self._stopping = True

    async def run(self, typed: Iterable[str] = ()) -> Result:
        """Carry the plan out.

        Args:
            typed: what a person typed to confirm it.

        Raises:
            NotConfirmed: something that has to be confirmed was not; nothing was done.
        """
        missing = self._plan.unanswered(typed)
        if missing:
            asked = "; ".join(f"{one.why}: type {one.phrase!r}" for one in missing)
            raise NotConfirmed(
                "has not been confirmed", subject=f"plan {self._plan.short_id}", next_step=asked
            )
        for level in self._plan.levels():
            await asyncio.gather(*map(self._step, level))
        outcomes = tuple(self._outcomes[step.id] for step in self._plan.steps)
        stopped = self._stopping and any(step.runs and self._was_left(step) for step in self._plan.steps)
        return Result(self._plan, outcomes, stopped)

    # ---------------------------------------------------------------------------------------

    async def _step(self, step: Step) -> None:
        outcome = self._without_doing(step)
        if outcome is None:
            async with self._slots:
                outcome = self._without_doing(step) or await self._do(step)
        self._outcomes[step.id] = outcome
        self._ended(step, outcome)

    def _without_doing(self, step: Step) -> Outcome | None:
        """What is to be said of a step that is not carried out; None where it is."""
        if step.blocked:
            first = step.blocked[0]
            return self._told(step, Did.SKIPPED, first.text, first.next_step)
        if step.verb is Verb.NOOP:
            return self._told(step, Did.UNCHANGED)
        if not step.runs:
            return self._told(step, Did.SKIPPED, step.reason)
        for earlier in step.after:
            known = self._outcomes.get(earlier)
            if known is not None and known.did not in _WENT_WELL and not self._meant_to_be_left(earlier):
                return self._told(step, Did.SKIPPED, f"comes after {earlier}, which was not done")
        if self._stopping:
            return self._told(step, Did.SKIPPED, "was not begun: the run was stopped")
        return None

    async def _do(self, step: Step) -> Outcome:
        carry = self._carry.get(step.stage)
        if carry is None:
            return self._told(step, Did.FAILED, f"nobody here carries out steps at {step.stage.value}")
        self._begun(step)
        name = (step.stage, step.key)
        # What this run wrote itself has moved on from what the plan saw.
        expected = self._seen[name] if name in self._seen else _expected(step)
        try:
            carried = await carry(step, expected)
        except GkoError as error:
            return self._told(step, Did.FAILED, error.sentence(), error.next_step)
        if carried.outcome.did in _WENT_WELL:
            self._seen[name] = carried.seen
        return carried.outcome

    def _meant_to_be_left(self, step_id: str) -> bool:
        """Whether an earlier step was left alone by the plan itself, which holds up nothing."""
        step = next(step for step in self._plan.steps if step.id == step_id)
        return step.verb is Verb.SKIP

    def _was_left(self, step: Step) -> bool:
        return self._outcomes[step.id].did is Did.SKIPPED

    def _told(self, step: Step, did: Did, message: str = "", next_step: str = "") -> Outcome:
        return Outcome(step.id, did, message, next_step, at=self._clock())


def _expected(step: Step) -> Precondition | None:
    """The version that the plan saw of the step's own object."""
    return next((one for one in step.preconditions if one.holds is Holds.VERSION), None)
