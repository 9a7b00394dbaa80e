"""What an inventory lacks and what it holds in vain, as steps of their own: seen, confirmed, noted.

An object that carries our mark and is not in the inventory (the process was ended before it could be noted,
the state was lost) would never be pruned. An entry whose object is gone counts against the brakes of pruning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.cluster.shared_document import SharedState
from reconciler.engine.acting.shared import NEVER_PRUNED, Where
from reconciler.engine.planning.draft import version_of
from reconciler.engine.planning.marks import marked_for
from reconciler.engine.planning.subjects import Situation, Subject
from reconciler.model.steps import Stage, Step, Verb, step_id


def inventory_steps(situation: Situation, states: Mapping[Where, SharedState]) -> tuple[Step, ...]:
    """Find what has to be noted.

    Args:
        situation: what the plan is made from.
        states: the shared states that could be read.
    """
    return tuple(step for subject in situation.subjects for step in _steps(subject, situation, states))


def _steps(subject: Subject, situation: Situation, states: Mapping[Where, SharedState]) -> Iterator[Step]:
    key, found = subject.key, subject.found
    if subject.unreadable or key.kind in NEVER_PRUNED:
        return
    if found is not None:
        application = subject.wanted.application if subject.wanted is not None else ""
        state = states.get((application, key.cluster))
        if state is None or key in state.inventory or found.owner != "gko-tui":
            return
        ours = found.body is None or marked_for(found.metadata, key) == application
        if ours and _may(application, situation):
            yield _step(subject, Verb.UPDATE, application, "it carries our mark and is in no inventory")
        return
    if subject.wanted is not None:
        return
    for name in _applications(states, key.cluster):
        if key in states[name, key.cluster].inventory and _may(name, situation):
            yield _step(subject, Verb.REMOVE, name, "it is gone from the cluster, and Git does not define it")


def _applications(states: Iterable[Where], cluster: str) -> list[str]:
    return sorted(application for application, where in states if where == cluster)


def _may(application: str, situation: Situation) -> bool:
    """The loop writes nothing for what it only observes."""
    facts = situation.applications.get(application)
    return not situation.by_loop or (facts is not None and facts.mode in ("heal", "sync"))


def _step(subject: Subject, verb: Verb, application: str, reason: str) -> Step:
    wanted = subject.wanted
    return Step(
        step_id(Stage.SHARED_STATE, verb, subject.key) + f"@{application}",
        Stage.SHARED_STATE,
        verb,
        subject.key,
        reason,
        application=application,
        content=wanted.content if wanted is not None else None,
        preconditions=(version_of(subject.found),) if subject.found is not None else (),
    )
