"""Keep one server process exactly as long as the process that wanted it lives.

Run as a program of its own, between the tests and the server:

    python -I -S keeper.py GRACE LOG SCRATCH COMMAND...

The tests hold the other end of this program's standard input. When they close it, or die in whatever
way (SIGKILL included), the read below ends, and the server is asked to stop, then killed. That holds
whichever thread started the server, which Linux's parent-death signal would not: it fires when the
starting *thread* ends. The signal is set as well, from here, for the case that this program is killed.
The server's scratch folder goes with it, for the same reason: nobody else may be left to remove it.

The first line on standard output is the server's process id; the exit code is the server's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1


def _die_with_keeper() -> None:
    """Ask the kernel (Linux) to kill the server if its keeper is killed. Runs in the forked child."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def keep(grace: float, log: str, scratch: str, command: list[str]) -> int:
    """Run a command until it ends or standard input closes.

    Args:
        grace: seconds between asking it to stop (SIGTERM) and killing it; 0 kills at once.
        log: the file that its output is appended to.
        scratch: a folder to remove when it has ended; empty for none.
        command: what to run.
    """
    with open(log, "ab") as output:  # noqa: PTH123 -- pathlib would double this program's start-up time
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Safe here: this program has one thread only.
            preexec_fn=_die_with_keeper if sys.platform == "linux" else None,  # noqa: PLW1509
        )
    # SIGCHLD writes into this pipe, so that one select waits for both ends: the tests' and the server's.
    ended, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    os.write(1, f"{server.pid}\n".encode())
    while server.poll() is None:
        readable, _, _ = select.select([0, ended], [], [], 1.0)
        if 0 in readable and not os.read(0, 1):
            _end(server, grace)
        elif ended in readable:
            os.read(ended, 1024)
    if scratch:
        import shutil  # most servers have no scratch folder, and every import delays the start

        shutil.rmtree(scratch, ignore_errors=True)
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


def _end(server: subprocess.Popen[bytes], grace: float) -> None:
    if grace > 0:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(grace)
            return
    server.kill()
    server.wait()


if __name__ == "__main__":
    # A Ctrl-C in the terminal is for the tests, which then close our input; the signal itself is not ours.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(keep(float(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
