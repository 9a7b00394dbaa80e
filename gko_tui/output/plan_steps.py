"""The steps of a plan as styled lines: what the command line prints and the terminal's page shows.

Values are shown in the direction of the write, `now → then`; the diff shows them from left to right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gko_tui.output.cells import cells, fitted, padded
from gko_tui.output.diff_table import MAX_ONE_LINE, MAX_TREE_LINES, value_text
from gko_tui.output.plan_words import (
    DID_FAMILIES,
    STAGE_WORDS,
    alike,
    family_of,
    message_of,
    obstacles_of,
    reason_of,
    step_name,
    takes_of,
)
from gko_tui.view.lines import Line, Span
from gko_tui.view.words import FAMILY_TOKENS, PLACE_WORDS, Marks, counted
from reconciler.model.changes import ABSENT, Change, ChangeKind, Redacted, path_text
from reconciler.model.plan import Plan
from reconciler.model.rows import Row
from reconciler.model.steps import Did, Outcome, Step, Verb
from reconciler.model.verdicts import HOPS, Place, Verdict
from reconciler.rules.text import document_lines, printable

MAX_CHANGES = 40
"""So many changes of one step are shown on the command line; `-o json` has all of them."""
_ANY_WIDTH = 10_000
_BELOW: Span = (" " * 6, "text")
_PLACE_CELLS = max(map(len, PLACE_WORDS.values()))
_SIGN_STYLES = {"-": "diff-del", "+": "diff-add"}


@dataclass(frozen=True, slots=True)
class Look:
    """How a plan is to be shown.

    Args:
        width: cells of a line; None where lines may be as long as they like.
        marks: the characters.
        most_changes: how many changes of one step are shown.
        most_lines: how many lines of one value are shown.
        elsewhere: where what was cut can be read.
        outcomes: what has come of steps so far, by their ids.
    """

    width: int | None
    marks: Marks
    most_changes: int = MAX_CHANGES
    most_lines: int = MAX_TREE_LINES
    elsewhere: str = "-o json has"
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def room(self) -> int:
        """The cells that a line below a step may take."""
        return _ANY_WIDTH if self.width is None else max(20, self.width - cells(_BELOW[0]))


@dataclass(frozen=True, slots=True)
class Group:
    """Steps that are told together, with the number of their level and the widths of the columns."""

    steps: tuple[Step, ...]
    number: int
    words: int
    stages: int

    def lines(self, look: Look) -> list[Line]:
        """The head of the group, and everything below it."""
        step = self.steps[0]
        below = self._reason_below(look)
        for text in obstacles_of(step):
            below += _folded(text, "text", look)
        if len(self.steps) > 1:
            names = [printable(str(one.key).removeprefix(f"{one.key.cluster}:")) for one in self.steps]
            below += [((fitted(name, look.room, look.marks.cut), "quiet"),) for name in names]
        below += change_lines(step.changes, look)
        for text in takes_of(step.takes):
            below += _folded(text, "text", look)
        for warning in step.warnings:
            below += _folded(f"{look.marks.warn} {printable(warning)}", "text", look)
        below += self._outcome(look)
        return [self._head(look), *((_BELOW, *line) for line in below)]

    @property
    def _name(self) -> str:
        step = self.steps[0]
        if len(self.steps) == 1:
            return step_name(step)
        return f"{printable(step.key.cluster)}: {len(self.steps)} resources"

    def _fits(self, said: str, look: Look) -> bool:
        used = 7 + self.words + self.stages + 2 + cells(self._name)
        return look.width is None or used + 2 + cells(said) <= look.width

    def _head(self, look: Look) -> Line:
        step = self.steps[0]
        spans: list[Span] = [
            (f"{self.number:>3}  ", "text"),
            (step.word, FAMILY_TOKENS[family_of(step)]),
            (" " * (self.words - cells(step.word)), "text"),
            (f"  {padded(STAGE_WORDS[step.stage], self.stages)}  ", "text"),
            (self._name, "title bold"),
        ]
        said = reason_of(step)
        if said and self._fits(said, look):
            spans += [("  ", "text"), (said, "quiet")]
        return tuple(spans)

    def _reason_below(self, look: Look) -> list[Line]:
        said = reason_of(self.steps[0])
        return [] if self._fits(said, look) else _folded(said, "quiet", look)

    def _outcome(self, look: Look) -> list[Line]:
        """What came of a step; of one that was left out for the reason that stands above, nothing."""
        step = self.steps[0]
        outcome = look.outcomes.get(step.id)
        if outcome is None or step.verb is Verb.NOOP:
            return []
        known = {step.reason, *(block.text for block in step.blocked)}
        if outcome.did is Did.SKIPPED and outcome.message in known:
            return []
        said = message_of(outcome)
        word = f"{look.marks.arrow} {outcome.did.value}"
        return _folded(
            f"{word}: {said}" if said else word, f"{FAMILY_TOKENS[DID_FAMILIES[outcome.did]]} bold", look
        )


def groups_of(plan: Plan) -> list[Group]:
    """The steps of a plan as they are told; what is in sync already is only counted elsewhere."""
    shown = [step for step in plan.steps if step.verb is not Verb.NOOP or step.blocked]
    words = max((cells(step.word) for step in shown), default=0)
    stages = max((cells(STAGE_WORDS[step.stage]) for step in shown), default=0)
    groups: list[Group] = []
    number, level = 0, None
    for steps in alike(shown):
        if steps[0].level != level:
            number, level = number + 1, steps[0].level
        groups.append(Group(tuple(steps), number, words, stages))
    return groups


# --- what a step changes -------------------------------------------------------------------------


def change_lines(changes: Sequence[Change], look: Look) -> list[Line]:
    """What a step would change, field by field, as far as the look allows."""
    lines: list[Line] = []
    for change in changes[: look.most_changes]:
        lines += _change(change, look)
    if len(changes) > look.most_changes:
        left_out = counted(len(changes) - look.most_changes, "change")
        lines.append(((f"{look.marks.cut} {left_out} more; {look.elsewhere} them", "text"),))
    return (
        [tuple((_drawn(text), style) for text, style in line) for line in lines]
        if look.marks.ascii_only
        else lines
    )


def _drawn(text: str) -> str:
    """The brackets of what is redacted, in ASCII."""
    return text.replace("‹redacted›", "<redacted>")


def _change(change: Change, look: Look) -> list[Line]:
    """One field: what stands there now, what will."""
    path = printable(path_text(change.path))
    who: Line = ((f"  ({printable(change.manager)})", "quiet"),) if change.manager else ()
    if change.kind is ChangeKind.MOVED:
        return [((f"{path}  moved", "text"), *who)]
    now, then = change.right, change.left
    if _is_tree(now) or _is_tree(then):
        return [((path, "text"), *who), *_tree("-", now, look), *_tree("+", then, look)]
    if isinstance(now, Redacted) and isinstance(then, Redacted):
        return [((f"{path}  ", "text"), (f"{then} changes", "diff-add"), *who)]
    texts: list[Span] = [
        (f"{sign} {value_text(value)}", _SIGN_STYLES[sign])
        for sign, value in (("-", now), ("+", then))
        if value is not ABSENT
    ]
    if cells(path) + sum(2 + cells(text) for text, _ in texts) <= look.room:
        spans: list[Span] = [(path, "text")]
        for text in texts:
            spans += [("  ", "text"), text]
        return [(*spans, *who)]
    cut = look.marks.cut
    return [
        ((fitted(path, look.room, cut), "text"), *who),
        *((("  ", "text"), (fitted(text, look.room - 2, cut), style)) for text, style in texts),
    ]


def _is_tree(value: object) -> bool:
    return isinstance(value, (dict, list, tuple)) and len(value_text(value)) > MAX_ONE_LINE


def _tree(sign: str, value: object, look: Look) -> list[Line]:
    """A whole subtree as YAML below its path."""
    if value is ABSENT:
        return []
    lines = [line.removeprefix("  ") for line in document_lines({"it": value})[1:]] or [value_text(value)]
    if len(lines) > look.most_lines:
        left_out = len(lines) - look.most_lines
        cut = f"{look.marks.cut} {left_out} lines more; {look.elsewhere} them"
        lines = [*lines[: look.most_lines], cut]
    fitting = [fitted(line, look.room - 4, look.marks.cut) for line in lines]
    return [(("  ", "text"), (f"{sign} {line}", _SIGN_STYLES[sign])) for line in fitting]


def _folded(text: str, style: str, look: Look) -> list[Line]:
    """Text below a step, broken at blanks where there is little room."""
    if cells(text) <= look.room:
        return [((text, style),)] if text else []
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and cells(lines[-1]) + 1 + cells(word) > look.room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return [((line, style),) for line in lines]


# --- where it stands -----------------------------------------------------------------------------


def place_lines(row: Row, marks: Marks) -> list[Line]:
    """Where a resource stands now, hop by hop, and every cause of what is not Synced."""
    lines: list[Line] = []
    for hop in HOPS:
        cell = row.cell(hop)
        if cell.verdict is None:
            continue
        word = f"{marks.verdict(cell.verdict)} {cell.verdict.word}"
        count = f" {row.gateway_count}" if hop is Place.GATEWAY and row.gateway_count else ""
        causes = "" if cell.verdict is Verdict.SYNCED else "; ".join(map(printable, cell.causes))
        lines.append(
            (
                (f"{PLACE_WORDS[hop]:{_PLACE_CELLS}}  ", "text"),
                (word, FAMILY_TOKENS[cell.verdict.family]),
                (f"{count}{f': {causes}' if causes else ''}", "text"),
            )
        )
    return lines
