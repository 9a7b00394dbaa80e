"""What speaks against a write to a control plane: the mode, protection, policies (ENGINE §8)."""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.planning.control_plane.subjects import HopSubject
from reconciler.engine.planning.modes import needs_approval
from reconciler.engine.planning.subjects import ApplicationFacts, Situation
from reconciler.model.changes import Origin
from reconciler.model.steps import Asks, Block, Confirmation, Step, Verb
from reconciler.model.verdicts import Verdict


def braked(step: Step, subject: HopSubject, situation: Situation) -> Step:
    """A writing step with everything that speaks against it."""
    step = _asked_of_policies(step, situation)
    application = situation.applications.get(subject.application, ApplicationFacts(subject.application))
    if not situation.by_loop:
        if application.suspended:
            step = replace(step, warnings=(*step.warnings, application.suspended))
        if subject.protected:
            asked = Confirmation(Asks.PROTECTED, subject.protected, f"{subject.protected} is protected")
            step = replace(step, confirmations=(*step.confirmations, asked))
        return step
    return _without_a_person(step, subject, application)


def _without_a_person(step: Step, subject: HopSubject, application: ApplicationFacts) -> Step:
    """The loop writes only what the mode lets it, and never what somebody would have to type."""
    block = _of_mode(step, subject, application)
    if block is None and step.confirmations:
        whys = "; ".join(one.why for one in step.confirmations)
        block = Block("unconfirmed", whys, "let a person confirm it")
    if block is not None:
        return replace(step, blocked=(*step.blocked, block))
    approval = needs_approval(application)
    return replace(step, confirmations=(approval,)) if approval is not None else step


def _of_mode(step: Step, subject: HopSubject, application: ApplicationFacts) -> Block | None:
    if application.suspended:
        return Block("suspended", application.suspended, f"end the suspension of {application.name}")
    why = ""
    if application.mode == "observe":
        why = f"{application.name or 'it'} is only observed"
    elif step.verb is Verb.DELETE:
        why = "the loop deletes nothing from a control plane"
    elif application.mode == "heal":
        why = _beyond_healing(subject)
    return Block("mode", why, "let a person confirm it") if why else None


def _beyond_healing(subject: HopSubject) -> str:
    """Healing restores what was in sync; why this would be more, empty where it is not."""
    known = subject.synced_before if subject.verdict is Verdict.MISSING else not subject.first_sight
    if not known:
        return "it was never seen in sync, so nobody can tell what to restore"
    if any(change.origin is not Origin.RIGHT for change in subject.changes):
        return "the spec has moved on, and healing restores only what was in sync"
    return ""


def _asked_of_policies(step: Step, situation: Situation) -> Step:
    for policy in situation.intent.policies:
        for opinion in policy(step, None, None):
            if opinion.blocks:
                block = Block("policy", opinion.text, "change it so that the policy allows it")
                step = replace(step, blocked=(*step.blocked, block))
            else:
                step = replace(step, warnings=(*step.warnings, opinion.text))
    return step
