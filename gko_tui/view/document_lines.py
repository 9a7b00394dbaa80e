"""The documents of one resource, one below the other, each under the place that holds it."""

from __future__ import annotations

from collections.abc import Sequence

from gko_tui.view.lines import EMPTY, Line, safe
from gko_tui.view.words import Marks
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict

Document = tuple[Place, tuple[str, ...]]


def document_lines(
    row: Row, documents: Sequence[Document], marks: Marks
) -> tuple[list[Line], tuple[int, ...]]:
    """Write documents.

    Args:
        row: whose they are.
        documents: places with their YAML lines, empty where a place has none.
        marks: the character set.

    Returns:
        the lines, and the line numbers at which a document begins.
    """
    lines: list[Line] = []
    stops: list[int] = []
    for place, text in documents:
        stops.append(len(lines))
        lines.append(((f"{marks.rule * 2} {_where(row, place)} ", "title bold"), (marks.rule * 20, "line")))
        lines.extend(((line, "text"),) for line in text)
        if not text:
            unread = row.cell(place).verdict is Verdict.UNKNOWN
            lines.append((("  not read" if unread else "  not there", "quiet"),))
        lines.append(EMPTY)
    return lines, tuple(stops)


def _where(row: Row, place: Place) -> str:
    if place is Place.GIT:
        trace = row.git_trace
        return f"Git  {safe(trace.path)}:{trace.line}" if trace is not None else "Git"
    if place is Place.CLUSTER:
        return f"Cluster {safe(row.key.cluster)}"
    if place is Place.CONTROL_PLANE:
        held = row.control_plane_trace
        return f"Control plane {safe(held.control_plane)}" if held is not None else "Control plane"
    return "Gateway"
