"""What the loop may do by itself, by an application's mode (ENGINE §8); a person confirms."""

from __future__ import annotations

from reconciler.engine.planning.subjects import ApplicationFacts, Subject
from reconciler.model.changes import Origin
from reconciler.model.steps import Asks, Block, Confirmation, Verb

APPROVE = "approve"
_ADDS = frozenset({Verb.CREATE, Verb.UPDATE, Verb.REMOVE, Verb.MIGRATE_OWNERS})


def loop_brake(application: ApplicationFacts, subject: Subject, verb: Verb) -> Block | None:
    """Say why the loop may not take a step.

    Args:
        application: whose resource it is, with its mode.
        subject: the resource.
        verb: what the step would do.
    """
    if application.suspended:
        return Block("suspended", application.suspended, f"end the suspension of {application.name}")
    if application.mode == "observe":
        return Block("mode", f"{application.name} is only observed", "let a person confirm it")
    if verb is Verb.REPLACE:
        return Block("mode", "the loop never replaces an object", "let a person confirm it")
    if application.mode == "heal":
        return _beyond_healing(application, subject, verb)
    return None


def needs_approval(application: ApplicationFacts) -> Confirmation | None:
    """In the mode `propose` a person approves what the loop has planned."""
    if application.mode != "propose":
        return None
    return Confirmation(Asks.APPROVAL, APPROVE, f"{application.name} only proposes")


def may_take_from_people(application: ApplicationFacts) -> bool:
    """Whether the loop takes fields back from people's tools without asking."""
    return application.mode in ("heal", "sync")


def _beyond_healing(application: ApplicationFacts, subject: Subject, verb: Verb) -> Block | None:
    """Healing restores what was in sync, and never carries Git's news along."""
    next_step = f"set the mode of {application.name} to `sync`, or let a person confirm it"
    if verb not in _ADDS:
        return Block("mode", "healing deletes nothing", next_step)
    if subject.found is None:
        if subject.synced_before:
            return None
        return Block("mode", "it is new in Git, and healing restores only what was in sync", next_step)
    judgement = subject.judgement
    news = judgement is None or any(change.origin is not Origin.RIGHT for change in judgement.changes)
    if not news:
        return None
    if judgement is not None and judgement.first_sight:
        return Block("mode", "it was never seen in sync, so nobody can tell what to restore", next_step)
    return Block("mode", "Git has moved on, and healing restores only what was in sync", next_step)
