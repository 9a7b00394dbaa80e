"""The preview beside the table: the places of one row at once, its changes as soon as they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from gko_tui.view.diff_lines import DiffOptions, Mode, build
from gko_tui.view.hop_lines import hop_lines
from gko_tui.view.hop_names import worth_a_diff
from gko_tui.view.hop_parts import HopContext
from gko_tui.view.lines import EMPTY, Line, safe, wrapped
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from gko_tui.app import GkoApp
    from gko_tui.widgets.text_pane import TextPane
    from reconciler.model.keys import ResourceKey
    from reconciler.model.rows import Row
    from reconciler.model.trace import Station


class Preview:
    """Fills a pane for the row under the cursor; keeps the last changes it was told.

    Args:
        app: gives rows, places and the engine's answers.
    """

    def __init__(self, app: GkoApp) -> None:
        self._app = app
        self._told: tuple[Row, list[Line]] | None = None
        self._titled = ""
        self._target: ResourceKey | None = None

    async def show(self, pane: TextPane, key: ResourceKey | None) -> None:
        """Show one resource; a late answer never paints over another one."""
        epoch = self._app.bridge.epoch
        self._target = key
        row = self._app.bridge.store.rows.get(key) if key is not None else None
        if row is None:
            self._titled = pane.border_title = "resource"
            pane.show(())
            return
        width = max(20, pane.size.width)
        if self._titled != row.key.name:  # setting it paints the whole pane
            self._titled = row.key.name
            pane.border_title = Content(safe(row.key.name))
        lines = hop_lines(row, context_of(self._app, row, width))
        if self._told is not None and self._told[0] is row:
            pane.show([*lines, EMPTY, *self._told[1]], keep_place=True)
            return
        same = self._told is not None and self._told[0].key == row.key
        pane.show([*lines, EMPTY, *self._told[1]] if same and self._told else lines, keep_place=same)
        hop = worth_a_diff(row)
        if hop is None:
            return
        try:
            diff = await self._app.bridge.ask(lambda engine: engine.diff(row.key, hop))
        except GkoError as error:
            changes: list[Line] = wrapped(error.sentence(), "state-error", width)
        else:
            options = DiffOptions(width, self._app.marks, self._app.clock(), Mode.SEMANTIC)
            text = build(diff, options)
            # The headline and the causes already stand above, with the hop.
            changes = list(text.lines[text.stops[0] :]) if text.stops else []
        if (self._app.bridge.epoch, self._target) != (epoch, key):
            return
        self._told = (row, changes)
        pane.show([*lines, EMPTY, *changes], keep_place=True)


def context_of(app: GkoApp, row: Row, width: int, *, pods: tuple[Station, ...] = ()) -> HopContext:
    """What the places' lines need besides the row."""
    cluster = row.key.cluster
    plane = row.control_plane_trace.control_plane if row.control_plane_trace is not None else ""
    return HopContext(
        now=app.clock(),
        width=width,
        marks=app.marks,
        stale_for=app.stale.get(cluster),
        cluster=app.bridge.board.clusters.get(cluster),
        problems=app.bridge.board.problems,
        plane_stale_for=app.ages.planes.get(plane),
        control_plane=app.bridge.board.control_planes.get(plane),
        pods=pods,
    )
