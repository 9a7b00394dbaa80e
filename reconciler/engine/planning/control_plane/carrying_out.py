"""Carries out the steps beyond the clusters: each looks before it writes, and again afterwards.

A write whose answer did not come is never repeated blindly: it is read first, and what is neither as before
nor as wanted is left to a new plan (ENGINE §5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler.cluster.rim import Backoff
from reconciler.engine.planning.carrying_out import Rules, not_run
from reconciler.engine.planning.control_plane.closing import closed_by, not_as_confirmed
from reconciler.engine.planning.control_plane.seen import HopPlaces, Seen
from reconciler.engine.planning.control_plane.subjects import ABSENT
from reconciler.engine.planning.control_plane.waiting import wait_for_control_plane, wait_for_gateways
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.steps import Did, Holds, Outcome, Stage, Step, Verb
from reconciler.model.verdicts import Verdict

if TYPE_CHECKING:
    from reconciler.control_plane.outcomes import ArrivedOrNot, Refused, Retry
    from reconciler.control_plane.outcomes import Outcome as Written
    from reconciler.control_plane.refs import StateRef
    from reconciler.rules.apim.bodies import Body

AT_A_TIME = 8
"""Things written or waited for side by side; each control plane has a rate limit of its own beside that."""
BEYOND = frozenset({Stage.CONTROL_PLANE, Stage.GATEWAY_WAIT})
_AGAIN = "make a new plan"


async def carry_out_beyond(
    plan: Plan, places: HopPlaces, rules: Rules, done: Mapping[str, Outcome]
) -> tuple[Outcome, ...]:
    """Carry out the steps of a plan beyond the clusters.

    Args:
        plan: what to do; steps of other stages are left to others.
        places: clusters, control planes and gateways.
        rules: what was confirmed, and how; with `dry_run` what can be tried is tried and nothing waits.
        done: what came of the cluster steps.

    Returns:
        one outcome for each such step, in the plan's order; what goes wrong is the step's outcome.
    """
    work = _Work(plan, places, rules, done)
    for level in plan.levels():
        by_key: dict[ResourceKey, list[Step]] = {}
        for step in level:
            if step.stage in BEYOND:
                by_key.setdefault(step.key, []).append(step)
        await asyncio.gather(*(work.chain(steps) for steps in by_key.values()))
    return tuple(work.outcomes[step.id] for step in plan.steps if step.stage in BEYOND)


class _Work:
    """One plan being carried out beyond the clusters."""

    def __init__(self, plan: Plan, places: HopPlaces, rules: Rules, done: Mapping[str, Outcome]) -> None:
        self._steps = {step.id: step for step in plan.steps}
        self._places = places
        self._rules = rules
        self._gate = asyncio.Semaphore(AT_A_TIME)
        self.outcomes: dict[str, Outcome] = dict(done)

    async def chain(self, steps: list[Step]) -> None:
        """The steps of one resource, one after the other."""
        for step in steps:
            async with self._gate:
                outcome = not_run(step, self.outcomes, self._rules) or await self._run(step)
            self.outcomes[step.id] = outcome
            await self._rules.told(step, outcome)

    async def _run(self, step: Step) -> Outcome:
        try:
            if step.verb is Verb.WAIT:
                return await self._wait(step)
            return await self._write(step)
        except GkoError as error:
            return self._outcome(step, Did.FAILED, error.sentence(), error.next_step)

    async def _wait(self, step: Step) -> Outcome:
        if self._rules.dry_run:
            return self._outcome(step, Did.SKIPPED, "nothing is waited for while it is only tried")
        before = [self._steps[name] for name in step.after if name in self._steps]
        gone = any(one.verb is Verb.DELETE for one in before)
        wait = wait_for_gateways if step.stage is Stage.GATEWAY_WAIT else wait_for_control_plane
        return await wait(step, self._places, self._rules, gone=gone)

    # --- writing ---------------------------------------------------------------------------

    async def _write(self, step: Step) -> Outcome:
        seen = await self._places.look(step.key)
        stop = self._not_as_planned(step, seen) or await self._closes_more(step, seen)
        if stop is not None:
            return stop
        assert seen.ref is not None
        if step.verb is Verb.DELETE:
            if self._rules.dry_run:  # APIM would act on it (DOMAIN §9, trap 1)
                return self._outcome(step, Did.UNCHANGED)
            return await self._delete(step, seen, seen.ref)
        if seen.body is None:
            return self._outcome(
                step, Did.FAILED, "; ".join(seen.causes) or "its body cannot be made", _AGAIN
            )
        if self._rules.dry_run:
            return await self._try(step, seen, seen.ref, seen.body)
        return await self._send(step, seen, seen.ref, seen.body)

    def _not_as_planned(self, step: Step, seen: Seen) -> Outcome | None:
        """Whether anything moved since the plan was made, or nothing is left to do."""
        wanted = ABSENT if step.verb is Verb.DELETE else ""
        if (seen.verdict is Verdict.SYNCED and not wanted) or (wanted and seen.held == wanted):
            return self._outcome(step, Did.UNCHANGED, "it is so already")
        if seen.ref is None or not seen.control_plane:
            why = "; ".join(seen.causes) or "which control plane it goes to is not known any longer"
            return self._outcome(step, Did.FAILED, why, _AGAIN)
        for one in step.preconditions:
            if one.holds is Holds.VERSION and (one.uid, one.generation) != (seen.uid, seen.generation):
                return self._outcome(step, Did.FAILED, "its spec has changed since the plan was made", _AGAIN)
            if one.holds is Holds.STATE and one.digest != seen.held:
                what = f"{seen.control_plane} holds something else than when the plan was made"
                return self._outcome(step, Did.FAILED, what, _AGAIN)
        if step.verb is not Verb.DELETE and not seen.accepted:
            why = "; ".join(seen.causes) or "its spec has not been accepted yet"
            return self._outcome(step, Did.FAILED, why, "wait until it is accepted, then plan again")
        return None

    async def _closes_more(self, step: Step, seen: Seen) -> Outcome | None:
        """Whether it would end subscriptions that nobody was asked about: they move no state that is held."""
        access_plans = closed_by(step, seen.drops)
        if not access_plans or self._rules.dry_run:
            return None
        why = not_as_confirmed(step, access_plans, await self._places.subscribers(step.key))
        return self._outcome(step, Did.FAILED, why, _AGAIN) if why else None

    async def _try(self, step: Step, seen: Seen, ref: StateRef, body: Body) -> Outcome:
        from reconciler.control_plane.outcomes import Done, Refused
        from reconciler.control_plane.writing import can_be_checked

        if not can_be_checked(ref.kind):
            return self._outcome(step, Did.UNCHANGED)
        told = await self._places.writer(seen.control_plane).check(ref, body.content, uuids=body.uuids)
        if isinstance(told, Done):
            missing = await self._places.missing_plugins(seen.control_plane, body)
            if missing:
                install = "install it in that APIM, or take it out of the resource"
                return self._outcome(step, Did.FAILED, "; ".join(missing), install)
            return self._outcome(step, Did.UNCHANGED)
        did = Did.FAILED if isinstance(told, Refused) else Did.UNKNOWN
        return self._outcome(step, did, _said(told), told.next_step)

    async def _send(self, step: Step, seen: Seen, ref: StateRef, body: Body) -> Outcome:
        """Send the body until it is taken, refused, or the time is over."""
        from reconciler.control_plane.outcomes import Done, Refused, Retry

        writer = self._places.writer(seen.control_plane)
        did = Did.CREATED if seen.held == ABSENT else Did.CONFIGURED
        patience, before = _Patience(self._rules), ""
        while True:
            told = await writer.put(ref, body.content, uuids=body.uuids, before=patience.until)
            self._places.touched(seen.control_plane, ref)
            if isinstance(told, Done):
                return await self._confirmed(step, did, told.warnings)
            if isinstance(told, Refused):
                return self._outcome(step, Did.FAILED, _said(told), told.next_step)
            if before and isinstance(told, Retry) and told.reason == "busy" and told.status is None:
                # No time was left to send it again: what went wrong before is what counts.
                return self._outcome(step, Did.FAILED, before, "try again later")
            before = _said(told)
            outcome = await self._after_no_answer(step, seen, told, did, patience)
            if outcome is not None:
                return outcome

    async def _after_no_answer(
        self, step: Step, seen: Seen, told: Retry | ArrivedOrNot, did: Did, patience: _Patience
    ) -> Outcome | None:
        """Wait, and read what may have arrived; None: it did not, nothing moved, and it may be sent again."""
        from reconciler.control_plane.outcomes import Retry

        if isinstance(told, Retry):
            if not await patience.pause(told.after):
                return self._outcome(step, Did.FAILED, _said(told), told.next_step or "try again later")
            if told.read_first:
                return await self._arrived(step, seen, told, did, patience)
            now = await self._read(step.key, patience)
            if now is None:
                return self._outcome(step, Did.FAILED, _said(told), told.next_step or "try again later")
            return self._not_as_planned(step, now) or await self._closes_more(step, now)
        found = await self._arrived(step, seen, told, did, patience)
        if found is None and not await patience.pause(0.0):
            return self._outcome(step, Did.FAILED, f"it did not arrive: {_said(told)}", "try again later")
        return found

    async def _arrived(
        self, step: Step, seen: Seen, told: Retry | ArrivedOrNot, did: Did, patience: _Patience
    ) -> Outcome | None:
        """Read what may have arrived; None: everything is as it was before, on the cluster too."""
        now = await self._read(step.key, patience)
        if now is None:
            return self._outcome(step, Did.UNKNOWN, _said(told), "look whether it arrived, then plan again")
        if now.verdict is Verdict.SYNCED:
            return self._outcome(step, did)
        if now.held != seen.held:
            what = f"only a part of it may have arrived: {_said(told)}"
            return self._outcome(step, Did.UNKNOWN, what, _AGAIN)
        return self._not_as_planned(step, now) or await self._closes_more(step, now)

    async def _read(self, key: ResourceKey, patience: _Patience) -> Seen | None:
        """Read it as soon as that is possible; None where it is not within the time."""
        while True:
            try:
                return await self._places.look(key)
            except GkoError:
                if not await patience.pause(0.0):
                    return None

    async def _confirmed(self, step: Step, did: Did, warnings: tuple[object, ...]) -> Outcome:
        """It was taken: does the control plane hold it now?"""
        said = "; ".join(str(one) for one in warnings)
        try:
            now = await self._places.look(step.key)
        except GkoError as error:
            what = f"it was taken, and cannot be read again: {error.sentence()}"
            return self._outcome(step, Did.UNKNOWN, what, error.next_step)
        if now.verdict is Verdict.SYNCED:
            return self._outcome(step, did, said)
        word = now.verdict.word if now.verdict is not None else "gone"
        what = f"it was taken, and is {word} nevertheless: {'; '.join((*now.causes, said)).strip('; ')}"
        return self._outcome(step, Did.UNKNOWN, what, "see what else writes there")

    async def _delete(self, step: Step, seen: Seen, ref: StateRef) -> Outcome:
        from reconciler.control_plane.outcomes import Done, Refused

        patience = _Patience(self._rules)
        while True:
            told = await self._places.writer(seen.control_plane).delete(ref, before=patience.until)
            self._places.touched(seen.control_plane, ref)
            if isinstance(told, Refused):
                return self._outcome(step, Did.FAILED, _said(told), told.next_step)
            now = await self._read(step.key, patience)
            if now is None:
                return self._outcome(step, Did.UNKNOWN, "whether it is gone cannot be read", _AGAIN)
            if now.held == ABSENT or now.verdict is None:
                return self._outcome(step, Did.DELETED)
            if isinstance(told, Done):
                return self._outcome(step, Did.UNKNOWN, "it was deleted, and is there nevertheless", _AGAIN)
            if not await patience.pause(getattr(told, "after", 0.0)):
                return self._outcome(step, Did.FAILED, _said(told), "try again later")

    def _outcome(self, step: Step, did: Did, message: str = "", next_step: str = "") -> Outcome:
        return Outcome(step.id, did, message, next_step, self._rules.rim.clock())


class _Patience:
    """How long one step may go on: `until` in seconds since the epoch."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._backoff = Backoff(rules.rim.random)
        self.until = rules.rim.clock() + rules.wait_s

    async def pause(self, at_least: float) -> bool:
        """Wait before another try; False where there is no time for one, or it was told to stop."""
        wait = max(at_least, self._backoff.next())
        if self._rules.stopped() or self._rules.rim.clock() + wait >= self.until:
            return False
        await self._rules.rim.sleep(wait)
        return not self._rules.stopped()


def _said(told: Written | Refused | Retry) -> str:
    """Everything that was said, whole."""
    messages = getattr(told, "messages", ())
    return "; ".join(str(one) for one in messages) or getattr(told, "reason", "") or "no answer"
