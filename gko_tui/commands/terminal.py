"""No command: the terminal, live."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gko_tui.commands.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.settings.model import Platform
    from reconciler.settings.paths import StatePaths


def run(invocation: Invocation) -> int:
    """Open the terminal on the configuration in use.

    A configuration that is wrong is said on the plain screen, before any other is drawn.
    """
    return open_terminal(invocation, invocation.platform(), invocation.paths())


def open_terminal(invocation: Invocation, platform: Platform, paths: StatePaths) -> int:
    """Open the terminal on a platform, as the options of the command line say.

    Args:
        invocation: the run; `--theme`, `--no-mouse`, `--read-only` and `--reduced-motion` belong to it.
        platform: what is read.
        paths: where this machine keeps its state.
    """
    from gko_tui.opening import run_terminal

    arguments = invocation.arguments
    if arguments.no_color:
        os.environ["NO_COLOR"] = "1"  # where Textual looks
    return run_terminal(
        platform,
        paths,
        environ={**invocation.environ, **({"NO_COLOR": "1"} if arguments.no_color else {})},
        clock=invocation.clock,
        debug=arguments.debug,
        ascii=arguments.ascii,
        theme=arguments.theme,
        mouse=not arguments.no_mouse,
        read_only=arguments.read_only,
        reduced_motion=arguments.reduced_motion,
    )
