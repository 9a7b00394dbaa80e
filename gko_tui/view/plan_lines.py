"""The page of a plan: what it is about, its steps with their diff, and what came of each as it comes.

Words and steps are those of the command line (`gko_tui.output.plan_words`, `plan_steps`). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gko_tui.output.plan_steps import Look, groups_of, place_lines
from gko_tui.output.plan_words import (
    DID_FAMILIES,
    EXIT_WORDS,
    STAGE_WORDS,
    by_phrase,
    family_of,
    left_steps,
    message_of,
    outcome_summary_line,
    repr_of,
    step_name,
    summary_line,
)
from gko_tui.view.lines import EMPTY, Line, safe, wrapped
from gko_tui.view.plan_asked import Asked
from gko_tui.view.words import FAMILY_TOKENS, Marks
from reconciler.model.plan import Plan
from reconciler.model.rows import Row
from reconciler.model.steps import Did, Outcome, Step, Verb
from reconciler.model.verdicts import ExitCode, Place, Verdict

MOST_LISTED = 20
_ALL_CHANGES = 1000
_MOST_ROWS = 5
_MOST_OF_LINE = 3
_NO_STEP = {
    Verdict.UNMANAGED: "No resource defines it, and no plan touches what was never ours.",
    Verdict.ORPHAN: (
        "Nothing defines it any longer. A plan deletes it only where pruning is on and it stands in the "
        "inventory; from a cluster it is deleted by name: gko-tui delete."
    ),
    Verdict.FAILED: "What refuses it is named above: that has to be corrected first.",
    Verdict.CONTENDED: "Two writers fight over it: one of them has to stop first.",
}
"""Why no step concerns a resource, by its state."""
_EXIT_STYLES = {
    ExitCode.IN_SYNC: "state-ok bold",
    ExitCode.CHANGES: "state-drift bold",
    ExitCode.BLOCKED: "state-drift bold",
}


class PlanPage:
    """The steps of a plan as lines, into which outcomes are written as they come.

    Args:
        plan: what is shown.
        width: cells of a line.
        marks: the characters.
        name: the plan's short id where it is known: working it out takes a moment for thousands of steps.
    """

    def __init__(self, plan: Plan, width: int, marks: Marks, name: str = "") -> None:
        self.name = name or plan.short_id
        self._look = Look(width, marks, _ALL_CHANGES, _ALL_CHANGES, "gko-tui plan -o json has")
        self._groups = groups_of(plan)
        self._group_of = {
            step.id: number for number, group in enumerate(self._groups) for step in group.steps
        }
        self._blocks = [group.lines(self._look) for group in self._groups]
        self._notes: list[Line] = []
        for note in plan.notes:
            self._notes += wrapped(f"note: {note}", "text", width, hanging="  ")

    def note(self, outcomes: Mapping[str, Outcome], steps: Iterable[str]) -> None:
        """Write what came of some steps; `outcomes` holds all that are known."""
        look = replace(self._look, outcomes=outcomes)
        for number in {self._group_of[step] for step in steps if step in self._group_of}:
            self._blocks[number] = self._groups[number].lines(look)

    def text(self, head: Sequence[Line]) -> tuple[list[Line], tuple[int, ...]]:
        """The whole page below a head, and the line numbers at which steps begin."""
        lines, stops = [*head, EMPTY], []
        for block in self._blocks:
            stops.append(len(lines))
            lines += block
        if self._notes:
            lines += [EMPTY, *self._notes] if self._blocks else self._notes
        return lines, tuple(stops)


# --- before it runs ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Around:
    """What is known besides a plan.

    Args:
        width: cells of a line.
        marks: the characters.
        name: the plan's short id.
        rows: the newest rows of what was asked for, as far as they are known.
        operator: who writes across the control-plane hop of a cluster (`gko`, `gko-tui`, `auto`).
    """

    width: int
    marks: Marks
    name: str
    rows: Sequence[Row] = ()
    operator: Callable[[str], str] = lambda _cluster: "gko"


def title_lines(plan: Plan, asked: Asked, around: Around) -> list[Line]:
    """The plan's name, what it is about, and what it was made from."""
    what = str(asked.key) if asked.key is not None else asked.title
    lines = wrapped(f"plan {around.name}  {plan.purpose}  {what}", "title bold", around.width, hanging="  ")
    made_from = ", ".join(f"{safe(source)} {revision[:7]}" for source, revision in plan.inputs.revisions[:3])
    count = summary_line(plan)
    lines.append(((count, "text"), (f"   from {made_from}" if made_from else "", "quiet")))
    return lines


def read_head(plan: Plan, asked: Asked, around: Around) -> list[Line]:
    """What stands over a plan that may be read: its name, what it asks for, and why it does nothing."""
    lines = title_lines(plan, asked, around)
    for phrase, whys in by_phrase(plan.confirmations).items():
        said = f"asks for {repr_of(phrase)}: {'; '.join(map(safe, whys))}"
        lines += wrapped(said, "protected bold", around.width, hanging="  ")
    if not plan.runnable:
        lines += _nothing(plan, around)
    elif len(plan.runnable) < sum(step.verb is not Verb.NOOP for step in plan.steps):
        lines += _would_run(plan.runnable, around)
    return lines


def _would_run(steps: Sequence[Step], around: Around) -> list[Line]:
    """What would be carried out, where it stands among steps that would not."""
    lines: list[Line] = [(("would be carried out:", "title"),)]
    for step in steps[:MOST_LISTED]:
        spans = (
            (f"  {step.verb.value}", FAMILY_TOKENS[family_of(step)]),
            (f"  {STAGE_WORDS[step.stage]}  ", "text"),
        )
        lines.append((*spans, (step_name(step), "text")))
    if len(steps) > MOST_LISTED:
        lines.append(((f"  {around.marks.cut} {len(steps) - MOST_LISTED} more", "text"),))
    return lines


def _nothing(plan: Plan, around: Around) -> list[Line]:
    """Why there is nothing to carry out."""
    rows = around.rows[:_MOST_ROWS]
    if plan.steps and (plan.blocked or any(step.verb is Verb.SKIP for step in plan.steps)):
        said = "Nothing can be carried out: each step below says why, and what would change that."
    elif rows and all(row.state is Verdict.SYNCED for row in around.rows):
        said = "Nothing to do: every place is as Git says."
    else:
        said = "Nothing to do here."
    lines: list[Line] = [*wrapped(said, "title", around.width)]
    for row in rows:
        if len(around.rows) > 1:
            lines.append(((safe(str(row.key)), "title bold"),))
        lines += _standing(row, around)
    for reason in dict.fromkeys(reason for row in rows for reason in _reasons(row, plan, around)):
        lines += wrapped(reason, "text", around.width)
    return lines


def _reasons(row: Row, plan: Plan, around: Around) -> Iterator[str]:
    """Why a plan does nothing about a row that is not in sync, where no step says it."""
    if any(step.key == row.key for step in plan.steps):
        return
    if row.state in _NO_STEP:
        yield _NO_STEP[row.state]
    elif row.control_plane.verdict not in (None, Verdict.SYNCED, Verdict.UNKNOWN):
        yield _whose_hop(around.operator(row.key.cluster))
    if any(row.cell(place).verdict is Verdict.UNKNOWN for place in Place):
        yield "Not everything could be read, so there may be more to do."


def _whose_hop(operator: str) -> str:
    if operator == "gko":
        return (
            "The hop to the control plane is GKO's here (operator: gko): it sends what changes on the "
            "cluster, and never looks again by itself."
        )
    return (
        f"The hop to the control plane has no step in this plan (operator: {safe(operator)}): gko-reconciler "
        "brings what changes on the cluster where it is in charge; gko-tui operator show says where."
    )


def _standing(row: Row, around: Around) -> list[Line]:
    """Where a resource stands, hop by hop, each within the width."""
    lines: list[Line] = []
    for line in place_lines(row, around.marks):
        head, (rest, style) = line[:-1], line[-1]
        said = rest.lstrip()
        head = (("  ", "text"), *head, (rest[: len(rest) - len(said)], style))
        used = sum(len(text) for text, _ in head)
        folded = wrapped(said, style, max(20, around.width - used), hanging="  ") if said else [EMPTY]
        lines.append((*head, *folded[0]))
        lines += [((" " * used, "text"), *more) for more in folded[1:]]
    return lines


# --- when it has ended ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Args:
        outcomes: of the steps that were told, in the plan's order.
        code: what the command line would exit with.
        stopped: whether it was told to stop before its end.
        problem: why it did not end as it should; empty where it did.
        notes: what went wrong beside the steps.
        line: the command line that does the same.
    """

    outcomes: Sequence[Outcome]
    code: ExitCode
    stopped: bool = False
    problem: str = ""
    notes: Sequence[str] = ()
    line: str = ""


def ended_head(plan: Plan, asked: Asked, ended: Ended, around: Around) -> list[Line]:
    """What came of a plan: counts, the exit code in words, failures first, what is left, where it stands."""
    width = around.width
    what = str(asked.key) if asked.key is not None else asked.title
    word = "stopped" if ended.stopped else "ended"
    lines = wrapped(f"plan {around.name} {word}  {plan.purpose}  {what}", "title bold", width, hanging="  ")
    count = outcome_summary_line(ended.outcomes)
    meaning = f"{count}. Exit code {int(ended.code)}: {EXIT_WORDS.get(ended.code, '')}"
    lines += wrapped(meaning, _EXIT_STYLES.get(ended.code, "state-error bold"), width)
    if ended.problem:
        lines += wrapped(ended.problem, "state-error", width, hanging="  ")
    steps = {step.id: step for step in plan.steps}
    for did in (Did.FAILED, Did.UNKNOWN):
        lines += _bad(did, ((steps[one.step], one) for one in ended.outcomes if one.did is did), around)
    for said, left in left_steps(plan, ended.outcomes).items() if ended.outcomes else ():
        lines += _left(said, left, {one.step: one for one in ended.outcomes}, around)
    for note in ended.notes:
        lines += wrapped(f"note: {note}", "state-drift", width, hanging="  ")
    for row in around.rows if len(around.rows) == 1 else ():
        lines += [((f"{safe(row.key.name)} now:", "title"),), *_standing(row, around)]
    same = wrapped(ended.line, "quiet", width, hanging="  ") if ended.line else []
    if len(same) > _MOST_OF_LINE:
        same = [*same[:_MOST_OF_LINE], ((f"  {around.marks.cut} C copies it whole", "quiet"),)]
    return [*lines, *same]


def _bad(did: Did, steps: Iterable[tuple[Step, Outcome]], around: Around) -> list[Line]:
    lines: list[Line] = []
    style = FAMILY_TOKENS[DID_FAMILIES[did]]
    for number, (step, outcome) in enumerate(steps):
        if number == MOST_LISTED:
            lines.append(((f"{around.marks.cut} more {did.value}, at their steps below", style),))
            break
        name = f"{did.value}  {step.verb.value}  {step_name(step)}"
        lines += wrapped(name, f"{style} bold", around.width, hanging="  ")
        said = message_of(outcome)
        lines += wrapped(said, "text", around.width, indent="  ") if said else []
    return lines


def _left(said: str, steps: Sequence[Step], outcomes: Mapping[str, Outcome], around: Around) -> list[Line]:
    lines = wrapped(said, "state-drift bold", around.width)
    for step in steps[:MOST_LISTED]:
        why = message_of(outcomes[step.id]) if step.id in outcomes else ""
        text = f"{step.verb.value}  {step_name(step)}"
        lines += wrapped(f"{text}: {why}" if why else text, "text", around.width, indent="  ")
    if len(steps) > MOST_LISTED:
        lines.append(((f"  {around.marks.cut} {len(steps) - MOST_LISTED} more", "text"),))
    return lines
