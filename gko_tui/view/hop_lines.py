"""One resource, place by place, as lines: who holds what, what each hop says of it and why."""

from __future__ import annotations

from collections.abc import Iterable

from gko_tui.view.beyond_lines import control_plane_lines, pod_lines
from gko_tui.view.hop_parts import LABEL, HopContext, indented, pair, verdict_lines
from gko_tui.view.lines import EMPTY, Line, Span, safe, wrapped
from gko_tui.view.words import BEFORE, PLACE_WORDS, since
from reconciler.model.rows import Problem, Row
from reconciler.model.verdicts import HOPS, Place, Verdict


def hop_lines(row: Row, context: HopContext) -> list[Line]:
    """Write the places from Git to the gateway, with the hops between them."""
    lines = _git(row, context)
    if only_beyond(row):
        lines = [pair("Git", (("no Git source and no cluster defines it", "quiet"),))]
    else:
        lines.append(EMPTY)
        lines += _hop(row, Place.CLUSTER, context)
        lines += _cluster(row, context)
    for hop in HOPS[1:]:
        if row.cell(hop).verdict is not None:
            lines.append(EMPTY)
            lines += _hop(row, hop, context)
        if hop is Place.CONTROL_PLANE:
            lines += control_plane_lines(row, context)
    lines += pod_lines(context.pods, context)
    if row.application or row.labels:
        lines.append(EMPTY)
    if row.application:
        lines.append(pair("Application", ((safe(row.application), "text"),)))
    for number, (key, value) in enumerate(row.labels):
        lines.append(pair("Labels" if number == 0 else "", ((safe(f"{key}={value}"), "text"),)))
    lines += _problems(row, context)
    return lines


def only_beyond(row: Row) -> bool:
    """Whether only a control plane has it: its key then names that, not a cluster."""
    return row.git_trace is None and row.cluster.verdict is None and row.control_plane.verdict is not None


def _git(row: Row, context: HopContext) -> list[Line]:
    trace = row.git_trace
    if trace is None:
        lines = [pair("Git", (("not defined in Git", "quiet"),))]
    else:
        spans: list[Span] = [(trace.revision[:7] or "no commit", "title bold")]
        if trace.author:
            spans.append((f"  {safe(trace.author)}", "text"))
        if trace.committed_at:
            spans.append((f"  {since(trace.committed_at, context.now)} ago", "quiet"))
        lines = [pair("Git", tuple(spans))]
        if trace.subject:
            lines += indented(trace.subject, "text", context)
        lines += indented(f"{trace.source}: {trace.path}:{trace.line}", "quiet", context)
    if row.git.verdict is not Verdict.SYNCED and row.git.verdict is not None:
        lines += verdict_lines(row.git, context)
    return lines


def _hop(row: Row, hop: Place, context: HopContext) -> list[Line]:
    cell = row.cell(hop)
    name = f"{PLACE_WORDS[BEFORE[hop]]} {context.marks.arrow} {PLACE_WORDS[hop]}"
    if cell.verdict is None:
        return [pair(name, (("no such hop", "quiet"),))]
    stale = {Place.CLUSTER: context.stale_for, Place.CONTROL_PLANE: context.plane_stale_for}.get(hop)
    count = row.gateway_count if hop is Place.GATEWAY else ""
    if count and any(cause.startswith(count) for cause in cell.causes):
        count = ""  # the cause says it
    lines = verdict_lines(cell, context, stale_for=stale, note=f"{count} in sync" if count else "")
    head = lines[0]
    label = safe(name)[:1].upper() + safe(name)[1:]
    if len(label) < LABEL:
        return [pair(label, head[1:]), *lines[1:]]
    return [((label, "quiet"),), *lines]


def _cluster(row: Row, context: HopContext) -> list[Line]:
    trace = row.cluster_trace
    lines: list[Line] = []
    if trace is None:
        lines.append(pair("Cluster", ((safe(row.key.cluster), "title bold"), ("  not there", "quiet"))))
    else:
        spans: list[Span] = [
            (safe(row.key.cluster), "title bold"),
            (f"  generation {trace.generation}", "text"),
        ]
        if trace.manager:
            spans.append((f"  by {safe(trace.manager)}", "text"))
        if trace.changed_at:
            spans.append((f"  {since(trace.changed_at, context.now)} ago", "quiet"))
        lines.append(pair("Cluster", tuple(spans)))
        if trace.deleting_since:
            asked = since(trace.deleting_since, context.now)
            lines += indented(
                f"its deletion was asked for {asked} ago; a finalizer holds it", "state-error", context
            )
        if trace.owner:
            lines += indented(f"carries the mark of {trace.owner}", "quiet", context)
    state = context.cluster
    if state is not None and state.phase != "ready" and state.message:
        lines += indented(f"{context.marks.warn} {state.message}", "state-error", context)
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
