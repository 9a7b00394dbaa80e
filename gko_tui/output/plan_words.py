"""The words for plans, steps and what came of them: the command line and the terminal both say these.

Nothing is laid out here; texts are safe to print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from gko_tui.view.words import counted
from reconciler.model.plan import Plan
from reconciler.model.steps import Confirmation, Did, FieldOwner, Outcome, Risk, Stage, Step, Verb
from reconciler.model.verdicts import ExitCode, Family
from reconciler.rules.text import printable

MANY = 3
"""From so many on, steps with one obstacle are told together."""
MAX_OWNERS = 6
_RISKY = frozenset({Risk.MEDIUM, Risk.HIGH})

STAGE_WORDS = {
    Stage.CLUSTER: "cluster",
    Stage.CONTROL_PLANE: "control plane",
    Stage.GATEWAY_WAIT: "gateways",
    Stage.SHARED_STATE: "shared state",
    Stage.LEDGER: "ledger",
}
"""Where a step acts, as it is written in sentences."""

_VERB_FAMILIES = {
    Verb.CREATE: Family.GOOD,
    Verb.UPDATE: Family.GOOD,
    Verb.MIGRATE_OWNERS: Family.GOOD,
    Verb.REMOVE: Family.DRIFT,
    Verb.REPLACE: Family.BAD,
    Verb.DELETE: Family.BAD,
    Verb.BLOCKED: Family.BAD,
    Verb.WAIT: Family.MOVING,
}

DID_FAMILIES = {
    Did.CREATED: Family.GOOD,
    Did.CONFIGURED: Family.GOOD,
    Did.UNCHANGED: Family.UNKNOWN,
    Did.DELETED: Family.GOOD,
    Did.SKIPPED: Family.DRIFT,
    Did.FAILED: Family.BAD,
    Did.UNKNOWN: Family.BAD,
}
"""How good it is that a step ended so."""

EXIT_WORDS = {
    ExitCode.IN_SYNC: "done, and seen at every place asked for",
    ExitCode.CHANGES: "done, but not yet seen at every place",
    ExitCode.BLOCKED: "something was blocked or not confirmed, and was left as it is",
    ExitCode.ERROR: "something failed, or it was stopped before its end",
}
"""What the exit code of a write means (ENGINE §5)."""

STOPPING = "steps that were begun are finished, no other is begun"
ENDED_INSIDE = "it was ended while this ran or waited"


# --- counting ------------------------------------------------------------------------------------


def summary(plan: Plan) -> dict[str, int]:
    """How many steps carry each word; every word is there, from zero."""
    counts = Counter(step.word for step in plan.steps)
    return {verb.value: counts[verb.value] for verb in Verb}


def summary_line(plan: Plan) -> str:
    """How many steps there are of each word, the unchanged ones last: `2 create, 1 blocked; 12 unchanged`."""
    counts = {word: count for word, count in summary(plan).items() if count}
    unchanged = counts.pop(Verb.NOOP.value, 0)
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    rest = f"{unchanged} unchanged" if unchanged else ""
    if not counts:
        return f"nothing to do; {rest}" if rest else "nothing to do"
    return f"{said}; {rest}" if rest else said


def outcome_summary(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many steps ended in each way; every way is there, from zero."""
    counts = Counter(outcome.did for outcome in outcomes)
    return {did.value: counts[did] for did in Did}


def outcome_summary_line(outcomes: Iterable[Outcome]) -> str:
    """How many steps ended in each way: `2 created, 1 failed; 12 unchanged`."""
    counts = {word: count for word, count in outcome_summary(outcomes).items() if count}
    unchanged = counts.pop(Did.UNCHANGED.value, 0)
    said = ", ".join(f"{count} {word}" for word, count in counts.items()) or "nothing was written"
    return f"{said}; {unchanged} unchanged" if unchanged else said


# --- what is asked -------------------------------------------------------------------------------


def by_phrase(confirmations: Iterable[Confirmation]) -> dict[str, list[str]]:
    """What each phrase is asked for; one phrase answers all that ask for it."""
    whys: dict[str, list[str]] = {}
    for one in confirmations:
        have = whys.setdefault(one.phrase, [])
        if one.why not in have:
            have.append(one.why)
    return whys


def repr_of(phrase: str) -> str:
    """A phrase in quotes, safe to print."""
    return f'"{printable(phrase)}"'


# --- one step ------------------------------------------------------------------------------------


def step_name(step: Step) -> str:
    """The resource of a step as people type it, safe to print."""
    return printable(str(step.key))


def family_of(step: Step) -> Family:
    """How grave a step is."""
    return Family.BAD if step.blocked else _VERB_FAMILIES.get(step.verb, Family.UNKNOWN)


def reason_of(step: Step) -> str:
    """Why a step stands in the plan, and its risk where there is one worth a word."""
    said = printable(step.reason)
    if step.risk not in _RISKY:
        return said
    return f"{said} ({step.risk.value} risk)" if said else f"{step.risk.value} risk"


def obstacles_of(step: Step) -> list[str]:
    """What keeps a step from running, and what to do; a reason that stands beside the step is left out."""
    said = [f"would {step.verb.value}"] if step.blocked and step.verb is not Verb.BLOCKED else []
    for block in step.blocked:
        if block.text == step.reason:
            said.append(printable(block.next_step))
            continue
        next_step = f"; {block.next_step}" if block.next_step else ""
        said.append(printable(f"{block.text}{next_step}"))
    return [text for text in said if text]


def takes_of(owners: Sequence[FieldOwner]) -> list[str]:
    """Fields of others that a step overrules, by who owns them."""
    paths: dict[str, list[str]] = {}
    for one in owners:
        paths.setdefault(one.manager, []).append(one.path.lstrip("."))
    said = []
    for manager, taken in paths.items():
        named = ", ".join(map(printable, taken[:MAX_OWNERS]))
        more = f" and {len(taken) - MAX_OWNERS} more" if len(taken) > MAX_OWNERS else ""
        said.append(f"takes {named}{more} from {printable(manager)}")
    return said


def alike(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """The steps in their order; those that one thing blocks on one cluster stand together."""
    for (_, folds), group in groupby(steps, key=lambda step: (step.level, _one_obstacle(step))):
        together = list(group)
        if folds is not None and len(together) >= MANY:
            yield together
        else:
            yield from ([step] for step in together)


def _one_obstacle(step: Step) -> tuple[object, ...] | None:
    if step.verb is not Verb.BLOCKED or step.changes or step.warnings:
        return None
    return (step.key.cluster, step.stage, step.reason, step.blocked)


# --- what came of it -----------------------------------------------------------------------------


def message_of(outcome: Outcome) -> str:
    """What a step's end says, and what to do about it."""
    return "; ".join(printable(text) for text in (outcome.message, outcome.next_step) if text)


def next_words(plan: Plan, ended: Container[str]) -> str:
    """The first step that runs and has not ended, by its id: it is under way, or comes next."""
    waiting = next((step for step in plan.steps if step.runs and step.id not in ended), None)
    if waiting is None:
        return ""
    return f"{waiting.verb.value} {STAGE_WORDS[waiting.stage]} {step_name(waiting)}"


def left_steps(plan: Plan, outcomes: Iterable[Outcome]) -> Mapping[str, list[Step]]:
    """What a plan that was stopped has left undone or open, by the words for it; empty lists are left out."""
    ended = {outcome.step: outcome.did for outcome in outcomes}
    runs = [step for step in plan.steps if step.runs]
    left = {
        "not done": [step for step in runs if ended.get(step.id) is Did.SKIPPED],
        "perhaps done, look before you write again": [
            step for step in runs if ended.get(step.id, Did.UNKNOWN) is Did.UNKNOWN
        ],
    }
    return {f"{words}: {counted(len(steps), 'step')}": steps for words, steps in left.items() if steps}
