"""The way of one resource as lines: its stations from Git to the gateways, then what happened there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from gko_tui.view.lines import EMPTY, Line, Span, safe, wrapped
from gko_tui.view.words import Marks, since
from reconciler.model.trace import Happening, Station, Trace

_MOST_NAME = 36
_TIME = len("2026-11-23 03:17:55")


@dataclass(frozen=True, slots=True)
class TraceText:
    """The lines, and the line numbers at which a part begins."""

    lines: tuple[Line, ...]
    stops: tuple[int, ...]


def trace_lines(trace: Trace, *, now: float, width: int, marks: Marks) -> TraceText:
    """Write a trace.

    Args:
        now: seconds since the epoch.
        width: cells of a line.
        marks: the character set.
    """
    lines: list[Line] = [(("The way", "title bold"),)]
    stops = [0]
    names = [_named(station.place.letter, station.name) for station in trace.stations]
    widest = min(_MOST_NAME, max(map(cell_len, names), default=0))
    for station, name in zip(trace.stations, names, strict=True):
        lines += _station(station, name, widest, now, width, marks)
    if not trace.stations:
        lines.append((("  no place has it", "quiet"),))
    lines += [EMPTY, (("What happened, newest first", "title bold"),)]
    stops.append(len(lines) - 1)
    lines += _happenings(trace.happenings, now, width, marks.cut)
    for reason in trace.unread:
        lines.append(EMPTY)
        lines += wrapped(f"{marks.warn} not read: {reason}", "state-error", width)
    return TraceText(tuple(lines), tuple(stops))


def _named(letter: str, name: str) -> str:
    return f"{letter} {safe(name)}"


def _station(station: Station, name: str, widest: int, now: float, width: int, marks: Marks) -> list[Line]:
    verdict = station.cell.verdict
    style = f"verdict:{verdict.name}" if verdict is not None else "quiet"
    spans: list[Span] = [
        (f"  {marks.verdict(verdict)} ", style),
        (name if cell_len(name) > widest else set_cell_size(name, widest), "title"),
    ]
    if verdict is not None:
        spans.append((f"  {verdict.word}", style))
    if station.cell.since:
        spans.append((f" for {since(station.cell.since, now)}", "quiet"))
    lines: list[Line] = [tuple(spans)]
    facts = ", ".join(f"{label} {value}" for label, value in station.facts)
    if facts:
        room = width - sum(cell_len(text) for text, _ in spans) - 2
        if cell_len(safe(facts)) <= room:
            lines[0] = (*lines[0], (f"  {safe(facts)}", "quiet"))
        else:
            lines += wrapped(facts, "quiet", width, indent="      ")
    for cause in station.cell.causes:
        lines += wrapped(cause, "text", width, indent="      ")
    return lines


def _happenings(happenings: Sequence[Happening], now: float, width: int, cut: str) -> list[Line]:
    if not happenings:
        return [(("  nothing is known", "quiet"),)]
    wide = width >= 100
    wheres = [_named(happening.place.letter, happening.where) for happening in happenings]
    whos = [safe(happening.who) or "-" for happening in happenings]
    where_width = min(28 if wide else 16, max(map(cell_len, wheres)))
    who_width = min(28 if wide else 18, max(map(cell_len, whos)))
    lines: list[Line] = []
    for happening, where, who in zip(happenings, wheres, whos, strict=True):
        head: list[Span] = [(f"  {since(happening.at, now):>4}  ", "title")]
        if wide:
            head.append((f"{_instant(happening.at):<{_TIME}}  ", "quiet"))
        head += [
            (f"{_fitted(where, where_width, cut)}  ", "text"),
            (f"{_fitted(who, who_width, cut)}  ", "text"),
        ]
        indent = " " * sum(cell_len(text) for text, _ in head)
        if width - len(indent) < 24:  # too narrow to stand beside: below, on the whole width
            lines.append(tuple(head))
            lines += wrapped(happening.what, "quiet", width, indent="        ")
            continue
        first, *rest = wrapped(happening.what, "quiet", width, indent=indent)
        lines += [(*head, *first[1:]), *rest]
    return lines


def _fitted(text: str, width: int, cut: str) -> str:
    """Text in exactly `width` cells; what is too long ends in the mark."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + cut


def _instant(at: float) -> str:
    """An instant in the reader's own time, to the second; empty where it is not known."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""
