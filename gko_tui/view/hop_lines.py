"""One resource, place by place, as lines: who holds what, what each hop says of it and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gko_tui.view.lines import EMPTY, Line, Span, safe, wrapped
from gko_tui.view.words import PLACE_WORDS, Marks, counted, since
from reconciler.model.rows import Cell, PlaceState, Problem, Row
from reconciler.model.verdicts import HOPS, Place, Verdict

_LABEL = 15
"""Cells of the column that names places."""


@dataclass(frozen=True, slots=True)
class HopContext:
    """What a row cannot say by itself.

    `now` in epoch seconds, `width` in cells, `stale_for` the seconds its cluster has been silent.
    """

    now: float
    width: int
    marks: Marks
    stale_for: float | None = None
    cluster: PlaceState | None = None
    problems: tuple[Problem, ...] = ()


def hop_lines(row: Row, context: HopContext) -> list[Line]:
    """Write the places from Git to the gateway, with the hops between them."""
    lines = _git(row, context)
    lines.append(EMPTY)
    lines += _hop(row, Place.CLUSTER, context)
    lines += _cluster(row, context)
    for hop in HOPS[1:]:
        if row.cell(hop).verdict is not None:
            lines.append(EMPTY)
            lines += _hop(row, hop, context)
    if row.application or row.labels:
        lines.append(EMPTY)
    if row.application:
        lines.append(_pair("Application", ((safe(row.application), "text"),)))
    for number, (key, value) in enumerate(row.labels):
        lines.append(_pair("Labels" if number == 0 else "", ((safe(f"{key}={value}"), "text"),)))
    lines += _problems(row, context)
    return lines


def _git(row: Row, context: HopContext) -> list[Line]:
    trace = row.git_trace
    if trace is None:
        lines = [_pair("Git", (("not defined in Git", "quiet"),))]
    else:
        spans: list[Span] = [(trace.revision[:7] or "no commit", "title bold")]
        if trace.author:
            spans.append((f"  {safe(trace.author)}", "text"))
        if trace.committed_at:
            spans.append((f"  {since(trace.committed_at, context.now)} ago", "quiet"))
        lines = [_pair("Git", tuple(spans))]
        if trace.subject:
            lines += _indented(trace.subject, "text", context)
        lines += _indented(f"{trace.source}: {trace.path}:{trace.line}", "quiet", context)
    if row.git.verdict is not Verdict.SYNCED and row.git.verdict is not None:
        lines += _verdict(row.git, context)
    return lines


def _hop(row: Row, hop: Place, context: HopContext) -> list[Line]:
    places = list(Place)
    left = PLACE_WORDS[places[places.index(hop) - 1]]
    cell = row.cell(hop)
    name = f"{left} {context.marks.arrow} {PLACE_WORDS[hop]}"
    if cell.verdict is None:
        return [_pair(name, (("no such hop", "quiet"),))]
    lines = _verdict(cell, context)
    head = lines[0]
    label = safe(name)[:1].upper() + safe(name)[1:]
    if len(label) < _LABEL:
        return [_pair(label, head[1:]), *lines[1:]]
    return [((label, "quiet"),), *lines]


def _verdict(cell: Cell, context: HopContext) -> list[Line]:
    verdict = cell.verdict or Verdict.UNKNOWN
    spans: list[Span] = [(f"{context.marks.verdict(verdict)} {verdict.word}", f"verdict:{verdict.name}")]
    if cell.change_count:
        spans.append((f"  {counted(cell.change_count, 'field')}", "text"))
    if cell.since:
        spans.append((f"  for {since(cell.since, context.now)}", "quiet"))
    if context.stale_for is not None:
        spans.append((f"  stale {since(context.now - context.stale_for, context.now)}", "stale italic"))
    if cell.first_sight and verdict is not Verdict.SYNCED:
        spans.append(("  first sight", "quiet"))
    lines = [_pair("", tuple(spans))]
    for cause in cell.causes:
        lines += _indented(cause, "text", context)
    return lines


def _cluster(row: Row, context: HopContext) -> list[Line]:
    trace = row.cluster_trace
    lines: list[Line] = []
    if trace is None:
        lines.append(_pair("Cluster", ((safe(row.key.cluster), "title bold"), ("  not there", "quiet"))))
    else:
        spans: list[Span] = [
            (safe(row.key.cluster), "title bold"),
            (f"  generation {trace.generation}", "text"),
        ]
        if trace.manager:
            spans.append((f"  by {safe(trace.manager)}", "text"))
        if trace.changed_at:
            spans.append((f"  {since(trace.changed_at, context.now)} ago", "quiet"))
        lines.append(_pair("Cluster", tuple(spans)))
        if trace.deleting_since:
            asked = since(trace.deleting_since, context.now)
            lines += _indented(
                f"its deletion was asked for {asked} ago; a finalizer holds it", "state-error", context
            )
        if trace.owner:
            lines += _indented(f"carries the mark of {trace.owner}", "quiet", context)
    state = context.cluster
    if state is not None and state.phase != "ready" and state.message:
        lines += _indented(f"{context.marks.warn} {state.message}", "state-error", context)
    return lines


def _problems(row: Row, context: HopContext) -> list[Line]:
    lines: list[Line] = []
    for problem in problems_of(row, context.problems):
        if not lines:
            lines += [EMPTY, (("Problems", "title bold"),)]
        style = "state-error" if problem.severity == "error" else "text"
        lines += wrapped(f"{problem.where}: {problem.message}", style, context.width, indent="  ")
        if problem.next_step:
            lines += wrapped(problem.next_step, "quiet", context.width, indent="    ")
    return lines


def problems_of(row: Row, problems: Iterable[Problem]) -> list[Problem]:
    """The problems that name this resource, or the file it is defined in."""
    key = row.key
    names = {str(key), f"{key.kind}/{key.namespace}/{key.name}", f"{key.kind}/{key.name}"}
    return [problem for problem in problems if problem.resource and problem.resource in names]


def _pair(label: str, spans: Line) -> Line:
    return ((f"{label:<{_LABEL}}", "quiet"), *spans)


def _indented(text: str, style: str, context: HopContext) -> list[Line]:
    return wrapped(text, style, context.width, indent=" " * _LABEL)
