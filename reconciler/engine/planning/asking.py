"""What a person has to type before a plan runs, what policies say, and what the loop may therefore not do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from reconciler.engine.planning.draft import Draft
from reconciler.engine.planning.modes import needs_approval
from reconciler.engine.planning.pruning import DELETE
from reconciler.engine.planning.subjects import ClusterFacts, Situation
from reconciler.model.steps import Asks, Block, Confirmation, Step, Verb

_DESTROYS = frozenset({Verb.DELETE, Verb.REPLACE})


def ask_policies(draft: Draft, situation: Situation) -> None:
    """Add to each writing step what every policy says about it."""
    subject = draft.subject
    wanted = subject.wanted.body if subject.wanted is not None else None
    found = subject.found.body if subject.found is not None else None
    for at, step in enumerate(draft.steps):
        for policy in situation.intent.policies if step.verb.writes else ():
            for opinion in policy(step, wanted, found):
                if opinion.blocks:
                    block = Block("policy", opinion.text, "change it so that the policy allows it")
                    draft.block_step(at, block)
                else:
                    warnings = (*draft.steps[at].warnings, opinion.text)
                    draft.steps[at] = replace(draft.steps[at], warnings=warnings)


def ask(draft: Draft, situation: Situation) -> None:
    """Add what has to be typed before a resource is written; the loop is blocked where a person is asked."""
    cluster = situation.clusters.get(draft.key.cluster, ClusterFacts(draft.key.cluster))
    if not situation.by_loop:
        if any(step.verb is Verb.REPLACE for step in draft.steps):
            draft.confirm(Confirmation(Asks.DESTRUCTIVE, DELETE, "deletions cannot be undone"))
        if cluster.protected:
            draft.confirm(Confirmation(Asks.PROTECTED, cluster.name, f"{cluster.name} is protected"))
        return
    if cluster.protected and any(step.verb in _DESTROYS for step in draft.steps):
        text = f"{cluster.name} is protected, and the loop deletes nothing there"
        draft.block(Block("protected", text, "let a person confirm it"))
    _nobody_to_ask(draft)


def count_phrases(drafts: Collection[Draft]) -> None:
    """Turn the phrases that count into what is typed: a person types what they have read."""
    phrases = phrases_of(step for draft in drafts for step in draft.steps)
    for draft in drafts:
        draft.steps = [with_phrases(step, phrases) for step in draft.steps]


def phrases_of(steps: Iterable[Step]) -> dict[Asks, str]:
    """What is typed for the deletions and the take-overs of a plan, by how many of its steps would run."""
    running = [step for step in steps if step.runs]
    deletions = sum(step.verb in _DESTROYS for step in running)
    taken = sum(len(step.takes) for step in running if _asks(step, Asks.TAKE_OVER))
    return {Asks.DESTRUCTIVE: f"delete {deletions}", Asks.TAKE_OVER: f"take {taken}"}


def with_phrases(step: Step, phrases: Mapping[Asks, str]) -> Step:
    """A step whose counting confirmations say how many there are."""
    if not step.confirmations:
        return step
    confirmations = tuple(
        replace(one, phrase=phrases.get(one.asks, one.phrase)) for one in step.confirmations
    )
    return replace(step, confirmations=confirmations)


def _asks(step: Step, asked: Asks) -> bool:
    return any(one.asks is asked for one in step.confirmations)


def _nobody_to_ask(draft: Draft) -> None:
    """The loop cannot type: what needs that is blocked, and a proposal waits for its approval."""
    approval = needs_approval(draft.application)
    for at, step in enumerate(draft.steps):
        if step.confirmations:
            whys = "; ".join(one.why for one in step.confirmations)
            draft.block_step(at, Block("unconfirmed", whys, "let a person confirm it"))
        elif approval is not None and step.verb.writes:
            draft.confirm_step(at, approval)
