"""A plan for people: its steps in their order, what each would change, what stands in its way, what is asked.

Values are shown in the direction of the write, `now → then`; the diff shows them from left to right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from gko_tui.output.cells import cells, fitted, padded
from gko_tui.output.console import Console
from gko_tui.output.diff_table import MAX_ONE_LINE, MAX_TREE_LINES, value_text
from gko_tui.output.plan_document import summary
from gko_tui.view.words import counted
from reconciler.model.changes import ABSENT, Change, ChangeKind, Redacted, path_text
from reconciler.model.plan import Plan
from reconciler.model.steps import Confirmation, FieldOwner, Risk, Stage, Step, Verb
from reconciler.model.verdicts import Family
from reconciler.rules.text import document_lines, printable

MAX_CHANGES = 40
"""So many changes of one step are shown; `-o json` has all of them."""
MAX_OWNERS = 6
MANY = 3
"""From so many on, steps with one obstacle are told together."""
_ANY_WIDTH = 10_000
_BELOW = " " * 6
_RISKY = frozenset({Risk.MEDIUM, Risk.HIGH})

STAGE_WORDS = {
    Stage.CLUSTER: "cluster",
    Stage.CONTROL_PLANE: "control plane",
    Stage.GATEWAY_WAIT: "gateways",
    Stage.SHARED_STATE: "shared state",
    Stage.LEDGER: "ledger",
}
"""Where a step acts, as it is written in sentences."""

_FAMILIES = {
    Verb.CREATE: Family.GOOD,
    Verb.UPDATE: Family.GOOD,
    Verb.MIGRATE_OWNERS: Family.GOOD,
    Verb.REMOVE: Family.DRIFT,
    Verb.REPLACE: Family.BAD,
    Verb.DELETE: Family.BAD,
    Verb.BLOCKED: Family.BAD,
    Verb.WAIT: Family.MOVING,
}


def plan_lines(plan: Plan, console: Console) -> list[str]:
    """A whole plan.

    Args:
        plan: what would be done.
        console: what can be shown.

    Returns:
        the plan's name, its steps by level, notes, what has to be typed, and one line that counts; without
        line ends.
    """
    lines = [f"{console.strong(f'plan {plan.short_id}')}  {printable(plan.purpose)}"]
    shown = [step for step in plan.steps if step.verb is not Verb.NOOP or step.blocked]
    words = max((cells(step.word) for step in shown), default=0)
    stages = max((cells(STAGE_WORDS[step.stage]) for step in shown), default=0)
    number, level = 0, None
    for alike in _alike(shown):
        if alike[0].level != level:
            number, level = number + 1, alike[0].level
        lines += _step_lines(alike, number, words, stages, console)
    lines += [f"note: {printable(note)}" for note in plan.notes]
    lines += confirmation_lines(plan.confirmations, console)
    return [*lines, summary_line(plan)]


def summary_line(plan: Plan) -> str:
    """How many steps there are of each word, the unchanged ones last: `2 create, 1 blocked; 12 unchanged`."""
    counts = {word: count for word, count in summary(plan).items() if count}
    unchanged = counts.pop(Verb.NOOP.value, 0)
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    rest = f"{unchanged} unchanged" if unchanged else ""
    if not counts:
        return f"nothing to do; {rest}" if rest else "nothing to do"
    return f"{said}; {rest}" if rest else said


def confirmation_lines(confirmations: Iterable[Confirmation], console: Console) -> list[str]:
    """What has to be typed, and why: one line for each phrase."""
    return [
        f"asks for {console.strong(repr_of(phrase))}: {'; '.join(map(printable, whys))}"
        for phrase, whys in by_phrase(confirmations).items()
    ]


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


def step_name(step: Step) -> str:
    """The resource of a step as people type it, safe to print."""
    return printable(str(step.key))


# --- one step ------------------------------------------------------------------------------------


def _alike(steps: Sequence[Step]) -> Iterator[list[Step]]:
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


def _step_lines(alike: Sequence[Step], number: int, words: int, stages: int, console: Console) -> list[str]:
    step = alike[0]
    family = Family.BAD if step.blocked else _FAMILIES.get(step.verb, Family.UNKNOWN)
    word = console.family(step.word, family) + " " * (words - cells(step.word))
    stage = padded(STAGE_WORDS[step.stage], stages)
    name = step_name(step) if len(alike) == 1 else f"{printable(step.key.cluster)}: {len(alike)} resources"
    width = 7 + words + stages + 2 + cells(name)
    head = f"{number:>3}  {word}  {stage}  {console.strong(name)}"
    said = printable(step.reason)
    if step.risk in _RISKY:
        said = f"{said} ({step.risk.value} risk)" if said else f"{step.risk.value} risk"
    below: list[str] = []
    if said and (console.width is None or width + 2 + cells(said) <= console.width):
        head = f"{head}  {console.quiet(said)}"
    elif said:
        below = [console.quiet(part) for part in _folded(said, console)]
    if step.blocked and step.verb is not Verb.BLOCKED:
        below.append(f"would {step.verb.value}")
    for block in step.blocked:
        if block.text == step.reason:  # it stands in the head already
            below += _folded(printable(block.next_step), console)
            continue
        next_step = f"; {block.next_step}" if block.next_step else ""
        below += _folded(printable(f"{block.text}{next_step}"), console)
    if len(alike) > 1:
        names = [printable(str(one.key).removeprefix(f"{one.key.cluster}:")) for one in alike]
        below += [console.quiet(fitted(name, _room(console), console.marks.cut)) for name in names]
    below += _change_lines(step.changes, console)
    below += _owner_lines("takes", step.takes, console)
    for warning in step.warnings:
        below += _folded(f"{console.marks.warn} {printable(warning)}", console)
    return [head, *(f"{_BELOW}{line}" for line in below)]


def _owner_lines(word: str, owners: Sequence[FieldOwner], console: Console) -> list[str]:
    """Fields of others that the step overrules, by who owns them."""
    paths: dict[str, list[str]] = {}
    for one in owners:
        paths.setdefault(one.manager, []).append(one.path.lstrip("."))
    lines: list[str] = []
    for manager, taken in paths.items():
        named = ", ".join(map(printable, taken[:MAX_OWNERS]))
        more = f" and {len(taken) - MAX_OWNERS} more" if len(taken) > MAX_OWNERS else ""
        lines += _folded(f"{word} {named}{more} from {printable(manager)}", console)
    return lines


def _change_lines(changes: Sequence[Change], console: Console) -> list[str]:
    lines: list[str] = []
    for change in changes[:MAX_CHANGES]:
        lines += _change(change, console)
    if len(changes) > MAX_CHANGES:
        left_out = counted(len(changes) - MAX_CHANGES, "change")
        lines.append(f"{console.marks.cut} {left_out} more; -o json has them")
    return lines


def _change(change: Change, console: Console) -> list[str]:
    """One field: what stands there now, what will."""
    path = printable(path_text(change.path))
    who = console.quiet(f"  ({printable(change.manager)})") if change.manager else ""
    if change.kind is ChangeKind.MOVED:
        return [f"{path}  moved{who}"]
    now, then = change.right, change.left
    if _is_tree(now) or _is_tree(then):
        return [f"{path}{who}", *_tree("-", now, "33", console), *_tree("+", then, "34", console)]
    if isinstance(now, Redacted) and isinstance(then, Redacted):
        return [f"{path}  {console.styled(f'{then} changes', '34')}{who}"]
    parts = [f"- {value_text(now)}" if now is not ABSENT else "", f"+ {value_text(then)}"]
    if then is ABSENT:
        parts.pop()
    texts = [part for part in parts if part]
    width, styles = _room(console), {"-": "33", "+": "34"}
    if cells(path) + sum(2 + cells(text) for text in texts) <= width:
        return ["  ".join([path, *(console.styled(text, styles[text[0]]) for text in texts)]) + who]
    cut = console.marks.cut
    return [
        f"{fitted(path, width, cut)}{who}",
        *(f"  {console.styled(fitted(text, width - 2, cut), styles[text[0]])}" for text in texts),
    ]


def _is_tree(value: object) -> bool:
    return isinstance(value, (dict, list, tuple)) and len(value_text(value)) > MAX_ONE_LINE


def _tree(sign: str, value: object, code: str, console: Console) -> list[str]:
    """A whole subtree as YAML below its path."""
    if value is ABSENT:
        return []
    lines = [line.removeprefix("  ") for line in document_lines({"it": value})[1:]] or [value_text(value)]
    if len(lines) > MAX_TREE_LINES:
        left_out = len(lines) - MAX_TREE_LINES
        lines = [*lines[:MAX_TREE_LINES], f"{console.marks.cut} {left_out} lines more; -o json has them"]
    lines = [fitted(line, _room(console) - 4, console.marks.cut) for line in lines]
    return [f"  {console.styled(f'{sign} {line}', code)}" for line in lines]


def _room(console: Console) -> int:
    """The cells that a line below a step may take."""
    return _ANY_WIDTH if console.width is None else max(20, console.width - cells(_BELOW))


def _folded(text: str, console: Console) -> list[str]:
    """Text below a step, broken at blanks where the console is narrow."""
    width = _room(console)
    if cells(text) <= width:
        return [text] if text else []
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and cells(lines[-1]) + 1 + cells(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines
