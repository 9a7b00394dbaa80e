"""The line over a plan: where it is on its way and what to press; on the right what is protected."""

from __future__ import annotations

from collections.abc import Callable

from gko_tui.view.lines import Line
from gko_tui.view.plan_status import Status, status_line
from gko_tui.view.words import Marks
from gko_tui.widgets.strips import Bar, between


class PlanBar(Bar):
    """One line.

    Args:
        marks: the characters.
        status: where the plan is.
        right: what stands at the right edge.
    """

    def __init__(self, marks: Marks, status: Callable[[], Status], right: Callable[[], Line]) -> None:
        super().__init__(id="plan-bar")
        self._marks, self._status, self._right = marks, status, right

    def line(self, width: int) -> Line:
        return between(status_line(self._status(), self._marks), self._right(), width)
