"""The plan for the hop from the cluster to the control plane: wait for its writer, or heal what it accepted.

What changes on the cluster is brought by whoever is in charge there (GKO, or the reconciler in its place):
one writer per hop. Planned here is what that writer never does, for it never looks again: to send once more
the body of a spec that it has accepted, where the control plane was changed behind its back (ENGINE §8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.engine.planning.asking import phrases_of, with_phrases
from reconciler.engine.planning.control_plane.braking import braked
from reconciler.engine.planning.control_plane.closing import closed_by, closing
from reconciler.engine.planning.control_plane.subjects import HopSubject
from reconciler.engine.planning.draft import version_of
from reconciler.engine.planning.subjects import Situation
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan, StateDigest
from reconciler.model.steps import (
    Asks,
    Block,
    Confirmation,
    FieldOwner,
    Holds,
    OwnerClass,
    Precondition,
    Risk,
    Stage,
    Step,
    Verb,
    step_id,
)
from reconciler.model.verdicts import Verdict
from reconciler.rules.ordering import rank

_RESENT = frozenset({Verdict.DRIFTED, Verdict.CONFLICT, Verdict.MISSING, Verdict.DETACHED})
"""What sending the accepted body again puts right."""
CONSOLE = "the Console"


def with_control_plane(
    plan: Plan, subjects: Iterable[HopSubject], situation: Situation, *, wait: bool
) -> Plan:
    """Add this hop to the plan of the one before.

    Args:
        plan: the cluster steps, or none.
        subjects: the resources that are asked for.
        situation: what that plan was made from: applications, clusters, what is asked for.
        wait: whether to end with waiting until control planes and gateways show what was done.

    Returns:
        the plan with steps behind those that are there; what may not be done is in it, blocked or skipped.
    """
    earlier = _last_running(plan.steps)
    level = max((step.level for step in plan.steps), default=-1) + 1
    listed = situation.intent.list_unchanged
    # Most are in sync: nothing is said of those, so they need no order either.
    told = (one for one in subjects if listed or wait or one.key in earlier or not _is_quiet(one))
    subjects = sorted(told, key=lambda one: (rank(one.key.kind), one.key))
    made: list[Step] = []
    for subject in subjects:
        before = earlier.get(subject.key)
        for step in _steps(subject, before, situation, wait=wait):
            made.append(replace(step, level=level + step.level) if level else step)
    made.sort(key=lambda step: step.level)
    waits = [step for one in subjects for step in _gateways(one, made, earlier)] if wait else []
    behind = max((step.level for step in made), default=level) + 1
    steps = (*plan.steps, *made, *(replace(step, level=behind) for step in waits))
    phrases = phrases_of(steps)
    steps = tuple(with_phrases(step, phrases) for step in steps)
    return replace(plan, steps=steps, inputs=replace(plan.inputs, states=tuple(_states(subjects))))


def _last_running(steps: Iterable[Step]) -> dict[ResourceKey, Step]:
    return {step.key: step for step in steps if step.runs}


def _is_quiet(subject: HopSubject) -> bool:
    return subject.verdict is None or subject.verdict is Verdict.SYNCED


def _states(subjects: Iterable[HopSubject]) -> Iterable[StateDigest]:
    for one in subjects:
        if one.held and one.control_plane and one.verdict is not Verdict.SYNCED:
            yield StateDigest(one.control_plane, str(one.key), one.held)


# --- one resource ------------------------------------------------------------------------------------


def _steps(subject: HopSubject, before: Step | None, situation: Situation, *, wait: bool) -> Sequence[Step]:
    """What there is to do, or to say, about one resource."""
    if subject.verdict is Verdict.UNMANAGED and subject.key in situation.intent.asked_to_delete:
        return (_not_ours(subject),)
    if subject.verdict in (None, Verdict.UNMANAGED):
        return ()
    if before is not None:
        return _brought(subject, before) if wait else ()
    if subject.verdict is Verdict.SYNCED:
        return (_step(subject, Verb.NOOP, "in sync"),) if situation.intent.list_unchanged else ()
    return (_put_right(subject, situation, wait=wait),)


def _put_right(subject: HopSubject, situation: Situation, *, wait: bool) -> Step:
    verdict = subject.verdict
    if verdict is Verdict.ORPHAN:
        return _orphan(subject, situation)
    if verdict is Verdict.AHEAD or (verdict in _RESENT and not subject.accepted):
        return _is_brought(subject, wait=wait)
    if verdict in _RESENT:
        return braked(_sent_again(subject, situation), subject, situation)
    return _not_now(subject, wait=wait)


def _brought(subject: HopSubject, before: Step) -> Sequence[Step]:
    """A step on the cluster changes it: its writer carries that on."""
    what = "takes it out of" if before.verb is Verb.DELETE else "brings it to"
    reason = f"{subject.writer} {what} {subject.control_plane or 'its control plane'}"
    return (_step(subject, Verb.WAIT, reason, after=(before.id,)),)


def _is_brought(subject: HopSubject, *, wait: bool) -> Step:
    causes = f": {subject.causes[0]}" if subject.causes else ""
    reason = f"{subject.writer} brings it to {subject.control_plane}{causes}"
    return _step(subject, Verb.WAIT if wait else Verb.SKIP, reason)


def _not_now(subject: HopSubject, *, wait: bool) -> Step:
    """What sending again would not put right, or nobody can tell: left alone, or looked at for a while."""
    word = subject.verdict.word if subject.verdict is not None else "not judged"
    reason = f"it is {word} at {subject.control_plane or 'its control plane'}: {'; '.join(subject.causes)}"
    reason = reason.rstrip(": ")
    if subject.verdict is Verdict.CONTENDED:
        block = Block("contended", reason, "settle who writes it, then plan again")
        return _step(subject, Verb.BLOCKED, reason, blocked=(block,))
    return _step(subject, Verb.WAIT if wait else Verb.SKIP, reason)


def _sent_again(subject: HopSubject, situation: Situation) -> Step:
    """Sends the body of the accepted spec once more."""
    assert subject.found is not None
    missing = subject.verdict is Verdict.MISSING
    why = {
        Verdict.MISSING: f"{subject.control_plane} lost it",
        Verdict.DETACHED: "it was detached in the Console",
    }.get(subject.verdict or Verdict.DRIFTED, f"{subject.control_plane} was changed behind {subject.writer}")
    step = _step(
        subject,
        Verb.CREATE if missing else Verb.UPDATE,
        f"{why}: what {subject.writer} accepted is sent again",
        changes=subject.changes,
        risk=Risk.LOW if missing else Risk.MEDIUM,
        preconditions=(version_of(subject.found), Precondition(Holds.STATE, digest=subject.held)),
    )
    if subject.verdict is Verdict.DETACHED:
        taken = FieldOwner(CONSOLE, "origin", OwnerClass.PEOPLE)
        asked = Confirmation(Asks.TAKE_OVER, "take", f"somebody detached {subject.key.name} in the Console")
        step = replace(step, takes=(taken,), confirmations=(asked,))
    return _closing(step, subject, situation)


def _closing(step: Step, subject: HopSubject, situation: Situation) -> Step:
    """What would be closed with access plans (ENGINE §6)."""
    access_plans = closed_by(step, subject.drops)
    blocks, asked = closing(subject.key, access_plans, situation.intent.subscriptions)
    if not blocks and not asked:
        return step
    confirmations = (*step.confirmations, *asked)
    return replace(step, risk=Risk.HIGH, blocked=(*step.blocked, *blocks), confirmations=confirmations)


def _orphan(subject: HopSubject, situation: Situation) -> Step:
    """What its cluster no longer has goes only when a person names it."""
    if subject.key not in situation.intent.asked_to_delete:
        reason = f"{subject.control_plane} still has it; it is deleted only by name"
        return _step(subject, Verb.SKIP, reason)
    step = _step(
        subject,
        Verb.DELETE,
        "asked for by name; no cluster has it any longer",
        risk=Risk.HIGH,
        preconditions=(Precondition(Holds.STATE, digest=subject.held),),
        confirmations=(Confirmation(Asks.DESTRUCTIVE, "delete", "deletions cannot be undone"),),
    )
    return braked(_closing(step, subject, situation), subject, situation)


def _not_ours(subject: HopSubject) -> Step:
    block = Block(
        "not-ours", "it was made in the Console, and nothing here ever defined it", "delete it there"
    )
    return replace(_step(subject, Verb.DELETE, "asked for by name"), blocked=(block,))


# --- waiting for gateways ----------------------------------------------------------------------------


def _gateways(
    subject: HopSubject, made: Iterable[Step], earlier: Mapping[ResourceKey, Step]
) -> Iterable[Step]:
    """Wait until the gateways run what the plan brings, or what is published already."""
    if not subject.runs:
        return
    own = [step for step in made if step.key == subject.key and step.runs]
    last = own[-1] if own else earlier.get(subject.key)
    if last is None and subject.runs_now:
        return
    gone = any(step.verb is Verb.DELETE for step in (*own, *filter(None, [earlier.get(subject.key)])))
    reason = "until no gateway runs it any more" if gone else "until its gateways run it"
    step = _step(subject, Verb.WAIT, reason, stage=Stage.GATEWAY_WAIT)
    yield replace(step, after=(last.id,) if last is not None else ())


def _step(
    subject: HopSubject, verb: Verb, reason: str, *, stage: Stage = Stage.CONTROL_PLANE, **more: object
) -> Step:
    """One step, on the level of its kind among the steps of this hop."""
    key = subject.key
    plain: dict[str, object] = {
        "level": rank(key.kind),
        "application": subject.application,
        "api_version": subject.api_version,
    }
    return Step(step_id(stage, verb, key), stage, verb, key, reason, **{**plain, **more})  # type: ignore[arg-type]
