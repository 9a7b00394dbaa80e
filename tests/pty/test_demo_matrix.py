"""The embedded platform read off a terminal: every mark of every resource is as the demo was made."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import pytest

from gko_tui.view.store import API_KINDS
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import NO_HOP_GLYPH, Place, Verdict
from reconciler.simulator.demo.matrix import expected_matrix
from reconciler.simulator.serve import DemoProcess, start_in_subprocess
from tests.demo.stories import story
from tests.pty.driver import Terminal

pytestmark = pytest.mark.pty

_TITLES = ("API", "NS", "CLUSTER", "G K C W")
_CUT = "…"
_BY_GLYPH = {verdict.glyph: verdict for verdict in Verdict}
Marks = dict[tuple[str, str, str], str]
"""(name, namespace, cluster) → the four marks; texts as the columns show them, so perhaps cut."""


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


def _columns(lines: Sequence[str]) -> list[int]:
    """Where the name begins and ends, where namespace and cluster begin, and where the marks do."""
    head = next(line for line in lines if all(title in line for title in _TITLES))
    name, *others = [head.index(title) for title in _TITLES]
    return [name, head.index("KIND") if "KIND" in head else others[0], *others]


def _shown(terminal: Terminal) -> Marks:
    """The rows on show; every line of a row has the cursor's place, then a name."""
    lines = terminal.lines
    name, named, namespace, cluster, marks = _columns(lines)
    found: Marks = {}
    for line in lines:
        strip = line[marks : marks + 7]
        if strip[1::2].strip() or not all(strip[::2].split()) or line[name:named].startswith("API"):
            continue
        if len(strip.split()) == 4:
            texts = (line[name:named], line[namespace:cluster], line[cluster:marks])
            found[texts[0].strip(), texts[1].strip(), texts[2].strip()] = strip
    return found


def _as_shown(expected: Marks, shown: Marks) -> Marks:
    """What is expected, its texts cut where the terminal has cut them."""
    cut = {text for texts in shown for text in texts if text.endswith(_CUT)}

    def fitted(text: str) -> str:
        return next((short for short in cut if text.startswith(short[:-1])), text)

    return {
        (fitted(name), fitted(namespace), fitted(cluster)): marks
        for (name, namespace, cluster), marks in expected.items()
    }


def _counted(expected: Marks) -> tuple[str, ...]:
    """What the header says once everything has been judged."""
    states = Counter(
        max((_BY_GLYPH[mark] for mark in marks.split() if mark != NO_HOP_GLYPH), key=lambda v: v.rank)
        for marks in expected.values()
    )
    return tuple(f"{verdict.glyph} {number} " for verdict, number in states.items())


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
    with Terminal(command, size=(200, 60), environ=demo.environ, timeout_s=60) as terminal:
        terminal.wait_for("dr-eu ⚠", "Synced")
        for kind, marks in expected.items():
            terminal.send(":", f"resources {kind}", "enter")
            terminal.wait_for(f"/{len(marks)} ", *_counted(marks))
            shown = _read_all(terminal, len(marks))
            assert shown == _as_shown(marks, shown), kind


def test_a_small_terminal_shows_what_is_not_healthy(demo: DemoProcess, expected: dict[str, Marks]) -> None:
    apis: Marks = {}
    for kind in API_KINDS:
        apis |= expected.get(kind, {})
    unhealthy = {name: marks for name, marks in apis.items() if set(marks.split()) - {"=", NO_HOP_GLYPH}}
    command = [sys.executable, "-m", "gko_tui"]
    with Terminal(command, size=(80, 24), environ=demo.environ, timeout_s=60) as terminal:
        terminal.wait_for("dr-eu ⚠", *_counted(apis))
        terminal.send("!")
        shown = _read_all(terminal, len(unhealthy))
        assert shown == _as_shown(unhealthy, shown)
