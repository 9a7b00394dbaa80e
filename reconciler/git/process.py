"""Running another program within bounds: its environment, its time, its output, its process group.

What it says on standard error is shown to people, so control characters are escaped and the values of
the variables that it was given are covered.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_STDERR_BYTES: Final = 64 * 1024
_SHOWN_CHARACTERS: Final = 600
_READ_BYTES: Final = 256 * 1024
_AFTER_EXIT_S: Final = 1.0
_MASKED_FROM: Final = 3


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: `cause` is `exit`, `timeout` or `output`; `code` None where it was killed."""

    cause: str
    code: int | None
    stdout: bytes
    stderr: bytes


def run_bounded(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    max_bytes: int,
    stdin: bytes = b"",
    clock: Callable[[], float] = time.monotonic,
) -> Ended:
    """Run a program in a process group of its own, which does not outlive the call.

    Args:
        argv: the program and its arguments; no shell.
        cwd: its working directory.
        env: its whole environment.
        timeout_s: seconds it may take; then the group is killed.
        max_bytes: bytes of standard output it may print; then the group is killed.
        stdin: what it reads; small enough for a pipe (64 KiB).
        clock: monotonic seconds.

    Raises:
        OSError: it cannot be started.
    """
    process = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.write(stdin)
                process.stdin.close()
        cause, out, err = _collect(process, clock() + timeout_s, max_bytes, clock)
    finally:
        # The leader is not reaped yet, so its number still names this group and no other.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    return Ended(cause, code if cause == "exit" else None, out, err)


def _collect(
    process: subprocess.Popen[bytes], deadline: float, max_bytes: int, clock: Callable[[], float]
) -> tuple[str, bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, out)
        selector.register(process.stderr, selectors.EVENT_READ, err)
        exited_at: float | None = None
        while selector.get_map() or not exited_at:
            now = clock()
            if exited_at is None and _has_exited(process):
                exited_at = now
            if exited_at is not None and (not selector.get_map() or now > exited_at + _AFTER_EXIT_S):
                return "exit", bytes(out), bytes(err)
            if now >= deadline:
                return "timeout", bytes(out), bytes(err)
            # Without pipes left to wait for, only the exit itself is awaited, in short steps.
            wait = min(deadline - now, 0.05 if exited_at is None and not selector.get_map() else 0.2)
            for key, _ in selector.select(wait):
                stream: IO[bytes] = key.fileobj  # type: ignore[assignment]
                data = os.read(stream.fileno(), _READ_BYTES)
                if not data:
                    selector.unregister(stream)
                elif stream is process.stdout:
                    out += data
                    if len(out) > max_bytes:
                        return "output", bytes(out[:max_bytes]), bytes(err)
                else:
                    err += data
                    del err[:-_STDERR_BYTES]
            if not selector.get_map() and exited_at is None:
                _await_exit(process, min(deadline - clock(), 0.05))
    return "exit", bytes(out), bytes(err)


def _has_exited(process: subprocess.Popen[bytes]) -> bool:
    """Whether the leader has ended, leaving it unreaped."""
    if sys.platform == "darwin":  # Python has no waitid there before 3.13
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _await_exit(process: subprocess.Popen[bytes], seconds: float) -> None:
    if not _has_exited(process):
        time.sleep(max(seconds, 0.0))


def scrubbed(environ: Mapping[str, str], home: Path, passed: Sequence[str] = ()) -> dict[str, str]:
    """The environment for a renderer: where programs are, a home of its own, what is passed."""
    env = {
        "PATH": environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "GIT_TERMINAL_PROMPT": "0",
    }
    return env | {name: environ[name] for name in passed if name in environ}


def shown(stderr: bytes, secrets: Mapping[str, str]) -> str:
    """What a program complained of, fit for people: its end, on one line, escaped, secrets covered.

    Args:
        stderr: what it wrote.
        secrets: variable name → value; each value, and each longer line of it, becomes ‹NAME›.
    """
    text = stderr.decode("utf-8", "replace")
    for value, name in sorted(_pieces(secrets), key=lambda pair: -len(pair[0])):
        text = text.replace(value, f"‹{name}›")
    line = " ".join(part.strip() for part in text.splitlines() if part.strip())
    escaped = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)
    return f"…{escaped[-_SHOWN_CHARACTERS:]}" if len(escaped) > _SHOWN_CHARACTERS else escaped


def _pieces(secrets: Mapping[str, str]) -> set[tuple[str, str]]:
    pieces: set[tuple[str, str]] = set()
    for name, value in secrets.items():
        for piece in (value, value.strip(), *(line.strip() for line in value.splitlines())):
            if len(piece) >= _MASKED_FROM:
                pieces.add((piece, name))
    return pieces
