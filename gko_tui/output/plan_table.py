"""A plan for people on the command line: its steps, notes, what has to be typed, and one line that counts."""

from __future__ import annotations

from collections.abc import Iterable

from gko_tui.output.console import Console
from gko_tui.output.plan_steps import Look, groups_of
from gko_tui.output.plan_words import by_phrase, repr_of, summary_line
from gko_tui.view.lines import Line
from gko_tui.view.words import FAMILY_TOKENS
from reconciler.model.plan import Plan
from reconciler.model.steps import Confirmation
from reconciler.rules.text import printable

_FAMILIES = {token: family for family, token in FAMILY_TOKENS.items()}
_CODES = {"title bold": "1", "quiet": "2", "diff-del": "33", "diff-add": "34"}


def plan_lines(plan: Plan, console: Console) -> list[str]:
    """A whole plan.

    Args:
        plan: what would be done.
        console: what can be shown.

    Returns:
        the plan's name, its steps by level, notes, what has to be typed, and one line that counts; without
        line ends.
    """
    look = Look(console.width, console.marks)
    lines = [f"{console.strong(f'plan {plan.short_id}')}  {printable(plan.purpose)}"]
    lines += [painted(line, console) for group in groups_of(plan) for line in group.lines(look)]
    lines += [f"note: {printable(note)}" for note in plan.notes]
    lines += confirmation_lines(plan.confirmations, console)
    return [*lines, summary_line(plan)]


def confirmation_lines(confirmations: Iterable[Confirmation], console: Console) -> list[str]:
    """What has to be typed, and why: one line for each phrase."""
    return [
        f"asks for {console.strong(repr_of(phrase))}: {'; '.join(map(printable, whys))}"
        for phrase, whys in by_phrase(confirmations).items()
    ]


def painted(line: Line, console: Console) -> str:
    """A styled line as a terminal without screens shows it."""
    return "".join(_painted(text, style, console) for text, style in line)


def _painted(text: str, style: str, console: Console) -> str:
    if style in _FAMILIES:
        return console.family(text, _FAMILIES[style])
    return console.styled(text, _CODES[style]) if style in _CODES else text
