"""The README's pictures, made by the program itself: `python -m gko_tui.screenshots screenshots`.

A picture is an SVG of 120×36 cells. The fonts that Rich would fetch from a network are replaced by
those of the reader's machine: an SVG inside an `<img>` may not load any.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gko_tui.app import GkoApp
from gko_tui.bridge import Bridge, EngineFactory, live_engine
from reconciler.model.errors import GkoError
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from reconciler.settings.model import Platform
    from reconciler.settings.paths import StatePaths

COLUMNS, LINES = 120, 36
FONTS = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace'
_WAIT_S = 60.0

_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_FONT_FAMILY = re.compile(r"font-family:\s*[^;]*;")
_HASH = re.compile(r"terminal-\d+")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its name, and the keys that lead to it from the table."""

    name: str
    keys: Sequence[str]
    worth: Callable[[Row], int] | None = None
    """How well a row shows what the picture is about; the cursor goes to the best one above 0."""


def _drift(row: Row) -> int:
    return 1 + row.cluster.change_count if row.cluster.verdict is Verdict.DRIFTED else 0


def _console_edit(row: Row) -> int:
    return row.control_plane.change_count if row.control_plane.verdict is Verdict.DRIFTED else 0


def _behind(row: Row) -> int:
    return 1 if row.gateway.verdict is Verdict.DRIFTED else 0


PICTURES = (
    Picture("table", ("S",)),
    Picture("diff", ("d",), _drift),
    Picture("control-plane", ("d",), _console_edit),
    Picture("detail", ("enter", "1"), _drift),
    Picture("trace", ("t",), _behind),
    Picture("dead-cluster", ("p",)),
)


async def make(
    folder: Path,
    platform: Platform,
    paths: StatePaths,
    engine_factory: EngineFactory,
    *,
    environ: Mapping[str, str],
    clock: Callable[[], float],
    ready: Callable[[GkoApp], bool] | None = None,
    theme: str | None = None,
) -> list[Path]:
    """Write the pictures.

    Args:
        folder: where the SVG files go.
        engine_factory: the engine, as for `run_terminal`.
        ready: whether everything that the pictures need has been read; by default, once every place
            has answered and there are rows.
        theme: the name of a theme.

    Returns:
        The files.

    Raises:
        GkoError: the platform was not read within a minute, or has no row for a picture by then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    is_ready = ready if ready is not None else _all_read
    bridge = Bridge(engine_factory, clock)
    app = GkoApp(platform, paths, bridge, environ=environ, clock=clock, theme=theme, reduced_motion=True)
    try:
        async with app.run_test(size=(COLUMNS, LINES)) as pilot:
            await _until(lambda: is_ready(app), pilot)
            for picture in PICTURES:
                app.back_to_table()
                await _until(lambda: app.top is app.table_screen, pilot)
                app.table_screen.do_all()
                if picture.worth is not None:
                    await _put_cursor(app, picture.worth, pilot)
                await pilot.press(*picture.keys)
                await app.workers.wait_for_complete()
                await pilot.pause()
                svg = app.export_screenshot(title=f"gko-tui: {picture.name}", simplify=True)
                target = folder / f"{picture.name}.svg"
                target.write_text(plain_fonts(svg, picture.name), "utf-8", newline="\n")
                made.append(target)
    finally:
        bridge.stop()
    return made


def plain_fonts(svg: str, name: str) -> str:
    """Take the web fonts out of an SVG, and make its ids the same each time."""
    svg = _FONT_FACE.sub("", svg)
    svg = _FONT_FAMILY.sub(f"font-family: {FONTS};", svg)
    # Some renderers trim the blanks at the ends of a run, and with them the indentation of YAML.
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    return _HASH.sub(f"terminal-{name}", svg)


def _all_read(app: GkoApp) -> bool:
    return not app.is_reading and bool(app.bridge.store.rows)


async def _until(holds: Callable[[], bool], pilot: Pilot[int]) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + _WAIT_S
    while not holds():
        if loop.time() > end:
            raise GkoError("the platform was not read within a minute", next_step="look at its places")
        await asyncio.sleep(0.05)
    await pilot.pause()


async def _put_cursor(app: GkoApp, worth: Callable[[Row], int], pilot: Pilot[int]) -> None:
    rows = app.bridge.store.rows
    await _until(lambda: any(worth(row) for row in rows.values()), pilot)
    table = app.table_screen.table
    table.settle(now=True)
    order = table.listing.order
    table.move_to(max(range(len(order)), key=lambda index: worth(rows[order[index]])))


def make_from_demo(folder: Path) -> list[Path]:
    """Write the pictures of the demo's platform.

    Raises:
        GkoError: the demo did not start, or was not read within a minute.
    """
    from reconciler.settings.load import load_settings
    from reconciler.settings.paths import StatePaths
    from reconciler.simulator.serve import start_in_subprocess

    process = start_in_subprocess(None)
    environ = {**os.environ, **process.environ}
    environ.pop("NO_COLOR", None)
    try:
        with tempfile.TemporaryDirectory() as state:
            paths = StatePaths(Path(state) / "state", Path(state) / "cache")
            platform = load_settings(Path(process.config_path))
            factory = live_engine(platform, paths, environ=environ, clock=time.time, debug=False)
            return asyncio.run(make(folder, platform, paths, factory, environ=environ, clock=time.time))
    finally:
        process.stop()


if __name__ == "__main__":
    for written in make_from_demo(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")):
        sys.stdout.write(f"{written}\n")
