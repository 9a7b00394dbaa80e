"""How well every place can be read: why not, since when, and what to do. The screen of a bad night."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.binding import BindingType

from gko_tui.actions import TEXT, bindings_for
from gko_tui.screens.reading import ReadingScreen
from gko_tui.view.lines import EMPTY, Line, Span, safe, wrapped
from gko_tui.view.words import age, counted, since
from reconciler.model.rows import PlaceState, Problem
from reconciler.model.verdicts import Place

_PHASES = {
    "ready": ("ready", "state-ok"),
    "partial": ("partly read", "state-drift"),
    "failed": ("cannot be read", "state-error"),
    "waiting": ("waiting for the first answer", "quiet"),
}
_TITLES = (
    ("Git sources", Place.GIT),
    ("Clusters", Place.CLUSTER),
    ("Control planes", Place.CONTROL_PLANE),
    ("Gateways", Place.GATEWAY),
)
_WHOLE_REVISION = re.compile(r"\b[0-9a-f]{40}\b")


def _shortened(revision: re.Match[str]) -> str:
    return revision[0][:7]


class PlacesScreen(ReadingScreen):
    """Every place with its state, then every problem that was found."""

    CONTEXTS: ClassVar[tuple[str, ...]] = (TEXT,)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(TEXT)]

    def title_spans(self) -> tuple[Span, ...]:
        return (("places", "title bold"),)

    def crumbs(self) -> tuple[Span, ...]:
        return (
            (" apis ", "quiet"),
            (f"{self.gko.marks.crumb} ", "quiet"),
            ("places", "title"),
            (f"   {self.position()}", "quiet"),
        )

    def unavailable(self, action_id: str) -> str | None:
        if action_id in ("text.next", "text.previous") and not self.pane.has_stops:
            return "nothing is searched and nothing is wrong"
        return None

    def on_mount(self) -> None:
        self._show()

    def places_changed(self) -> None:
        super().places_changed()
        self._show(keep_place=True)

    def second(self) -> None:
        super().second()
        self._show(keep_place=True)

    def on_resize(self) -> None:
        self._show(keep_place=True)

    def _show(self, *, keep_place: bool = False) -> None:
        lines: list[Line] = []
        stops: list[int] = []
        board = self.gko.bridge.board
        failure = self.gko.bridge.failure
        if failure:
            stops.append(len(lines))
            lines += wrapped(f"The engine stopped: {failure}", "state-error bold", self.text_width)
            lines += [(("q quits; start again with --debug and read the log file", "quiet"),), EMPTY]
        if not board.places:
            lines.append(((f"{self.gko.reading}{self.gko.marks.cut}", "quiet"),))
        whole = [state for state in board.places if not state.kind]
        for title, place in _TITLES:
            states = [state for state in whole if state.place is place]
            if states:
                lines.append(((title, "title bold"),))
            for state in states:
                if state.phase in ("failed", "partial"):
                    stops.append(len(lines))
                lines += self._place(state)
                lines += self._kinds(state, board.places)
            if states:
                lines.append(EMPTY)
        self._add_problems(board.problems, lines, stops)
        self.pane.show(lines, stops, keep_place=keep_place)

    def _place(self, state: PlaceState) -> list[Line]:
        word, style = _PHASES.get(state.phase, (state.phase, "text"))
        now = self.gko.clock()
        spans: list[Span] = [(f"  {safe(state.name):<18} ", "text"), (word, style)]
        if state.detail:
            spans.append((f"  {safe(_WHOLE_REVISION.sub(_shortened, state.detail))}", "quiet"))
        stale = self.gko.ages.beyond.get((state.place, state.name))
        if state.place is Place.CLUSTER:
            stale = self.gko.stale.get(state.name)
        if stale is not None:
            spans.append((f"  {self.gko.marks.warn} stale {age(stale)}", "stale"))
        elif state.observed_at:
            spans.append((f"  seen {since(state.observed_at, now)} ago", "quiet"))
        if state.retry_at is not None and state.retry_at - now >= 1:
            spans.append((f"  next try in {age(state.retry_at - now)}", "text"))
        lines: list[Line] = [tuple(spans)]
        if state.message and state.phase != "ready":
            lines += wrapped(state.message, "text", self.text_width, indent="      ")
        if stale is not None and state.place is not Place.GATEWAY:
            lines += wrapped(
                "its last known rows are shown in grey", "quiet", self.text_width, indent="      "
            )
        return lines

    def _kinds(self, cluster: PlaceState, states: tuple[PlaceState, ...]) -> list[Line]:
        """The kinds of a cluster that cannot be read."""
        lines: list[Line] = []
        for state in states:
            if not state.kind or state.name != f"{cluster.name}/{state.kind}":
                continue
            said_above = state.message and state.message in cluster.message
            if state.phase in ("failed", "partial") and not said_above:
                text = f"{state.kind}: {state.message}"
                lines += wrapped(text, "state-error", self.text_width, indent="      ")
        return lines

    def _add_problems(self, problems: tuple[Problem, ...], lines: list[Line], stops: list[int]) -> None:
        if not problems:
            lines.append((("Everything that is there could be read.", "quiet"),))
            return
        lines.append(((counted(len(problems), "problem"), "title bold"),))
        for problem in problems:
            stops.append(len(lines))
            style = "state-error" if problem.severity == "error" else "text"
            head = f"{problem.name}: {problem.where}" if problem.where != problem.name else problem.name
            lines += wrapped(head, style, self.text_width, indent="  ", hanging="    ")
            lines += wrapped(problem.message, "text", self.text_width, indent="      ")
            if problem.next_step:
                lines += wrapped(problem.next_step, "quiet", self.text_width, indent="      ")
