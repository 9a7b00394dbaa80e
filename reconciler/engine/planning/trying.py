"""What a dry run on the clusters says of a plan: refusals become blocks, people's fields become questions.

Always done for a person's plan (ENGINE §5). A step that needs what the same plan creates may be refused for
that alone, by an admission webhook that looks for it: then the refusal is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.cluster.field_owners import may_take
from reconciler.engine.planning.asking import phrases_of, with_phrases
from reconciler.model.plan import Actor, Plan
from reconciler.model.steps import Asks, Block, Confirmation, Did, Outcome, Step, Verb

_BRINGS = frozenset({Verb.CREATE, Verb.REPLACE})


def tried(plan: Plan, outcomes: Iterable[Outcome]) -> Plan:
    """Make the plan that knows what a dry run of it said.

    Args:
        plan: the plan that was tried.
        outcomes: what came of its steps.

    Returns:
        the same plan where nothing was refused; else one with blocks, warnings and questions added.
    """
    said = {outcome.step: outcome for outcome in outcomes}
    brings = {step.id for step in plan.steps if step.verb in _BRINGS}
    made: dict[str, Step] = {}
    for step in plan.steps:
        outcome = said.get(step.id)
        after = _told(step, outcome, brings, plan.actor) if outcome is not None and step.runs else step
        stopped = next((made[one] for one in after.after if made[one].blocked), None)
        if stopped is not None and after.runs:
            text = f"it waits for {stopped.key.kind}/{stopped.key.name}, which is blocked"
            after = replace(after, blocked=(Block("waits", text, "see to that first"),))
        made[step.id] = after
    phrases = phrases_of(made.values())
    return replace(plan, steps=tuple(with_phrases(step, phrases) for step in made.values()))


def _told(step: Step, outcome: Outcome, brings: set[str], actor: Actor) -> Step:
    if outcome.did is Did.UNKNOWN:
        return replace(step, warnings=(*step.warnings, f"the dry run was not answered: {outcome.message}"))
    if outcome.did is not Did.FAILED:
        return step
    if outcome.owners and may_take(outcome.owners) and actor is Actor.PERSON:
        known = {(one.manager, one.path.lstrip(".")) for one in step.takes}
        new = [one for one in outcome.owners if (one.manager, one.path.lstrip(".")) not in known]
        managers = " and ".join(sorted({one.manager for one in outcome.owners}))
        asked = Confirmation(Asks.TAKE_OVER, "", f"{managers} changed fields of {step.key.name}")
        kept = tuple(one for one in step.confirmations if one.asks is not Asks.TAKE_OVER)
        return replace(step, takes=(*step.takes, *new), confirmations=(*kept, asked))
    if not brings.isdisjoint(step.after) and not outcome.owners:
        text = f"refused as long as the plan has not made what it needs, perhaps: {outcome.message}"
        return replace(step, warnings=(*step.warnings, text))
    return replace(step, blocked=(*step.blocked, Block("dry-run", outcome.message, outcome.next_step)))
