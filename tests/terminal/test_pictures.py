"""The flagship screens as SVG, colours and all; few, since grids say the same in a tenth of the space."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from gko_tui.app import GkoApp
from gko_tui.bridge import Bridge
from tests.terminal.replay import NOW, Replay, dead, paths, platform

PLAIN = {"LANG": "C.UTF-8"}
COLOURLESS = {"LANG": "C.UTF-8", "NO_COLOR": "1"}


@pytest.fixture
def app_with(tmp_path: Path) -> Iterator[Callable[..., GkoApp]]:
    bridges: list[Bridge] = []

    def make(theme: str = "gko-dark", environ: dict[str, str] | None = None) -> GkoApp:
        replay = Replay()
        replay.places[2] = dead("prod-us")
        bridge = Bridge(replay, lambda: NOW)
        bridges.append(bridge)
        return GkoApp(
            platform(),
            paths(tmp_path),
            bridge,
            environ=environ or PLAIN,
            clock=lambda: NOW,
            theme=theme,
            reduced_motion=True,
        )

    yield make
    for bridge in bridges:
        bridge.stop()


async def table(pilot: Pilot[int]) -> None:
    """Wait until the rows are there, and put the cursor on the drifted one."""
    app = pilot.app
    assert isinstance(app, GkoApp)
    while not app.bridge.store.rows or app.is_reading:
        await pilot.pause(0.02)
    app.table_screen.table.move_to(6)
    if pilot.app.size.width >= 160:
        preview = app.table_screen.query_one("#preview")
        while not any("KEY_LESS" in text for line in preview.lines for text, _ in line):  # type: ignore[attr-defined]
            await pilot.pause(0.02)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def diff(pilot: Pilot[int]) -> None:
    """Open the diff of the drifted row."""
    await table(pilot)
    app = pilot.app
    assert isinstance(app, GkoApp)
    app.act("table.diff")
    await pilot.pause()
    await app.workers.wait_for_complete()
    await pilot.pause()


@pytest.mark.parametrize("theme", ["gko-dark", "gko-light"])
@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_table(snap_compare, app_with, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(app_with(theme), terminal_size=size, run_before=table)


def test_the_table_without_colours(snap_compare, app_with) -> None:
    assert snap_compare(app_with(environ=COLOURLESS), terminal_size=(80, 24), run_before=table)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_diff(snap_compare, app_with, size: tuple[int, int]) -> None:
    assert snap_compare(app_with(), terminal_size=size, run_before=diff)
