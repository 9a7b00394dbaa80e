"""Opens the terminal on a platform, with an engine on its own thread, and stays until it is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gko_tui.app import GkoApp
from gko_tui.bridge import Bridge, EngineFactory, live_engine
from gko_tui.view.write_windows import WriteWindows

if TYPE_CHECKING:
    from reconciler.settings.model import Platform
    from reconciler.settings.paths import StatePaths


def run_terminal(
    platform: Platform,
    paths: StatePaths,
    *,
    environ: Mapping[str, str],
    clock: Callable[[], float] = time.time,
    debug: bool = False,
    ascii: bool = False,
    theme: str | None = None,
    read_only: bool = False,
    engine_factory: EngineFactory | None = None,
    mouse: bool = True,
    reduced_motion: bool = False,
) -> int:
    """Open the terminal and stay until it is left.

    Args:
        platform: what is read.
        paths: where this machine keeps its state.
        environ: the environment.
        clock: seconds since the epoch.
        debug: the engine's log file gets everything.
        ascii: draw with ASCII characters.
        theme: the name of a theme.
        read_only: nothing can be written, whatever is typed.
        engine_factory: makes the engine on its thread; the live one by default.
        mouse: False leaves the mouse to the terminal.
        reduced_motion: nothing flashes or slides.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that ended it, or 1 after a fault.

    Raises:
        UsageError: there is no theme of that name.
    """
    # A key must be painted within milliseconds while the engine parses on its thread.
    sys.setswitchinterval(0.001)
    factory = engine_factory or live_engine(platform, paths, environ=environ, clock=clock, debug=debug)
    bridge = Bridge(factory, clock, WriteWindows(locked=read_only))
    app = GkoApp(
        platform,
        paths,
        bridge,
        environ=environ,
        clock=clock,
        ascii_only=ascii,
        theme=theme,
        reduced_motion=reduced_motion,
    )
    try:
        answer = app.run(mouse=mouse)
    finally:
        bridge.stop()
    return answer if answer is not None else (app.return_code or 0)
