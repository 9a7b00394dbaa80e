"""The one-line edges of a screen: header, crumbs, hints, tabs. Cheap to draw, so cheap to resize."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len

from gko_tui.actions import Action, drawn, key_name
from gko_tui.view.lines import Line, Span, safe
from gko_tui.view.words import Marks, age, counted
from gko_tui.widgets.strips import Bar, app_of, between
from reconciler.model.rows import PlaceState
from reconciler.model.verdicts import Place, Verdict

_COUNTED = (
    Verdict.SYNCED,
    Verdict.AHEAD,
    Verdict.DRIFTED,
    Verdict.CONFLICT,
    Verdict.MISSING,
    Verdict.ORPHAN,
    Verdict.UNMANAGED,
    Verdict.DETACHED,
    Verdict.CONTENDED,
    Verdict.FAILED,
    Verdict.UNKNOWN,
)


_BAD = ("failed", "partial")
_ORDER = (Place.CLUSTER, Place.CONTROL_PLANE, Place.GATEWAY, Place.GIT)
"""Which place is named first where several are in trouble: the one that hides most."""


def _worst_first(state: PlaceState) -> tuple[int, int]:
    return _BAD.index(state.phase), _ORDER.index(state.place)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the header says: of which clusters, how many rows, how many of each state."""

    clusters: str
    word: str
    total: int
    states: dict[Verdict, int]


class HeaderBar(Bar):
    """`gko  prod-eu,prod-us  RO   API 1204  = 1188  ≠ 12  ! 3      12:04:31`."""

    def __init__(self, marks: Marks, clock: Callable[[], float], summary: Callable[[], Summary]) -> None:
        super().__init__(id="header")
        self._marks, self._clock, self._summary = marks, clock, summary

    def line(self, width: int) -> Line:
        summary = self._summary()
        counts: list[Span] = [(f"  {summary.word} {summary.total}", "title bold")]
        for verdict in _COUNTED:
            number = summary.states.get(verdict, 0)
            if number:
                counts.append((f"  {self._marks.verdict(verdict)} {number}", f"verdict:{verdict.name}"))
        time = datetime.fromtimestamp(self._clock()).astimezone().strftime("%H:%M:%S")
        right: Line = ((f" {time} ", "quiet"),)
        few = counted(summary.clusters.count(",") + 1, "cluster") if summary.clusters else ""
        # What does not fit gives way in this order: the names of clusters, the time, their number.
        for clusters, clock in ((summary.clusters, right), (few, right), (few, ()), ("", ())):
            left: tuple[Span, ...] = (
                (" gko", "key bold"),
                (f"  {clusters}" if clusters else "", "text"),
                badge(self, self._clock()),
            )
            if sum(cell_len(text) for text, _ in (*left, *counts, *clock)) < width:
                break
        return between((*left, *counts), clock, width)


def badge(bar: Bar, now: float) -> Span:
    """`  RO`, or for how long something may still be written: `  RW 14m`."""
    text, style = app_of(bar).bridge.windows.badge(now)
    return (f"  {text}", style)


class CrumbBar(Bar):
    """Where we are on the left, the worst thing about the places on the right."""

    def __init__(
        self, marks: Marks, clock: Callable[[], float], where: Callable[[], tuple[Line, Line]]
    ) -> None:
        super().__init__(id="crumbs")
        self._marks, self._clock, self._where = marks, clock, where
        self._right_at = -1

    def line(self, width: int) -> Line:
        left, right = self._where()
        line = between(left, right, width)
        self._right_at = len(line) - len(right)
        return line

    def clicks(self) -> dict[int, str]:
        return dict.fromkeys(range(max(0, self._right_at), self._right_at + 3), "global.places")


def places_summary(
    marks: Marks,
    states: Iterable[PlaceState],
    ages: Mapping[tuple[Place, str], float],
    now: float,
) -> Line:
    """The places that cannot be read, the shortest useful form: `prod-us ⚠ stale 41s, retry 8s`.

    Args:
        states: the places that matter, without single kinds.
        ages: seconds for which places have been silent.
        now: seconds since the epoch.
    """
    bad = sorted((state for state in states if state.phase in _BAD), key=_worst_first)
    if not bad:
        return ()
    first = bad[0]
    spans: list[Span] = [(f"{safe(first.name)} {marks.warn} ", "state-error bold")]
    words: list[str] = []
    if (first.place, first.name) in ages:
        words.append(f"stale {age(ages[first.place, first.name])}")
    elif first.phase == "partial":
        words.append("partly read")
    else:
        words.append("not readable" if first.place is Place.GIT else "unreachable")
    if first.retry_at is not None and first.retry_at - now >= 1:
        words.append(f"retry {age(first.retry_at - now)}")
    if len(bad) > 1:
        words.append(f"+{len(bad) - 1} more")
    spans.append((", ".join(words) + " ", "state-error"))
    return tuple(spans)


class HintBar(Bar):
    """The keys that matter here, as many as fit; a click presses them.

    Actions that cannot be done right now are dimmed; pressing them tells why.
    """

    def __init__(
        self, marks: Marks, actions: Sequence[Action], unavailable: Callable[[str], str | None]
    ) -> None:
        super().__init__(id="hints")
        self._marks = marks
        self._actions = sorted((action for action in actions if action.hint), key=lambda action: action.hint)
        self._unavailable = unavailable
        self._spans: dict[int, str] = {}

    def line(self, width: int) -> Line:
        chosen = self._choose(width)
        spans: list[Span] = []
        self._spans = {}
        for action in chosen:
            dim = " dim" if self._unavailable(action.id) else ""
            key = key_name(action.keys[0], ascii_only=self._marks.ascii_only)
            self._spans[len(spans)] = self._spans[len(spans) + 1] = action.id
            spans.append((f" {key}", f"key bold{dim}"))
            title = drawn(action.title, ascii_only=self._marks.ascii_only)
            spans.append((f" {title} ", f"quiet{dim}"))
        return tuple(spans)

    def _choose(self, width: int) -> list[Action]:
        """By rank while they fit; `:` and `?` are always there, at the end."""
        last = [action for action in self._actions if action.hint >= 90]
        room = width - sum(self._cells_of(action) for action in last)
        chosen: list[Action] = []
        for action in self._actions:
            if action in last or (width < 100 and len(chosen) + len(last) >= 7):
                continue
            room -= self._cells_of(action)
            if room < 0:
                break
            chosen.append(action)
        return [*chosen, *last]

    def _cells_of(self, action: Action) -> int:
        return cell_len(key_name(action.keys[0], ascii_only=self._marks.ascii_only)) + len(action.title) + 3

    def clicks(self) -> dict[int, str]:
        return self._spans


class TabBar(Bar):
    """The name of what is open and its tabs."""

    def __init__(self, marks: Marks, title: Callable[[], Line], tabs: Sequence[Action]) -> None:
        super().__init__(id="tabs")
        self._marks, self._title, self._tabs = marks, title, tabs
        self.current = 0
        self.note = ""
        self._spans: dict[int, str] = {}

    def line(self, width: int) -> Line:
        spans: list[Span] = [(" ", "text")]
        self._spans = {}
        for number, tab in enumerate(self._tabs):
            self._spans[len(spans)] = tab.id
            text = f" {number + 1} {tab.title} "
            chosen = number == self.current
            spans.append(
                (f"[{text.strip()}]" if chosen else text, "title bold underline" if chosen else "quiet")
            )
            spans.append((" ", "text"))
        if self.note:
            spans.append((f" {self.note}", "quiet"))
        title = self._title()
        # The name of the resource matters more than the tabs: it gives way last.
        return between(tuple(spans), title, width)

    def clicks(self) -> dict[int, str]:
        return self._spans


def reading_note(clusters: int, sources: int) -> str:
    """What is being waited for, before anything has been read."""
    return f"reading {counted(clusters, 'cluster')}, {counted(sources, 'source')}"
