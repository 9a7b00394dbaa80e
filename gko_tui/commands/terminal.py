"""No command: the terminal, live."""

from __future__ import annotations

from gko_tui.commands.invocation import Invocation


def run(invocation: Invocation) -> int:
    """Open the terminal on the configuration in use.

    A configuration that is wrong is said on the plain screen, before any other is drawn.
    """
    platform, paths = invocation.platform(), invocation.paths()
    from gko_tui.app import run_terminal

    arguments = invocation.arguments
    return run_terminal(
        platform,
        paths,
        environ=invocation.environ,
        clock=invocation.clock,
        ascii_only=arguments.ascii,
        no_colour=arguments.no_color,
        debug=arguments.debug,
    )
