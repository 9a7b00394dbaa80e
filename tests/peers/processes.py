"""Start a server behind its keeper, find it free ports, and end it by its process id."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

_KEEPER = Path(__file__).with_name("keeper.py")

# Below the ranges from which systems pick the local ports of outgoing connections: a port handed out here
# stays free while its server is being restarted.
_PORTS = range(20_000, 30_000)


class ServerFailed(Exception):
    """A server ended by itself or did not become ready; the message ends with the last lines of its log."""

    def __init__(self, what: str, log: Path) -> None:
        self.log = log
        super().__init__(f"{what}; the end of {log.name}:\n{tail(log)}")


class ServerProcess:
    """One running server.

    Args:
        name: what to call it in messages.
        command: its argument list.
        log: the file that its output is appended to.
        grace: seconds it is given to end by itself before it is killed; 0 kills at once.
        scratch: a folder that is removed when it has ended, even if that is because the tests were killed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        grace: float = 3.0,
        scratch: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_KEEPER), str(grace), str(log), str(scratch or ""), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Its own session: a Ctrl-C or a hang-up reaches the tests, whose end then reaches the keeper.
            start_new_session=True,
        )
        assert self._keeper.stdout is not None
        first = self._keeper.stdout.readline().strip()
        if not first:
            self.stop()
            raise ServerFailed(f"{name} could not be started", log)
        self.pid = int(first)

    @property
    def keeper_pid(self) -> int:
        """The process id of the keeper."""
        return self._keeper.pid

    @property
    def running(self) -> bool:
        """Whether the server has not ended yet."""
        return self._keeper.poll() is None

    def check(self) -> None:
        """Raise `ServerFailed` if the server has ended by itself."""
        code = self._keeper.poll()
        if code is not None:
            raise ServerFailed(f"{self.name} ended with {code}", self.log)

    def kill(self) -> None:
        """End the server as a crash would, and wait until it is gone. Harmless when it already is."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):  # it ended just now
                os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """End the server and wait until it is gone. Harmless when it already is."""
        keeper = self._keeper
        if keeper.stdin is not None and not keeper.stdin.closed:
            keeper.stdin.close()
        keeper.wait()
        if keeper.stdout is not None:
            keeper.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on.

    Another process may take it before it is used, so that callers start again with other ports when a
    server says that its address is in use.
    """
    generator = random.SystemRandom()
    for _ in range(200):
        port = generator.choice(_PORTS)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: a port whose last connections still linger in TIME_WAIT counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free loopback port found between {_PORTS.start} and {_PORTS.stop}")


def wait_until_gone(pids: Sequence[int], timeout: float = 5.0) -> list[int]:
    """Wait until none of these processes exists; return those that still do after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while remaining := [pid for pid in pids if _exists(pid)]:
        if time.monotonic() > deadline:
            return remaining
        time.sleep(0.02)
    return []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def tail(log: Path, lines: int = 25) -> str:
    """Return the last lines of a log, or a word for there being none."""
    if not log.is_file():
        return "(no log)"
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(text[-lines:]) or "(empty)"
