"""The way of one resource for people: a line for each place it passes, then what was done to it."""

from __future__ import annotations

from gko_tui.output.cells import cells, fitted, padded
from gko_tui.output.console import Console
from gko_tui.output.documents import instant
from gko_tui.view.words import PLACE_WORDS, counted, since
from reconciler.model.rows import Row
from reconciler.model.trace import Happening, Station, Trace
from reconciler.model.verdicts import Family
from reconciler.rules.text import printable

_GUTTER = "  "
_MOST = {"name": 40, "where": 40, "who": 32}
"""On a terminal these columns are no wider, in cells."""


def trace_table(name: str, row: Row, trace: Trace, console: Console, now: float) -> list[str]:
    """One trace.

    Args:
        name: the resource as people type it.
        row: its newest row.
        trace: its way.
        console: what can be shown.
        now: seconds since the epoch.
    """
    state = row.state
    word = console.family(f"{console.marks.verdict(state)} {state.word}", state.family)
    lines = [f"{console.strong(printable(name))}{_GUTTER}{word}"]
    lines += _stations(trace.stations, console, now)
    if not trace.stations:
        lines.append("  no place tells of it")
    if trace.happenings:
        lines += ["", console.strong("newest first")]
        lines += _happenings(trace.happenings, console, now)
    lines += [f"not read: {printable(reason)}" for reason in trace.unread]
    return lines


def _stations(stations: tuple[Station, ...], console: Console, now: float) -> list[str]:
    places = [PLACE_WORDS[station.place] for station in stations]
    names = [printable(station.name) for station in stations]
    place_width, name_width = _widest(places), _capped("name", names, console)
    lines = []
    for station, place, name in zip(stations, places, names, strict=True):
        verdict = station.cell.verdict
        family = verdict.family if verdict is not None else Family.UNKNOWN
        said = verdict.word if verdict is not None else ""
        if station.cell.since:
            said += f" for {since(station.cell.since, now)}"
        if station.cell.change_count:
            said += f", {counted(station.cell.change_count, 'difference')}"
        shown = fitted(name, name_width, console.marks.cut)
        head = f"  {console.family(console.marks.verdict(verdict), family)} {padded(place, place_width)}"
        line = f"{head}{_GUTTER}{padded(shown, name_width)}{_GUTTER}{console.family(said, family)}"
        lines.append(line.rstrip())
        facts = ", ".join(f"{printable(label)} {printable(value)}" for label, value in station.facts)
        below = [console.quiet(part) for part in _folded(facts, console)]
        below += [part for cause in station.cell.causes for part in _folded(printable(cause), console)]
        lines += [f"      {part}" for part in below]
    return lines


def _happenings(happenings: tuple[Happening, ...], console: Console, now: float) -> list[str]:
    wheres = [f"{happening.place.letter} {printable(happening.where)}" for happening in happenings]
    whos = [printable(happening.who) or "-" for happening in happenings]
    where_width, who_width = _capped("where", wheres, console), _capped("who", whos, console)
    lines = []
    for happening, where, who in zip(happenings, wheres, whos, strict=True):
        at = instant(round(happening.at))
        head = f"  {since(happening.at, now):>4}{_GUTTER}"
        if console.width is None or console.width >= 100:
            head += console.quiet(at.strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else " " * 20) + _GUTTER
        cut = console.marks.cut
        head += (
            f"{padded(fitted(where, where_width, cut), where_width)}{_GUTTER}"
            f"{padded(fitted(who, who_width, cut), who_width)}{_GUTTER}"
        )
        lines.append(f"{head}{printable(happening.what)}".rstrip())
    return lines


def _widest(texts: list[str]) -> int:
    return max(map(cells, texts), default=0)


def _capped(column: str, texts: list[str], console: Console) -> int:
    widest = _widest(texts)
    if console.width is None:
        return widest
    return min(widest, _MOST[column] if console.width >= 100 else _MOST[column] // 2)


def _folded(text: str, console: Console) -> list[str]:
    """Text below a line, broken at blanks where the console is narrow; nothing where there is none."""
    room = None if console.width is None else max(20, console.width - 6)
    if not text or room is None or cells(text) <= room:
        return [text] if text else []
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and cells(lines[-1]) + 1 + cells(word) > room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines
