"""The plan for the hop from Git to the cluster, from top to bottom: draft, order, brake, ask, number.

A pure function of the situation. It decides nothing twice: what one resource needs stands in its draft, and
here is only what several have to do with one another.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.engine.planning.asking import ask, ask_policies, count_phrases
from reconciler.engine.planning.brakes import is_referred_to, over_caps
from reconciler.engine.planning.collisions import block_collisions
from reconciler.engine.planning.draft import Draft
from reconciler.engine.planning.drafts import draft_wanted
from reconciler.engine.planning.pruning import draft_unwanted
from reconciler.engine.planning.subjects import ApplicationFacts, Situation, Subject
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Inputs, ObjectVersion, Plan
from reconciler.model.steps import Block, Holds, Precondition, Risk, Stage, Step, Verb, step_id
from reconciler.rules.ordering import Operation, Order, missing_references, order

_MAY_COME_LATER = frozenset({"Secret", "ConfigMap"})
"""Others make these too (operators of secrets), so that a missing one only deserves a warning."""


def plan_cluster(situation: Situation) -> Plan:
    """Plan how the clusters become what Git wants.

    Args:
        situation: both sides of every resource that differs, and what is known beside them.

    Returns:
        the plan: steps by level, each with its reasons; what may not be done is in it, blocked or skipped.
    """
    drafts = _drafts(situation)
    drafts.update(_namespaces(drafts, situation))
    ordered = order(_operation(draft) for draft in drafts.values() if draft.writes)
    for draft in drafts.values():
        ask_policies(draft, situation)
    block_collisions(drafts, situation.subjects)
    _block_circles(drafts, ordered)
    _block_missing_references(drafts, situation)
    _brake_deletions(drafts, ordered, situation)
    for draft in drafts.values():
        ask(draft, situation)
    _block_what_waits(drafts, ordered)
    count_phrases(drafts.values())
    steps = _numbered(drafts, ordered)
    return Plan(
        situation.intent.purpose,
        situation.intent.actor,
        _inputs(drafts.values(), situation),
        steps,
        tuple(_notes(drafts.values(), situation)),
    )


# --- drafting ----------------------------------------------------------------------------------------


def _drafts(situation: Situation) -> dict[ResourceKey, Draft]:
    """A draft for everything about which there is something to do or to say."""
    drafts: dict[ResourceKey, Draft] = {}
    asked = situation.intent.asked_to_delete
    for subject in situation.subjects:
        if subject.wanted is None or subject.key in asked:
            draft = draft_unwanted(subject, situation)
            if draft is not None and draft.steps:
                drafts[subject.key] = draft
    going = frozenset(key for key, draft in drafts.items() if _goes(draft))
    for subject in situation.subjects:
        if subject.wanted is not None and subject.key not in asked and not _is_quiet(subject, situation):
            draft = draft_wanted(subject, situation, going)
            if draft.steps:
                drafts[subject.key] = draft
    return drafts


def _is_quiet(subject: Subject, situation: Situation) -> bool:
    """Whether there is nothing to do and nothing to say: most of a fleet, in every pass."""
    wanted, found = subject.wanted, subject.found
    return (
        wanted is not None
        and found is not None
        and subject.judgement is None
        and not (situation.intent.list_unchanged or len(wanted.places) > 1 or wanted.broken)
        and not (subject.unreadable or found.deleting)
    )


def _goes(draft: Draft) -> bool:
    return any(step.verb is Verb.DELETE and not step.blocked for step in draft.steps)


def _namespaces(drafts: Mapping[ResourceKey, Draft], situation: Situation) -> dict[ResourceKey, Draft]:
    """A namespace for what would be created where there is none, as far as that is allowed."""
    made: dict[ResourceKey, Draft] = {}
    for draft in drafts.values():
        key = draft.key
        cluster = situation.clusters.get(key.cluster)
        space = ResourceKey(key.cluster, "Namespace", "", key.namespace)
        if cluster is None or cluster.namespaces is None or space in drafts or space in made:
            continue
        creates = any(step.verb is Verb.CREATE and not step.blocked for step in draft.steps)
        if creates and key.namespace in cluster.creates and key.namespace not in cluster.namespaces:
            step = Step(
                step_id(Stage.CLUSTER, Verb.CREATE, space),
                Stage.CLUSTER,
                Verb.CREATE,
                space,
                f"{draft.application.name} goes there, and it does not exist",
                application=draft.application.name,
                api_version="v1",
                risk=Risk.LOW,
                preconditions=(Precondition(Holds.ABSENT),),
            )
            made[space] = Draft(Subject(space), draft.application, [step])
    return made


# --- what several resources have to do with one another ----------------------------------------------


def _operation(draft: Draft) -> Operation:
    return Operation(draft.key, draft.deletes, draft.before, draft.after, draft.claimed, draft.claims)


def _block_circles(drafts: Mapping[ResourceKey, Draft], ordered: Order) -> None:
    for circle in ordered.circles:
        names = ", ".join(f"{key.kind}/{key.namespace}/{key.name}" for key in circle)
        block = Block(
            "circle",
            f"each of these would have to come before the other: {names}",
            "change one of them in a commit of its own",
        )
        for key in circle:
            drafts[key].block(block)


def _block_missing_references(drafts: Mapping[ResourceKey, Draft], situation: Situation) -> None:
    """A reference to nothing: an error at the step; others go on."""
    here = {subject.key: subject for subject in situation.subjects}

    def exists(key: ResourceKey) -> bool | None:
        draft, subject = drafts.get(key), here.get(key)
        if draft is not None and draft.writes:
            return not _goes(draft)
        if subject is not None and (subject.found is not None or subject.unreadable):
            return True if subject.found is not None else None
        return situation.intent.exists(key)

    for draft in drafts.values():
        for reference in missing_references(draft.references, exists):
            target = reference.target
            text = f"{reference}, which does not exist"
            if target.kind in _MAY_COME_LATER:
                draft.warn(text)
            else:
                draft.block(
                    Block("reference", text, f"define {target.kind} {target.name}, or correct the name")
                )


def _brake_deletions(drafts: Mapping[ResourceKey, Draft], ordered: Order, situation: Situation) -> None:
    """Caps first, then what others still need; in the order of deletion: one brake leads to the next."""
    deletions = [drafts[key] for level in ordered.levels for key in level if drafts[key].deletes]
    asked = situation.intent.asked_to_delete
    pruned: defaultdict[str, list[ResourceKey]] = defaultdict(list)
    for draft in deletions:
        if draft.key not in asked and _goes(draft):
            pruned[draft.application.name].append(draft.key)
    blocks = over_caps(pruned, _inventories(situation), _under_way(situation))
    for draft in deletions:
        if draft.key in blocks:
            draft.block(blocks[draft.key])
        staying = [
            other
            for other in situation.intent.referrers(draft.key)
            if not _lets_go(drafts.get(other), draft.key)
        ]
        block = is_referred_to(staying)
        if block is not None:
            draft.block(block)


def _lets_go(draft: Draft | None, key: ResourceKey) -> bool:
    """Whether a referrer is deleted or changed so that it does not refer any more."""
    if draft is None or not draft.writes or any(step.blocked for step in draft.steps):
        return False
    return draft.deletes or key not in draft.after


def _inventories(situation: Situation) -> dict[str, int]:
    return {
        application.name: sum(len(state.inventory) for state in application.states.values())
        for application in situation.applications.values()
    }


def _under_way(situation: Situation) -> Counter[str]:
    """Deletions of our objects that finalizers still hold: they count towards the cap."""
    found: Counter[str] = Counter()
    for subject in situation.subjects:
        if subject.found is None or not subject.found.deleting:
            continue
        for application in situation.applications.values():
            state = application.states.get(subject.key.cluster)
            if state is not None and subject.key in state.inventory:
                found[application.name] += 1
    return found


def _block_what_waits(drafts: Mapping[ResourceKey, Draft], ordered: Order) -> None:
    """What needs a step that may not run may not run either; level by level, so that it carries on.

    A resource is written whole or not at all: one step of it that is blocked blocks the others.
    """
    for level in ordered.levels:
        for key in level:
            draft = drafts[key]
            _keep_whole(draft)
            waits_for = next((one for one in ordered.needs[key] if _cannot_wait(draft, drafts[one])), None)
            if waits_for is not None:
                text = f"it waits for {waits_for.kind}/{waits_for.name}, which is blocked"
                draft.block(Block("waits", text, "see to that first"))


def _cannot_wait(draft: Draft, needed: Draft) -> bool:
    """Whether something that has to come first may not run, and what it leaves behind is not good enough."""
    if not any(step.blocked and step.verb.writes for step in needed.steps):
        return False
    only_refers = not draft.deletes and needed.key in draft.after and not draft.claims & needed.claimed
    return not (only_refers and needed.subject.found is not None and not needed.deletes)


def _keep_whole(draft: Draft) -> None:
    stopped = next((step for step in draft.steps if step.blocked and step.verb.writes), None)
    for at, step in enumerate(draft.steps):
        if stopped is not None and step.verb.writes and not step.blocked:
            draft.block_step(at, Block("waits", f"its {stopped.verb.value} is blocked", "see to that first"))


# --- putting it together -----------------------------------------------------------------------------


def _numbered(drafts: Mapping[ResourceKey, Draft], ordered: Order) -> tuple[Step, ...]:
    """Every step with its level and what it comes after; what writes nothing comes first."""
    level_of = ordered.level_of()
    last = {key: _last_writing(draft) for key, draft in drafts.items()}
    out: list[tuple[int, ResourceKey, int, Step]] = []
    for key, draft in drafts.items():
        level = level_of.get(key, 0)
        earlier = tuple(
            name for needed in ordered.needs.get(key, ()) if (name := last.get(needed)) is not None
        )
        for at, step in enumerate(draft.steps):
            own = earlier if step.verb.writes and not step.after else ()
            out.append((level, key, at, replace(step, level=level, after=(*own, *step.after))))
    return tuple(step for _, _, _, step in sorted(out, key=lambda one: one[:3]))


def _last_writing(draft: Draft) -> str | None:
    runs = [step.id for step in draft.steps if step.runs]
    return runs[-1] if runs else None


def _inputs(drafts: Iterable[Draft], situation: Situation) -> Inputs:
    objects = [
        ObjectVersion(draft.key, draft.subject.found.uid, draft.subject.found.resource_version)
        for draft in drafts
        if draft.subject.found is not None
    ]
    intent = situation.intent
    return Inputs(
        tuple(sorted(intent.revisions)),
        tuple(sorted(objects, key=lambda one: one.key)),
        (),
        intent.rules,
    )


def _notes(drafts: Iterable[Draft], situation: Situation) -> Iterable[str]:
    """What is left undone as a whole."""
    kept: Counter[str] = Counter()
    for draft in drafts:
        if any(step.verb is Verb.SKIP for step in draft.steps) and draft.subject.wanted is None:
            kept[draft.application.name] += 1
    for name, count in sorted(kept.items()):
        application = situation.applications.get(name, ApplicationFacts(name))
        if not application.prune:
            one = count == 1
            yield (
                f"{count} resource{'' if one else 's'} of {name} that Git no longer defines "
                f"{'stays' if one else 'stay'}: pruning is off"
            )
