"""`gko-reconciler`: the engine's loop as a service, one structured line for each verdict that changes.

It heals what applications let it, stands in for GKO where that was decided, and says each thing that it
does in the same way. Standard output carries JSON lines, so that a cluster's log collector can read them;
nothing else is printed there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.errors import GkoError
from reconciler.model.verdicts import ExitCode

if TYPE_CHECKING:
    from reconciler.engine.healing.healer import Healer
    from reconciler.engine.service import Engine
    from reconciler.headless.posts import Posts
    from reconciler.headless.report import Reporter

SUMMARY_EVERY_S = 60.0
DRAIN_EVERY_S = 0.5
CONTENDED = "contended"
"""What the healer tells when two writers fight: a person has to settle it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT.

    Args:
        argv: the command line without the program's name; None for the process's own.

    Returns:
        the exit code: that of the last state with `--once`, 0 after a signal, 1 when nothing could start.
    """
    arguments = _parser().parse_args(argv)
    if arguments.version:
        from importlib.metadata import version

        print(f"gko-reconciler {version('gko-tui')}")  # noqa: T201 - what was asked for
        return 0
    try:
        return asyncio.run(_run(arguments))
    except GkoError as error:
        print(f"gko-reconciler: {error.sentence()}", file=sys.stderr)  # noqa: T201 - the service's last word
        return int(ExitCode.ERROR)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gko-reconciler",
        description="Observe every place, heal what applications let it, and log both as JSON lines.",
    )
    parser.add_argument("--config", type=Path, help="the gko-tui.yaml to use")
    parser.add_argument(
        "--once", action="store_true", help="read everything once, do what may be done, print it, and end"
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    return parser


async def _run(arguments: argparse.Namespace) -> int:
    from reconciler.engine.healing.healer import Healer
    from reconciler.engine.service import Engine
    from reconciler.headless.cluster_events import ClusterEvents
    from reconciler.headless.logs import log_json
    from reconciler.headless.posts import Posts
    from reconciler.headless.proposals import Proposals
    from reconciler.headless.report import Reporter
    from reconciler.settings.load import find_settings
    from reconciler.settings.paths import StatePaths

    log_json(sys.stderr)
    platform = find_settings(arguments.config, Path.cwd(), os.environ)
    paths = StatePaths.default(os.environ)
    engine = Engine(platform, paths, environ=os.environ, clock=time.time)
    reporter = Reporter(engine.fleet, sys.stdout, clock=time.time)
    events = ClusterEvents(platform, os.environ, clock=time.time)

    def told(event: str, facts: Mapping[str, object]) -> None:
        reporter.did(event, facts)
        if event == CONTENDED:
            for key, row in engine.fleet.rows().items():
                if str(key) == facts["resource"]:
                    events.warn(row, "Contended", str(facts["why"]))

    healer = Healer(engine, told=told, keep=Proposals(paths.state).keep)
    try:
        if arguments.once:
            await engine.observe_once()
            reporter.changes()
            await healer.once()
            reporter.changes()
            reporter.summary()
            return int(engine.fleet.exit_code(engine.fleet.rows().values(), now=time.time()))
        await _until_signalled(engine, reporter, healer, Posts(platform, os.environ, told, engine.keep_deed))
        return 0
    finally:
        await events.aclose()
        await engine.aclose()


async def _until_signalled(engine: Engine, reporter: Reporter, healer: Healer, posts: Posts) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    reporter.say("started", sources=len(engine.platform.sources), clusters=len(engine.platform.clusters))
    running: list[asyncio.Task[None]] = [loop.create_task(engine.run()), loop.create_task(_report(reporter))]
    stopping = loop.create_task(stop.wait())
    acting = [
        loop.create_task(acts.run(stop))
        for acts, needed in ((healer, healer.needed), (posts, posts.needed))
        if needed
    ]
    running += acting
    try:
        await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await asyncio.gather(*acting)  # what is under way ends between two steps; leases are given back
        for running_task in running:
            if running_task.done():
                running_task.result()
    finally:
        stopping.cancel()
        for running_task in running:
            running_task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*running, stopping, return_exceptions=True)
        reporter.changes()
        reporter.say("stopped")


async def _report(reporter: Reporter) -> None:
    since_summary = 0.0
    while True:
        await asyncio.sleep(DRAIN_EVERY_S)
        since_summary += DRAIN_EVERY_S
        reporter.changes()
        if since_summary >= SUMMARY_EVERY_S:
            since_summary = 0.0
            reporter.summary()


if __name__ == "__main__":
    sys.exit(main())
