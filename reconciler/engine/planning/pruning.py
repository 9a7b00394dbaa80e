"""Drafts what is deleted: objects that Git no longer defines, and those that a person named.

An object that none of our applications knows is nobody's business here; one that we know and may not delete
is listed with every reason (ENGINE §6).
"""

from __future__ import annotations

from reconciler.engine.planning.brakes import (
    closes_subscriptions,
    explicit_brakes,
    prune_brakes,
)
from reconciler.engine.planning.draft import HAVE_SUBSCRIPTIONS, Draft, version_of
from reconciler.engine.planning.marks import marked_for
from reconciler.engine.planning.modes import loop_brake
from reconciler.engine.planning.subjects import (
    EVERY_PLAN,
    ApplicationFacts,
    ClusterFacts,
    Found,
    Situation,
    Subject,
)
from reconciler.model.steps import (
    Asks,
    Block,
    Confirmation,
    Risk,
    Stage,
    Step,
    Verb,
    step_id,
)
from reconciler.rules.referring import claims_of, references_of

DELETE = "delete"
"""Stands for the phrase of deletions until all of them have been counted."""


def draft_unwanted(subject: Subject, situation: Situation) -> Draft | None:
    """Draft what becomes of an object that Git does not define; None where nothing is to be said.

    Args:
        subject: the resource; nothing wants it, or a person asked to delete it.
        situation: everything else.
    """
    found = subject.found
    asked = subject.key in situation.intent.asked_to_delete
    if found is None:
        return _nothing_there(subject) if asked else None
    application = _whose(subject, found, situation)
    if application is None and not asked:
        return None
    draft = Draft(subject, application or ApplicationFacts(""))
    if found.deleting:
        draft.steps = [_step(draft, Verb.SKIP, "it is being deleted already")]
        return draft
    blocks = _blocks(draft, found, situation, asked=asked)
    if application is not None and any(one.cause == "prune-off" for one in blocks):
        draft.steps = [_step(draft, Verb.SKIP, f"Git no longer defines it, and {blocks[0].text}")]
        return draft
    reason = "a person asked for it" if asked else "Git no longer defines it"
    draft.steps = [
        _step(
            draft,
            Verb.DELETE,
            reason,
            risk=Risk.HIGH,
            preconditions=(version_of(found),),
            blocked=blocks,
        )
    ]
    if found.body is not None:
        draft.before = frozenset(one.target for one in references_of(draft.key, found.body))
        draft.claimed = claims_of(draft.key, found.body)
    _ask(draft, situation)
    return draft


def _whose(subject: Subject, found: Found, situation: Situation) -> ApplicationFacts | None:
    """The application that applied it: the one its mark names, else one that remembers it."""
    named = situation.applications.get(marked_for(found.metadata, subject.key))
    if named is not None:
        return named
    for application in situation.applications.values():
        state = application.states.get(subject.key.cluster)
        if state is not None and subject.key in state.inventory:
            return application
    return None


def _blocks(draft: Draft, found: Found, situation: Situation, *, asked: bool) -> tuple[Block, ...]:
    subject = draft.subject
    cluster = situation.clusters.get(subject.key.cluster, ClusterFacts(subject.key.cluster))
    if asked:
        blocks = explicit_brakes(subject, found)
    else:
        blocks = prune_brakes(subject, found, draft.application, situation.applications.values(), cluster)
    if found.body is None:
        unread = Block("unread", "what the cluster holds was not read", "run it again")
        blocks = (*blocks, unread)
    if situation.by_loop:
        block = loop_brake(draft.application, subject, Verb.DELETE)
        return (*blocks, block) if block is not None else blocks
    return blocks


def _ask(draft: Draft, situation: Situation) -> None:
    """What a person types before it is deleted; the loop prunes within its caps and is asked nothing."""
    if not situation.by_loop:
        draft.confirm(Confirmation(Asks.DESTRUCTIVE, DELETE, "deletions cannot be undone"))
    if draft.key.kind not in HAVE_SUBSCRIPTIONS:
        return
    closes = closes_subscriptions(draft.key, EVERY_PLAN, situation.intent.subscriptions)
    if isinstance(closes, Block):
        draft.block(closes)
    elif closes is not None:
        draft.confirm(closes)


def _nothing_there(subject: Subject) -> Draft:
    draft = Draft(subject, ApplicationFacts(""))
    if subject.unreadable:
        block = Block("unreadable", subject.unreadable, "make the cluster readable")
        draft.steps = [_step(draft, Verb.BLOCKED, block.text, blocked=(block,))]
    else:
        draft.steps = [_step(draft, Verb.NOOP, "it is not on the cluster")]
    return draft


def _step(draft: Draft, verb: Verb, reason: str, **more: object) -> Step:
    key = draft.key
    body = draft.subject.found.body if draft.subject.found is not None else None
    return Step(
        step_id(Stage.CLUSTER, verb, key),
        Stage.CLUSTER,
        verb,
        key,
        reason,
        application=draft.application.name,
        api_version=str(body.get("apiVersion", "")) if body is not None else "",
        **more,  # type: ignore[arg-type]
    )
