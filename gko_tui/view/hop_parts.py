"""What the lines about a resource's places are made of: labels, verdicts with their age, indented text."""

from __future__ import annotations

from dataclasses import dataclass

from gko_tui.view.lines import Line, Span, wrapped
from gko_tui.view.words import Marks, counted, since
from reconciler.model.rows import Cell, PlaceState, Problem
from reconciler.model.trace import Station
from reconciler.model.verdicts import Verdict

LABEL = 15
"""Cells of the column that names places."""


@dataclass(frozen=True, slots=True)
class HopContext:
    """What a row cannot say by itself.

    `now` in epoch seconds, `width` in cells, `stale_for` the seconds its cluster has been silent,
    `plane_stale_for` those of its control plane. `pods` are the gateways' pods, where they are known.
    """

    now: float
    width: int
    marks: Marks
    stale_for: float | None = None
    cluster: PlaceState | None = None
    problems: tuple[Problem, ...] = ()
    plane_stale_for: float | None = None
    control_plane: PlaceState | None = None
    pods: tuple[Station, ...] = ()


def pair(label: str, spans: Line) -> Line:
    """A line of the column of labels and what belongs to the label."""
    return ((f"{label:<{LABEL}}", "quiet"), *spans)


def indented(text: str, style: str, context: HopContext) -> list[Line]:
    """Text below a label, as many lines as it needs."""
    return wrapped(text, style, context.width, indent=" " * LABEL)


def verdict_lines(
    cell: Cell, context: HopContext, *, stale_for: float | None = None, note: str = ""
) -> list[Line]:
    """A verdict with its age, then each of its causes; `note` stands behind the verdict."""
    verdict = cell.verdict or Verdict.UNKNOWN
    spans: list[Span] = [(f"{context.marks.verdict(verdict)} {verdict.word}", f"verdict:{verdict.name}")]
    if note:
        spans.append((f"  {note}", "text"))
    if cell.change_count:
        spans.append((f"  {counted(cell.change_count, 'field')}", "text"))
    if cell.since:
        spans.append((f"  for {since(cell.since, context.now)}", "quiet"))
    if stale_for is not None:
        spans.append((f"  stale {since(context.now - stale_for, context.now)}", "stale italic"))
    if cell.first_sight and verdict is not Verdict.SYNCED:
        spans.append(("  first sight", "quiet"))
    lines = [pair("", tuple(spans))]
    for cause in cell.causes:
        lines += indented(cause, "text", context)
    return lines
