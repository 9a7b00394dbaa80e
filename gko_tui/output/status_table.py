"""Resources as a table for people: one line each, and why, wherever something is not Synced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from gko_tui.output.cells import cells, fitted, padded
from gko_tui.output.console import Console
from gko_tui.view.words import PLACE_WORDS, age, counted, since
from reconciler.model.rows import PlaceState, Problem, Row
from reconciler.model.verdicts import Family, Place, Verdict
from reconciler.rules.text import printable

GUTTER = "  "
STRIP = len("G K C W")
CAUSE_ROOM = 32
"""A column of causes narrower than this (in cells) is not worth having: causes go below their rows."""
_CAPS = {"CLUSTER": 24, "KIND": 28, "NAMESPACE": 24, "NAME": 44}
"""On a terminal no column of names is wider than this, in cells."""
MIN_NAME = 12
_DROPPED_FIRST = ("REV", "AGE", "KIND", "NAMESPACE")


def status_lines(
    rows: Sequence[Row], console: Console, now: float, *, every_cause: bool = False
) -> list[str]:
    """The table, adapted to the console's width.

    Args:
        rows: resources in the order to write them.
        console: what can be shown.
        now: seconds since the epoch, for ages.
        every_cause: write all causes below each row, not the first one beside it.
    """
    if not rows:
        return []
    columns = _columns(now)
    texts = {title: [printable(read(row)) for row in rows] for title, read in columns.items()}
    widths = {title: _width(title, column, console.width is not None) for title, column in texts.items()}
    strip = STRIP + max((len(row.gateway_count) + 1 for row in rows if row.gateway_count), default=0)
    shown = list(columns)
    if console.width is not None and _total(shown, widths, strip) > console.width:
        strip = STRIP  # how many gateways is the first thing to do without
    if console.width is not None:
        for title in _DROPPED_FIRST:
            if _total(shown, widths, strip) <= console.width:
                break
            shown.remove(title)
        for title in ("NAME", "CLUSTER"):  # what is left names the resource: cut it, never drop it
            over = _total(shown, widths, strip) - console.width
            if over > 0:
                widths[title] = max(MIN_NAME, widths[title] - over)
    room = None if console.width is None else console.width - _total(shown, widths, strip) - len(GUTTER)
    beside = not every_cause and (room is None or room >= CAUSE_ROOM)
    lines = [_head(shown, widths, console, strip, beside=beside)]
    for index, row in enumerate(rows):
        parts = []
        for title in shown:
            if title == "STATE":
                parts.append(_strip(row, console, strip))
            text = padded(fitted(texts[title][index], widths[title], console.marks.cut), widths[title])
            parts.append(console.family(text, row.state.family) if title == "STATE" else text)
        line = GUTTER.join(parts)
        causes = _causes(row, named=every_cause)
        if beside and causes:
            more = f" (+{len(causes) - 1})" if len(causes) > 1 else ""
            line += GUTTER + (
                causes[0] + more if room is None else fitted(causes[0] + more, room, console.marks.cut)
            )
        lines.append(line.rstrip())
        if not beside:
            lines += [f"    {cause}" for cause in (causes if every_cause else causes[:1])]
    return lines


def _columns(now: float) -> dict[str, Callable[[Row], str]]:
    return {
        "CLUSTER": lambda row: row.key.cluster,
        "KIND": lambda row: row.key.kind,
        "NAMESPACE": lambda row: row.key.namespace,
        "NAME": lambda row: row.key.name,
        "STATE": lambda row: row.state.word,
        "REV": lambda row: row.git_trace.revision[:7] if row.git_trace is not None else "",
        "AGE": lambda row: since(row.state_cell.since, now),
    }


def _width(title: str, column: Iterable[str], capped: bool) -> int:
    widest = max(len(title), *map(cells, column))
    return min(widest, _CAPS.get(title, widest)) if capped else widest


def _total(shown: Iterable[str], widths: dict[str, int], strip: int) -> int:
    return sum(widths[title] + len(GUTTER) for title in shown) + strip


def _head(shown: Iterable[str], widths: dict[str, int], console: Console, strip: int, *, beside: bool) -> str:
    parts = []
    for title in shown:
        if title == "STATE":
            parts.append(padded(" ".join(place.letter for place in Place), strip))
        parts.append(padded(title, widths[title]))
    return console.strong((GUTTER.join(parts) + (f"{GUTTER}CAUSE" if beside else "")).rstrip())


def _strip(row: Row, console: Console, width: int) -> str:
    """The four marks; where there is room, how many gateways run what they should."""
    marks = []
    for index, cell in enumerate(row.cells):
        mark = console.marks.verdict(cell.verdict)
        if cell.verdict is None or index > row.break_at:  # dimmed beyond the break, never hidden
            marks.append(console.quiet(mark))
        else:
            marks.append(console.family(mark, cell.verdict.family))
    if width > STRIP:
        marks.append(console.quiet(padded(row.gateway_count, width - STRIP - 1)))
    return " ".join(marks)


def _causes(row: Row, *, named: bool) -> list[str]:
    """Why the row is not Synced: the causes of the cell that carries its state, then of the others.

    Args:
        named: each with the hop that it is about, where there is more than one to tell apart.
    """
    cells_by_place = [(place, row.cell(place)) for place in Place]
    ordered = sorted(cells_by_place, key=lambda item: item[1] is not row.state_cell)
    causes = [
        (place, cause)
        for place, cell in ordered
        if cell.verdict is not Verdict.SYNCED
        for cause in cell.causes
    ]
    if named and len({place for place, _ in causes}) > 1:
        return [printable(f"{PLACE_WORDS[place]}: {cause}") for place, cause in causes]
    return [printable(cause) for cause in dict.fromkeys(cause for _, cause in causes)]


def summary_line(rows: Sequence[Row], console: Console) -> str:
    """One line: how many resources, and how many of each verdict, the worst first."""
    counts = Counter(row.state for row in rows)
    parts = [
        console.family(f"{console.marks.verdict(verdict)} {counts[verdict]} {verdict.word}", verdict.family)
        for verdict in sorted(counts, key=lambda verdict: verdict.rank, reverse=True)
    ]
    return f"{counted(len(rows), 'resource')}: {', '.join(parts)}" if rows else "no resources"


def hop_summary_lines(rows: Sequence[Row], console: Console) -> list[str]:
    """A line for each place: how many resources have each verdict there, the worst first."""
    lines = []
    for place in Place:
        counts = Counter(
            cell.verdict for cell in (row.cell(place) for row in rows) if cell.verdict is not None
        )
        if counts:
            parts = [
                console.family(f"{console.marks.verdict(verdict)} {counts[verdict]}", verdict.family)
                for verdict in sorted(counts, key=lambda verdict: verdict.rank, reverse=True)
            ]
            lines.append(f"  {place.letter} {PLACE_WORDS[place]}: {', '.join(parts)}")
    return lines


_PHASE_FAMILY = {
    "ready": Family.GOOD,
    "partial": Family.DRIFT,
    "failed": Family.BAD,
    "waiting": Family.UNKNOWN,
}
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PLACE_WORD = {**PLACE_WORDS, Place.GIT: "source"}


def place_lines(places: Iterable[PlaceState], console: Console, now: float) -> list[str]:
    """How well each place could be read; a kind on a cluster only where it could not."""
    lines = []
    said_above: dict[str, str] = {}
    for place in places:
        cluster = place.name.removesuffix(f"/{place.kind}") if place.kind else ""
        if cluster in said_above:
            if place.phase == "ready" or (place.message and place.message in said_above[cluster]):
                continue
        elif place.place is Place.CLUSTER:
            said_above[place.name] = place.message
        word = _PLACE_WORD[place.place]
        phase = console.family(place.phase, _PHASE_FAMILY.get(place.phase, Family.UNKNOWN))
        detail = place.detail[:7] if _COMMIT.fullmatch(place.detail) else place.detail
        message = place.message.removeprefix(f"{place.name}: ")
        said = [printable(text) for text in (detail, message) if text]
        if place.retry_at is not None and place.retry_at > now:
            said.append(f"next try in {age(place.retry_at - now)}")
        lines.append(f"{word} {printable(place.name)}: {phase}" + "".join(f", {text}" for text in said))
    return lines


def problem_lines(problems: Iterable[Problem], console: Console) -> list[str]:
    """What could not be read, where, and what to do."""
    lines = []
    for problem in problems:
        family = Family.BAD if problem.severity == "error" else Family.DRIFT
        head = ": ".join(printable(part) for part in (problem.name, problem.where, problem.message) if part)
        step = f"; {printable(problem.next_step)}" if problem.next_step else ""
        lines.append(f"{console.family(problem.severity, family)}: {head}{step}")
    return lines
