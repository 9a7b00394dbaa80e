"""A plan while it is carried out: a line for each step that ended; on a terminal also what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Self

from gko_tui.output.console import Console
from gko_tui.output.plan_steps import place_lines
from gko_tui.output.plan_table import painted
from gko_tui.output.plan_words import (
    DID_FAMILIES,
    STAGE_WORDS,
    STOPPING,
    left_steps,
    message_of,
    next_words,
    step_name,
)
from gko_tui.output.progress import Progress
from reconciler.model.plan import Plan
from reconciler.model.rows import Row
from reconciler.model.steps import Did, Outcome, Step, Verb

MAX_LISTED = 20

_WORD_CELLS = max(len(did.value) for did in Did)
_STAGE_CELLS = max(map(len, STAGE_WORDS.values()))


class PlanProgress:
    """Writes each outcome as it comes, and keeps them.

    Use it as a context manager: the live line is gone at the end, whatever happened.

    Args:
        plan: what is carried out.
        console: where to write; lines of steps go to standard output, the live line to standard error.
        lines: whether steps are written; programs get one document at the end instead.
    """

    def __init__(self, plan: Plan, console: Console, *, lines: bool) -> None:
        self._console = console
        self._lines = lines
        self._plan = plan
        self._live = Progress(console)
        self._runs = sum(step.runs for step in plan.steps)
        self._ended = 0
        self._stopping = False
        self.outcomes: dict[str, Outcome] = {}
        """What has ended so far, by the step's id."""

    async def told(self, step: Step, outcome: Outcome) -> None:
        """Take note of one step's end. A reader who went away keeps no plan from being carried out."""
        self.outcomes[step.id] = outcome
        self._ended += step.runs
        with suppress(OSError):  # the closed pipe is met again once the plan has ended
            if self._lines and step.verb is not Verb.NOOP:
                self._wipe()
                self._console.write(outcome_line(step, outcome, self._console) + "\n")
                self._console.out.flush()
            self._show()

    def stopping(self) -> None:
        """Say that no further step is begun."""
        self._stopping = True
        with suppress(OSError):  # the closed pipe is met again once the plan has ended
            self._wipe()
            self._console.warn(f"stopping: {STOPPING}; Ctrl-C again ends at once")
            self._show()

    def __enter__(self) -> Self:
        self._live.__enter__()
        self._show()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def _show(self) -> None:
        where = next_words(self._plan, self.outcomes)
        if not where or not self._console.progress:
            return
        word = "stopping, " if self._stopping else ""
        self._live(f"{word}{self._ended} of {self._runs}: {where}")

    def _wipe(self) -> None:
        if self._console.progress:
            self._live("")


def outcome_line(step: Step, outcome: Outcome, console: Console) -> str:
    """One step's end: `12:04:31  failed  cluster  prod-eu:ApiV4Definition/pay/a: why; what to do`."""
    at = datetime.fromtimestamp(outcome.at).astimezone().strftime("%H:%M:%S") if outcome.at else " " * 8
    word = outcome.did.value
    shown = console.family(word, DID_FAMILIES[outcome.did]) + " " * (_WORD_CELLS - len(word))
    head = f"{console.quiet(at)}  {shown}  {STAGE_WORDS[step.stage]:{_STAGE_CELLS}}  {step_name(step)}"
    said = message_of(outcome)
    return f"{head}: {said}" if said else head


def place_lines_of(row: Row, console: Console) -> list[str]:
    """Where a resource stands now, hop by hop, and every cause of what is not Synced."""
    return [painted(line, console) for line in place_lines(row, console.marks)]


def left_lines(plan: Plan, outcomes: Sequence[Outcome], console: Console) -> list[str]:
    """What a plan that was stopped has left undone or open, for people."""
    lines: list[str] = []
    for said, steps in left_steps(plan, outcomes).items():
        lines.append(said)
        lines += [f"  {step.verb.value}  {step_name(step)}" for step in steps[:MAX_LISTED]]
        if len(steps) > MAX_LISTED:
            lines.append(f"  {console.marks.cut} {len(steps) - MAX_LISTED} more")
    return lines
