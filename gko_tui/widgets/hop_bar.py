"""The hops of one resource in one line, over its diff: which is shown, and what each says."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.message import Message

from gko_tui.view.hop_names import hop_label, hops_of
from gko_tui.view.lines import Line, Span, safe
from gko_tui.view.words import Marks
from gko_tui.widgets.strips import Bar, between
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place


class HopBar(Bar):
    """`[Git = Cluster]  Cluster ≠ Control 2   Control = Gateway 3/3`; a click chooses.

    Args:
        marks: the character set.
        row: gives the newest row of the resource.
    """

    class Chosen(Message):
        """A hop was clicked."""

        def __init__(self, hop: Place) -> None:
            super().__init__()
            self.hop = hop

    def __init__(self, marks: Marks, row: Callable[[], Row | None]) -> None:
        super().__init__(id="hop-bar")
        self._marks, self._row = marks, row
        self.current = Place.CLUSTER
        self.gateway = ""
        self._edges: list[tuple[int, Place]] = []

    def line(self, width: int) -> Line:
        row = self._row()
        spans: list[Span] = [(" ", "text")]
        self._edges = []
        x = 1
        for hop in hops_of(row) if row is not None else ():
            assert row is not None
            verdict = row.cell(hop).verdict
            label = hop_label(row, hop, self._marks)
            chosen = hop is self.current
            style = f"verdict:{verdict.name}" if verdict is not None else "quiet"
            text = f"[{label}]" if chosen else f" {label} "
            spans.append((text, f"{style} bold underline" if chosen else style))
            x += len(text)
            self._edges.append((x, hop))
            spans.append((" ", "text"))
            x += 1
        if self.gateway and self.current is Place.GATEWAY:
            spans.append((f" {safe(self.gateway)}", "quiet"))
        return between(tuple(spans), (), width)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        hop = next((hop for edge, hop in self._edges if event.x < edge), None)
        if hop is not None:
            self.post_message(self.Chosen(hop))
