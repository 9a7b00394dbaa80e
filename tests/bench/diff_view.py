"""Measure the diff view from outside: `python -m tests.bench.diff_view [--lines 2000]`.

Opens the terminal on one resource whose two documents have so many lines each, presses `d`, and prints
as JSON per size and case: the time from the key to the first lines of the diff on the screen, how much
of that is computing (`build`, measured alone in this process), and how long a scrolled line and a page
take. The cases: a change in every twentieth line, and two documents that share nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gko_tui.opening import run_terminal
from gko_tui.view.diff_lines import SPLIT_FROM, DiffOptions, Mode, build
from gko_tui.view.words import UNICODE
from reconciler.model.changes import Change, ChangeKind, HopDiff, KeyStep, Origin
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict
from tests.pty.driver import Terminal
from tests.terminal.replay import Replay, paths, platform
from tests.terminal.story import NOW, row

CASES = ("scattered", "nothing in common")
_ROW = re.compile(rb"api-\d{5}")
_PAGES = 8
_LOOKING_S = 2.5
"""A reader looks at the table for a moment before the first key."""
_HERE = Path(__file__).parents[2]
_NUMBERED = re.compile(rb"(?:line|value)-(\d+)")
"""What every line of the documents holds."""


def big_diff(lines: int, case: str) -> HopDiff:
    """A hop whose two documents have so many lines each."""
    left, right = list(_document(lines)), list(_document(lines))
    changes = []
    if case == CASES[0]:
        for number in range(10, lines, 20):
            right[number] = right[number].replace("line", "value")
            changes.append(_change(number))
    else:
        right = [line.replace("line", "value") for line in right]
        changes = [_change(number) for number in range(0, lines, 10)]
    return HopDiff(
        Place.CLUSTER,
        "Git",
        "Cluster prod-eu",
        Verdict.DRIFTED,
        (),
        tuple(changes),
        (),
        tuple(left),
        tuple(right),
    )


def _document(lines: int) -> Iterator[str]:
    for number in range(lines):
        depth = number % 7
        yield f"{'  ' * depth}line-{number:05}: the usual length of a value in such a document"


def _change(number: int) -> Change:
    path = ("spec", "flows", KeyStep(f"flow-{number}"), "request", "name")
    return Change(path, ChangeKind.CHANGED, f"line-{number}", f"value-{number}", Origin.RIGHT, "kubectl", NOW)


def serve(lines: int, case: str) -> int:
    """Open the terminal on it."""
    diff = big_diff(lines, case)

    def answer(_row: Row) -> HopDiff:
        return diff

    replay = Replay([row(verdict=Verdict.DRIFTED, changes=len(diff.changes))], answer_diff=answer)
    with tempfile.TemporaryDirectory() as folder:
        return run_terminal(
            platform(), paths(Path(folder)), environ=os.environ, clock=lambda: NOW, engine_factory=replay
        )


def computing_ms(diff: HopDiff, width: int) -> float:
    """How long it takes to write the diff, without any terminal."""
    mode = Mode.SPLIT if width >= SPLIT_FROM else Mode.UNIFIED
    times = []
    for _ in range(3):
        began = time.perf_counter()
        build(diff, DiffOptions(width - 3, UNICODE, NOW, mode))
        times.append((time.perf_counter() - began) * 1000)
    return min(times)


def measure(size: tuple[int, int], lines: int, case: str, keys: int) -> dict[str, float]:
    """Figures of one run, in milliseconds."""
    computing = computing_ms(big_diff(lines, case), size[0])
    with opened(size, lines, case) as terminal:
        terminal.wait_for("payments-api")
        _read_for(terminal, _LOOKING_S)
        opened_ms = _answered(terminal, "d", re.compile(rb"changed fields"))
        terminal.wait_quiet()
        terminal.send("G")  # the documents are below the list of fields
        terminal.wait_quiet()
        steps = sorted(_answered(terminal, "k", _NUMBERED) for _ in range(keys))
        pages = sorted(_answered(terminal, "\x02", _NUMBERED) for _ in range(_PAGES))
        return {
            "open_ms": opened_ms,
            "computing_ms": computing,
            "beyond_ms": opened_ms - computing,
            "line_p50_ms": steps[len(steps) // 2],
            "line_p95_ms": steps[int(len(steps) * 0.95) - 1],
            "page_p50_ms": pages[len(pages) // 2],
        }


@contextmanager
def opened(size: tuple[int, int], lines: int, case: str) -> Iterator[Terminal]:
    """A terminal on it, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.diff_view", "--serve", case, "--lines", str(lines)]
    with Terminal(command, size=size, cwd=_HERE, timeout_s=60) as terminal:
        yield terminal


def table_page_ms(size: tuple[int, int]) -> float:
    """What a page of the table takes on the same terminal, for comparison."""
    command = [sys.executable, "-m", "tests.bench.synthetic", "2000", "0"]
    with Terminal(command, size=size, cwd=_HERE, timeout_s=60) as terminal:
        terminal.wait_for("api-00000")
        _read_for(terminal, _LOOKING_S)
        return statistics.median(_answered(terminal, "\x06", _ROW) for _ in range(_PAGES))


def _read_for(terminal: Terminal, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        terminal.read(min(left, 0.05))


def _answered(terminal: Terminal, key: str, sign: re.Pattern[bytes]) -> float:
    """Milliseconds from a key until something that it leads to has been drawn."""
    _read_for(terminal, 0.06)
    terminal.parsing = False  # drawing what comes would cost time; it cannot be taken up again midway
    terminal.raw.clear()
    pressed = time.perf_counter()
    terminal.send(key)
    while not sign.search(bytes(terminal.raw)):
        if time.perf_counter() - pressed > 10:
            raise AssertionError(f"{key!r} led to nothing")
        terminal.read(0.2)
    return (time.perf_counter() - pressed) * 1000


def main() -> int:
    """Measure and print, or serve the terminal that is measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--sizes", default="80x24,200x60")
    parser.add_argument("--serve", choices=CASES)
    given = parser.parse_args()
    if given.serve:
        return serve(given.lines, given.serve)
    for text in given.sizes.split(","):
        columns, height = map(int, text.split("x"))
        print(json.dumps({"size": text, "table_page_p50_ms": round(table_page_ms((columns, height)), 1)}))
        for case in CASES:
            runs = [measure((columns, height), given.lines, case, given.keys) for _ in range(given.reps)]
            figures = {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}
            print(json.dumps({"size": text, "lines": given.lines, "case": case, **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
