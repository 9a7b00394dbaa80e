"""`gko-tui demo`: the embedded platform, with the terminal on it or for other commands to use."""

from __future__ import annotations

import os
import shlex
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gko_tui.commands.invocation import Invocation
from reconciler.model.errors import GkoError
from reconciler.model.verdicts import ExitCode

if TYPE_CHECKING:
    from reconciler.simulator.serve import DemoProcess


def run(invocation: Invocation) -> int:
    """Start the platform in a process of its own; it ends with this one."""
    from gko_tui.cli import build_parser, can_draw

    arguments = invocation.arguments
    screen = not arguments.serve and not arguments.plain and can_draw(invocation.environ)
    if screen:  # Textual is loaded while the platform starts
        threading.Thread(target=_load_terminal, daemon=True).start()
    process = _start(invocation)
    try:
        if arguments.serve:
            return _serve(invocation, process)
        inside = replace(invocation, environ={**invocation.environ, **process.environ})
        arguments.config = str(process.config_path)
        if screen:
            from gko_tui.commands.terminal import open_terminal

            return open_terminal(inside, inside.platform(), inside.paths())
        from gko_tui.commands.status import status

        line = ["--config", arguments.config, "status"]
        return status(replace(inside, arguments=build_parser().parse_args(line)))
    finally:
        process.stop()


def _load_terminal() -> None:
    import gko_tui.opening  # noqa: F401


def _start(invocation: Invocation) -> DemoProcess:
    from gko_tui.output.progress import Progress
    from reconciler.simulator.serve import start_in_subprocess

    arguments = invocation.arguments
    if arguments.scale < 0:
        raise GkoError("is not a number of APIs", subject=f"--scale {arguments.scale}")
    folder = invocation.cwd / Path(arguments.folder) if arguments.folder else None
    with Progress(invocation.console) as progress:
        progress("starting the demo's clusters")
        return start_in_subprocess(folder, scale=arguments.scale)


def _serve(invocation: Invocation, process: DemoProcess) -> int:
    console = invocation.console
    if invocation.arguments.output == "table":
        console.write(
            "".join(f"export {name}={shlex.quote(value)}\n" for name, value in process.environ.items())
        )
        console.out.flush()
    else:
        from gko_tui.output.documents import encode

        description = {"schema": "gko-tui/demo/v1", **process.description}
        console.write_bytes(encode(description, invocation.arguments.output, one_line=True))
    if console.progress:
        console.warn("the demo is running: set these in another shell and use gko-tui there; Ctrl+C ends it")
    try:
        os.waitpid(process.pid, 0)
    except KeyboardInterrupt:  # how a served demo is meant to end
        return int(ExitCode.IN_SYNC)
    raise GkoError("ended by itself", subject="the demo's platform")
