"""A terminal for tests: starts a program on a pseudo-terminal and reads what it has drawn.

    with Terminal([sys.executable, "-m", "gko_tui", "demo"], size=(80, 24)) as terminal:
        terminal.wait_for("payments-api")
        terminal.send("d")
        terminal.wait_for("Git → cluster")
        assert "kubectl" in terminal.text

Nothing sleeps: every wait reads the program's output until a condition holds, and fails with the
whole screen when it does not.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil
import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "pagedown": "\x1b[6~",
    "pageup": "\x1b[5~",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "backspace": "\x7f",
    **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
}

_ALTERNATE_ON, _ALTERNATE_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
# pyte knows no private-parameter forms of these sequences and would print their tails.
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1bP[^\x1b]*\x1b\\")


class Terminal:
    """One program on a terminal of its own.

    Args:
        command: the program and its arguments.
        size: (columns, lines).
        environ: the whole environment; by default this process's, without NO_COLOR.
        cwd: where it starts.
        timeout_s: how long a wait may take.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = 20.0,
    ) -> None:
        self.columns, self.rows = size
        self.timeout_s = timeout_s
        self.raw = bytearray()
        """Everything the program has written."""
        self.screen = pyte.Screen(self.columns, self.rows)
        self._stream = pyte.ByteStream(self.screen)
        self.parsing = True
        """False leaves what is read in `raw` only: drawing it costs more than the program does."""
        self._ended: int | None = None
        env = {**(environ if environ is not None else os.environ)}
        if environ is None:
            env.pop("NO_COLOR", None)
        env = {"COLORTERM": "truecolor", "LANG": "C.UTF-8", **env, "TERM": "xterm-256color"}
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:  # the child: becomes the program
            try:
                if cwd is not None:
                    os.chdir(cwd)
                os.execvpe(command[0], list(command), env)
            finally:
                os._exit(127)
        self._set_size()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what it shows ---------------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """The lines on the screen, without blanks at their ends."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def line_with(self, text: str) -> str:
        """The first line that holds `text`.

        Raises:
            AssertionError: there is none.
        """
        for line in self.lines:
            if text in line:
                return line
        raise AssertionError(f"no line holds {text!r}:\n{self.text}")

    def words_of(self, text: str) -> list[str]:
        """The words of the first line that holds `text`; none while there is no such line.

        For waits: in the middle of a paint any line may be missing.
        """
        return next((line.split() for line in self.lines if text in line), [])

    @property
    def in_alternate_screen(self) -> bool:
        """Whether the program has taken the whole screen and not given it back."""
        return self.raw.rfind(_ALTERNATE_ON) > self.raw.rfind(_ALTERNATE_OFF)

    # --- waiting ---------------------------------------------------------------------------

    def wait_until(self, holds: Callable[[], bool], what: str, timeout_s: float | None = None) -> float:
        """Read output until a condition holds.

        Returns:
            Seconds since the program was started.

        Raises:
            AssertionError: it did not hold in time, or the program ended before.
        """
        limit = time.perf_counter() + (timeout_s if timeout_s is not None else self.timeout_s)
        while not holds():
            left = limit - time.perf_counter()
            if left <= 0:
                raise AssertionError(f"{what}: not within the time; the screen is\n{self.text}")
            if not self.read(min(left, 0.05)) and self.ended and not holds():
                raise AssertionError(f"{what}: the program ended with {self._ended}:\n{self.text}")
        return time.perf_counter() - self.started

    def wait_for(self, *texts: str, timeout_s: float | None = None) -> float:
        """Wait until all these texts are on the screen; gives seconds since the start."""
        return self.wait_until(
            lambda: all(any(text in line for line in self.screen.display) for text in texts),
            f"waiting for {texts}",
            timeout_s,
        )

    def wait_gone(self, text: str, timeout_s: float | None = None) -> float:
        """Wait until a text is no longer on the screen."""
        return self.wait_until(
            lambda: not any(text in line for line in self.screen.display),
            f"waiting for {text!r} to go",
            timeout_s,
        )

    def wait_end(self, timeout_s: float | None = None) -> int:
        """Wait until the program has ended; gives its exit code, or minus the signal's number."""
        self.wait_until(lambda: self.ended, "waiting for the end", timeout_s)
        while self.read(0):
            pass
        assert self._ended is not None
        return self._ended

    def wait_quiet(self, quiet_s: float = 0.25, timeout_s: float | None = None) -> None:
        """Wait until nothing has been drawn for a moment."""
        limit = time.perf_counter() + (timeout_s if timeout_s is not None else self.timeout_s)
        while time.perf_counter() < limit:
            if not self.read(quiet_s):
                return

    @property
    def ended(self) -> bool:
        """Whether the program has ended."""
        if self._ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended = os.waitstatus_to_exitcode(status)
        return self._ended is not None

    def read(self, wait_s: float) -> bytes:
        """Take what the program has written; waits at most `wait_s` seconds for something."""
        ready, _, _ = select.select([self._fd], [], [], wait_s)
        if not ready:
            return b""
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # the other end is closed
            return b""
        self.raw += data
        self._answer(data)
        if self.parsing:
            self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
        return data

    def _answer(self, data: bytes) -> None:
        """Answer what a program asks of a terminal: where the cursor is, what it can do."""
        if b"\x1b[6n" in data:
            os.write(self._fd, b"\x1b[1;1R")
        if b"\x1b[c" in data:
            os.write(self._fd, b"\x1b[?62;c")

    # --- doing -----------------------------------------------------------------------------

    def send(self, *keys: str) -> None:
        """Press keys: names (`enter`, `ctrl+r`), or texts that are typed as they are."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.columns, self.rows = columns, rows
        self.screen.resize(rows, columns)
        self._set_size()

    def _set_size(self) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    @property
    def process(self) -> psutil.Process:
        """The program as psutil sees it."""
        return psutil.Process(self.pid)

    def close(self) -> None:
        """End the program, by force if need be, and let go of the terminal."""
        if not self.ended:
            self.signal(signal.SIGTERM)
            limit = time.perf_counter() + 5
            while not self.ended and time.perf_counter() < limit:
                self.read(0.05)
            if not self.ended:
                self.signal(signal.SIGKILL)
                _, status = os.waitpid(self.pid, 0)
                self._ended = os.waitstatus_to_exitcode(status)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
