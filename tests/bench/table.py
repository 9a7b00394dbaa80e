"""Measure the table from outside: `python -m tests.bench.table [--rows 10000] [--changes 500]`.

Prints, per size of the terminal, medians over the repetitions as JSON: start to first rows on
screen, memory of the process after a while of changes, share of one core, and the time from a key
press until the terminal has drawn the cursor on another line.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from pathlib import Path

from tests.pty.driver import Terminal

_SETTLE_S = 4.0
_CPU_S = 3.0
_HERE = Path(__file__).parents[2]


_MARK = re.compile(rb"> (?:\x1b\[[0-9;]*m)*api-(\d{5})")
"""The cursor's mark and the row behind it, as the program writes them."""


def cursor_row(terminal: Terminal) -> bytes:
    """The row that was last drawn with the cursor's mark."""
    return _MARK.findall(bytes(terminal.raw))[-1]


def measure(size: tuple[int, int], rows: int, changes: int, keys: int) -> dict[str, float]:
    """Figures of one run; times in milliseconds, memory in MB, CPU in percent of one core."""
    command = [sys.executable, "-m", "tests.bench.synthetic", str(rows), str(changes)]
    with Terminal(command, size=size, cwd=_HERE, timeout_s=60) as terminal:
        frame = terminal.wait_for("STATE")
        first = terminal.wait_for("api-00000")
        _read_for(terminal, _SETTLE_S)
        process = terminal.process
        busy, began = sum(process.cpu_times()[:2]), time.perf_counter()
        _read_for(terminal, _CPU_S)
        cpu = (sum(process.cpu_times()[:2]) - busy) / (time.perf_counter() - began) * 100
        times = sorted(_key_times(terminal, keys))
        return {
            "frame_ms": frame * 1000,
            "first_rows_ms": first * 1000,
            "rss_mb": process.memory_info().rss / 1e6,
            "cpu_percent": cpu,
            "key_p50_ms": times[len(times) // 2],
            "key_p95_ms": times[int(len(times) * 0.95) - 1],
        }


def _read_for(terminal: Terminal, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        terminal.read(min(left, 0.05))


def _key_times(terminal: Terminal, keys: int) -> list[float]:
    """From the press of a key until the row beside has been drawn with the cursor's mark."""
    times = []
    terminal.parsing = False
    present = cursor_row(terminal)
    for number in range(keys):
        _read_for(terminal, 0.06)
        terminal.raw.clear()
        pressed = time.perf_counter()
        terminal.send("j" if number % 30 < 15 else "k")
        while not (found := [row for row in _MARK.findall(bytes(terminal.raw)) if row != present]):
            if time.perf_counter() - pressed > 2:
                raise AssertionError(f"the cursor did not move from {present!r}")
            terminal.read(0.2)
        times.append((time.perf_counter() - pressed) * 1000)
        present = found[-1]
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--sizes", default="80x24,200x60")
    given = parser.parse_args()
    for text in given.sizes.split(","):
        columns, lines = map(int, text.split("x"))
        runs = [measure((columns, lines), given.rows, given.changes, given.keys) for _ in range(given.reps)]
        figures = {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}
        print(json.dumps({"size": text, "rows": given.rows, "changes": given.changes, **figures}))


if __name__ == "__main__":
    main()
