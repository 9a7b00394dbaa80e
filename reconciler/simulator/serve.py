"""The demo's platform as a process of its own, so that the terminal's process stays small.

`python -m reconciler.simulator.serve` starts it, prints one line of JSON when everything answers, and stays
until SIGTERM, SIGINT, or until whoever started it is gone (its standard input ends).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from reconciler.model.errors import GkoError

START_TIMEOUT, START_TIMEOUT_PER_API = 20.0, 0.02
"""Seconds a platform may take to start, and for each generated API more; it takes one and 0.003."""


@dataclass(frozen=True, slots=True)
class DemoProcess:
    """A running platform in another process.

    `description` is its line of JSON: `folder`, `config`, `kubeconfig`, `repository`, `state`, `cache`,
    `temporary`, `clusters` (name → URL), `apim` (`url`, `user`, `password`), `gateways` (pod → URL), `pid`.
    """

    description: Mapping[str, Any] = field(repr=False)  # it holds a password
    _process: subprocess.Popen[bytes]

    @property
    def config_path(self) -> Path:
        """The demo's gko-tui.yaml."""
        return Path(self.description["config"])

    @property
    def kubeconfig_path(self) -> Path:
        """The demo's kubeconfig."""
        return Path(self.description["kubeconfig"])

    @property
    def environ(self) -> dict[str, str]:
        """The variables under which gko-tui works on the demo and on nothing else."""
        return {
            "GKO_TUI_CONFIG": self.description["config"],
            "GKO_TUI_STATE": self.description["state"],
            "GKO_TUI_CACHE": self.description["cache"],
            "KUBECONFIG": self.description["kubeconfig"],
        }

    @property
    def pid(self) -> int:
        """The platform's process."""
        return self._process.pid

    def stop(self, *, timeout: float = 5.0) -> None:
        """End the platform and wait for it; a temporary folder is gone afterwards.

        Args:
            timeout: seconds it may take before it is killed.
        """
        _end(self._process, timeout)
        if self.description["temporary"]:
            shutil.rmtree(self.description["folder"], ignore_errors=True)


def start_in_subprocess(
    folder: Path | None = None, *, scale: int = 0, timeout: float | None = None
) -> DemoProcess:
    """Start the platform in a process of its own, and return when it answers.

    It ends when `stop` is called, or with this process.

    Args:
        folder: where it lives; None means a temporary folder that goes with it.
        scale: that many generated APIs more.
        timeout: seconds to wait; None means what a start of this scale may take.

    Raises:
        GkoError: it did not start; the message is what it said.
    """
    command = [
        sys.executable,
        "-m",
        "reconciler.simulator.serve",
        "--until-stdin-ends",
        "--scale",
        str(scale),
    ]
    if folder is not None:
        command += ["--folder", str(folder)]
    patience = START_TIMEOUT + scale * START_TIMEOUT_PER_API if timeout is None else timeout
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,  # Ctrl+C in the terminal is the terminal's
        )
        assert process.stdout is not None
        try:
            line = _first_line(process.stdout, patience)
            process.stdout.close()
            return DemoProcess(json.loads(line), process)
        except (ValueError, TimeoutError) as error:
            _end(process, timeout=5.0)
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip().splitlines()
            raise GkoError(
                "did not start" if not said else said[-1],
                subject="the demo's platform",
                next_step="run python -m reconciler.simulator.serve to see why" if not said else "",
            ) from error


def _end(process: subprocess.Popen[bytes], timeout: float) -> None:
    """Let the process clean up and go; kill it where it does not."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _first_line(stream: IO[bytes], timeout: float) -> bytes:
    """Read one line.

    Raises:
        TimeoutError: none came in time.
        ValueError: the stream ended without one.
    """
    deadline = time.monotonic() + timeout
    descriptor = stream.fileno()
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            chunk = os.read(descriptor, 65_536)
            if not chunk:
                raise ValueError("ended without a line")
            line += chunk
    return line


def main(argv: Sequence[str] | None = None) -> int:
    """Run the platform until it is told to stop; returns an exit code.

    The line of JSON goes to standard output, or to the descriptor of `--ready-fd`.
    """
    parser = argparse.ArgumentParser(prog="python -m reconciler.simulator.serve", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the demo lives (default: a temporary folder)")
    parser.add_argument("--scale", type=int, default=0, metavar="N", help="N generated APIs more, on prod-eu")
    parser.add_argument("--ready-fd", type=int, default=1, metavar="FD", help="where the line of JSON goes")
    parser.add_argument("--until-stdin-ends", action="store_true", help="end when standard input does")
    options = parser.parse_args(argv)
    temporary = options.folder is None
    folder = Path(tempfile.mkdtemp(prefix="gko-tui-demo-")) if temporary else options.folder.absolute()
    try:
        asyncio.run(_serve(folder, options, temporary=temporary))
    except GkoError as error:
        print(error.sentence(), file=sys.stderr)  # noqa: T201
        return 1
    finally:
        if temporary:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


async def _serve(folder: Path, options: argparse.Namespace, *, temporary: bool) -> None:
    from reconciler.simulator.platform import DemoPlatform

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.until_stdin_ends:
        _watch_stdin(loop, stop)
    platform = DemoPlatform(scale=options.scale)
    try:
        gc.disable()  # nothing that is made while starting is garbage
        await platform.start(folder)
        gc.freeze()
        gc.enable()
        line = json.dumps({**platform.describe(), "temporary": temporary, "pid": os.getpid()}) + "\n"
        os.write(options.ready_fd, line.encode())
        await stop.wait()
    finally:
        await platform.stop()


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends: the pipe's other end closes with the process that holds it."""
    descriptor = sys.stdin.fileno()

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, readable)


if __name__ == "__main__":
    sys.exit(main())
