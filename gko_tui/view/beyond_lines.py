"""The two places beyond the cluster, as lines: what the control plane holds, what each gateway runs."""

from __future__ import annotations

from gko_tui.view.hop_parts import HopContext, indented, pair
from gko_tui.view.lines import Line, Span, safe
from gko_tui.view.words import since
from reconciler.model.rows import ControlPlaneTrace, Row
from reconciler.model.trace import Station

ORIGINS = {
    "KUBERNETES": "from Kubernetes",
    "MANAGEMENT": "made in the Console",
    "INTEGRATION": "from an integration",
}
"""APIM's words for where it has something from, as people say it."""


def control_plane_lines(row: Row, context: HopContext) -> list[Line]:
    """What the control plane says of the resource; nothing where no control plane is known."""
    trace = row.control_plane_trace
    if trace is None:
        return []
    spans: list[Span] = [(safe(trace.control_plane), "title bold")]
    state = context.control_plane
    if state is not None and state.detail:
        spans.append((f"  {safe(state.detail)}", "text"))
    if trace.state:
        spans.append((f"  {safe(trace.state.lower())}", "text"))
    if not trace.id:
        spans.append(("  not there", "quiet"))
    lines = [pair("Control plane", tuple(spans))]
    if trace.id:
        lines += indented(f"id {trace.id}", "text", context)
    told = [f"hrid {trace.hrid}"] if trace.hrid else []
    told += [_whose(trace)] if _whose(trace) else []
    for words in (", ".join(told), _when(trace, context.now)):
        if words:
            lines += indented(words, "quiet", context)
    if state is not None and state.phase != "ready" and state.message:
        lines += indented(f"{context.marks.warn} {state.message}", "state-error", context)
    return lines


def _whose(trace: ControlPlaneTrace) -> str:
    words = [ORIGINS.get(trace.origin, trace.origin)] if trace.origin else []
    if trace.owner:
        words.append(f"owned by {trace.owner}")
    return ", ".join(words)


def _when(trace: ControlPlaneTrace, now: float) -> str:
    told = (("created", trace.created_at), ("updated", trace.updated_at), ("deployed", trace.deployed_at))
    return ", ".join(f"{what} {since(at, now)} ago" for what, at in told if at)


def pod_lines(pods: tuple[Station, ...], context: HopContext) -> list[Line]:
    """Each pod of each gateway: its verdict, what it runs, and why that is not what it should."""
    lines: list[Line] = []
    for number, pod in enumerate(pods):
        verdict = pod.cell.verdict
        style = f"verdict:{verdict.name}" if verdict is not None else "quiet"
        spans: list[Span] = [
            (f"{context.marks.verdict(verdict)} ", style),
            (safe(pod.name), "text"),
        ]
        spans += [(f"  {safe(label)} {safe(value)}", "quiet") for label, value in pod.facts]
        lines.append(pair("Gateways" if number == 0 else "", tuple(spans)))
        for cause in pod.cell.causes:
            lines += indented(f"  {cause}", style, context)
    return lines
