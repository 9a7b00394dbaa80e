"""A plan while it is carried out: a line for each step that ended; on a terminal also what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Self

from gko_tui.output.console import Console
from gko_tui.output.plan_outcome import outcome_summary
from gko_tui.output.plan_table import STAGE_WORDS, step_name
from gko_tui.output.progress import Progress
from gko_tui.view.words import PLACE_WORDS, counted
from reconciler.model.plan import Plan
from reconciler.model.rows import Row
from reconciler.model.steps import Did, Outcome, Step, Verb
from reconciler.model.verdicts import HOPS, Family, Place, Verdict
from reconciler.rules.text import printable

MAX_LISTED = 20

_FAMILIES = {
    Did.CREATED: Family.GOOD,
    Did.CONFIGURED: Family.GOOD,
    Did.UNCHANGED: Family.UNKNOWN,
    Did.DELETED: Family.GOOD,
    Did.SKIPPED: Family.DRIFT,
    Did.FAILED: Family.BAD,
    Did.UNKNOWN: Family.BAD,
}
_WORD_CELLS = max(len(did.value) for did in Did)
_PLACE_CELLS = max(map(len, PLACE_WORDS.values()))
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
        self._steps = plan.steps
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
            self._console.warn(
                "stopping: steps that were begun are finished, no other is begun; Ctrl-C again ends at once"
            )
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
        waiting = next((step for step in self._steps if step.runs and step.id not in self.outcomes), None)
        if waiting is None or not self._console.progress:
            return
        word = "stopping, " if self._stopping else ""
        where = f"{waiting.verb.value} {STAGE_WORDS[waiting.stage]} {step_name(waiting)}"
        self._live(f"{word}{self._ended} of {self._runs}: {where}")

    def _wipe(self) -> None:
        if self._console.progress:
            self._live("")


def outcome_line(step: Step, outcome: Outcome, console: Console) -> str:
    """One step's end: `12:04:31  failed  cluster  prod-eu:ApiV4Definition/pay/a: why; what to do`."""
    at = datetime.fromtimestamp(outcome.at).astimezone().strftime("%H:%M:%S") if outcome.at else " " * 8
    word = outcome.did.value
    shown = console.family(word, _FAMILIES[outcome.did]) + " " * (_WORD_CELLS - len(word))
    head = f"{console.quiet(at)}  {shown}  {STAGE_WORDS[step.stage]:{_STAGE_CELLS}}  {step_name(step)}"
    said = "; ".join(printable(text) for text in (outcome.message, outcome.next_step) if text)
    return f"{head}: {said}" if said else head


def outcome_summary_line(outcomes: Sequence[Outcome]) -> str:
    """How many steps ended in each way: `2 created, 1 failed; 12 unchanged`."""
    counts = {word: count for word, count in outcome_summary(outcomes).items() if count}
    unchanged = counts.pop(Did.UNCHANGED.value, 0)
    said = ", ".join(f"{count} {word}" for word, count in counts.items()) or "nothing was written"
    return f"{said}; {unchanged} unchanged" if unchanged else said


def place_lines_of(row: Row, console: Console) -> list[str]:
    """Where a resource stands now, hop by hop, and every cause of what is not Synced."""
    lines = []
    for hop in HOPS:
        cell = row.cell(hop)
        if cell.verdict is None:
            continue
        word = console.family(
            f"{console.marks.verdict(cell.verdict)} {cell.verdict.word}", cell.verdict.family
        )
        count = f" {row.gateway_count}" if hop is Place.GATEWAY and row.gateway_count else ""
        causes = "" if cell.verdict is Verdict.SYNCED else "; ".join(map(printable, cell.causes))
        lines.append(f"{PLACE_WORDS[hop]:{_PLACE_CELLS}}  {word}{count}{f': {causes}' if causes else ''}")
    return lines


def left_lines(plan: Plan, outcomes: Sequence[Outcome], console: Console) -> list[str]:
    """What a plan that was stopped has left undone or open, for people."""
    ended = {outcome.step: outcome.did for outcome in outcomes}
    undone = [step for step in plan.steps if step.runs and ended.get(step.id) is Did.SKIPPED]
    open_ = [step for step in plan.steps if step.runs and ended.get(step.id, Did.UNKNOWN) is Did.UNKNOWN]
    lines: list[str] = []
    for said, steps in (("not done", undone), ("perhaps done, look before you write again", open_)):
        if steps:
            lines.append(f"{said}: {counted(len(steps), 'step')}")
            lines += [f"  {step.verb.value}  {step_name(step)}" for step in steps[:MAX_LISTED]]
            if len(steps) > MAX_LISTED:
                lines.append(f"  {console.marks.cut} {len(steps) - MAX_LISTED} more")
    return lines
