"""The embedded platform read off a terminal: every mark of every resource is as the demo was made."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator

import pytest

from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import NO_HOP_GLYPH, Place, Verdict
from reconciler.simulator.demo.matrix import expected_matrix
from reconciler.simulator.serve import DemoProcess, start_in_subprocess
from tests.demo.stories import story
from tests.pty.driver import Terminal

pytestmark = pytest.mark.pty

_ROW = re.compile(
    r"^[>* ] (?P<name>[\w.-]+) +(?:[A-Z]\w+ +)?(?P<namespace>\S+) +(?P<cluster>\S+) +"
    r"(?P<marks>\S \S \S \S) +[A-Z]",
    re.MULTILINE,
)
Marks = dict[tuple[str, str, str], str]
"""(name, namespace, cluster) → the four marks."""


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    process = start_in_subprocess()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def expected() -> dict[str, Marks]:
    """Kind → the marks of its resources."""
    table: dict[str, Marks] = defaultdict(dict)
    for key, cells in expected_matrix(story()).items():
        marks = " ".join(_mark(cells[place.value]) for place in Place)
        table[key.kind][_name(key)] = marks
    return table


def _name(key: ResourceKey) -> tuple[str, str, str]:
    return key.name, key.namespace, key.cluster


def _mark(verdict: Verdict | None) -> str:
    return NO_HOP_GLYPH if verdict is None else verdict.glyph


def _shown(terminal: Terminal) -> Marks:
    return {
        (found["name"], found["namespace"], found["cluster"]): found["marks"]
        for found in _ROW.finditer(terminal.text)
        if found["namespace"] != "NS"
    }


def _read_all(terminal: Terminal, count: int) -> Marks:
    """Page through the table from its first row until as many resources as there are have been seen."""
    seen: Marks = {}
    terminal.send("g")
    terminal.wait_for(f"1/{count}")
    while True:
        terminal.wait_quiet()
        seen |= _shown(terminal)
        if f" {count}/{count}" in terminal.text:
            return seen
        terminal.send("pagedown")


def test_every_mark_of_every_kind_is_as_it_was_made(demo: DemoProcess, expected: dict[str, Marks]) -> None:
    command = [sys.executable, "-m", "gko_tui"]
    with Terminal(command, size=(120, 50), environ=demo.environ, timeout_s=60) as terminal:
        terminal.wait_for("dr-eu ⚠", "≠ 5")
        for kind, marks in expected.items():
            terminal.send(":", f"resources {kind}", "enter")
            terminal.wait_for(f"1/{len(marks)}")
            assert _read_all(terminal, len(marks)) == marks, kind


def test_a_small_terminal_shows_what_is_not_healthy(demo: DemoProcess, expected: dict[str, Marks]) -> None:
    apis = expected["ApiV4Definition"] | expected["ApiDefinition"]
    healthy = {"= = · ·"}
    unhealthy = {name: marks for name, marks in apis.items() if marks not in healthy}
    command = [sys.executable, "-m", "gko_tui"]
    with Terminal(command, size=(80, 24), environ=demo.environ, timeout_s=60) as terminal:
        terminal.wait_for("dr-eu ⚠", "≠ 5")
        terminal.send("!")
        terminal.wait_for(f"1/{len(unhealthy)}")
        assert _read_all(terminal, len(unhealthy)) == unhealthy
