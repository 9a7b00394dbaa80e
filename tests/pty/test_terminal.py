"""The terminal as a person has it: started, used, resized, left; on a real pseudo-terminal."""

from __future__ import annotations

import base64
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pty.driver import Terminal

pytestmark = pytest.mark.pty

ROOT = Path(__file__).parents[2]
REPLAY = [sys.executable, "-m", "tests.terminal.open_replay"]


@pytest.fixture(params=[(80, 24), (200, 60)], ids=["80x24", "200x60"])
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    with Terminal([*REPLAY, "--dead"], size=request.param, cwd=ROOT, timeout_s=60) as opened:
        opened.wait_for("payments-api", "Drifted")
        yield opened


@pytest.fixture
def small() -> Iterator[Terminal]:
    with Terminal(REPLAY, cwd=ROOT, timeout_s=60) as opened:
        opened.wait_for("payments-api", "Drifted")
        yield opened


def test_it_is_used_from_the_table_to_the_diff_and_left(terminal: Terminal) -> None:
    terminal.wait_for("prod-us ⚠ stale 41s, retry 8s")
    terminal.send("/", "payments")
    terminal.wait_for("2 rows")
    terminal.send("enter")
    terminal.wait_gone("checkout")
    terminal.send("enter")
    terminal.wait_for("Git → cluster prod-eu", "API_KEY", "KEY_LESS", "by kubectl-edit")
    terminal.send("escape")
    terminal.wait_for("API↑")
    terminal.send("q")
    terminal.wait_for("Quit gko-tui?")
    terminal.send("q")
    assert terminal.wait_end() == 0


def test_keys_that_come_in_one_packet_are_done_in_their_order(small: Terminal) -> None:
    small.send("/payments\r\r")
    small.wait_for("Git → cluster prod-eu", "KEY_LESS")
    small.send("\x1b")
    small.wait_for("/payments", "API↑")
    small.send(":sort state\r0S")
    small.wait_for("STATE↓")


def test_leaving_gives_the_screen_back(small: Terminal) -> None:
    assert small.in_alternate_screen
    small.send("ctrl+c")
    assert small.wait_end() == 0
    assert not small.in_alternate_screen
    end = bytes(small.raw[-600:])
    assert b"\x1b[?25h" in end, "the cursor is shown again"
    assert b"\x1b[?1000l" in end, "the mouse is let go"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_gives_the_screen_back(small: Terminal, number: signal.Signals) -> None:
    small.signal(number)
    assert small.wait_end() == 128 + number
    assert not small.in_alternate_screen


def test_arrows_and_pages_move_the_cursor(small: Terminal) -> None:
    small.send("down", "down")
    small.wait_until(lambda: small.words_of("> ")[1:4:2] == ["checkout", "prod-us"], "two rows down")
    small.send("up")
    small.wait_until(lambda: small.words_of("> ")[1:4:2] == ["checkout", "prod-eu"], "one row up")
    small.send("end")
    small.wait_until(lambda: small.words_of("> ")[1:2] == ["service-13"], "the last row")


def test_it_follows_the_size_of_the_terminal(small: Terminal) -> None:
    for columns in (120, 180, 200):  # dragged, as a window is
        small.resize(columns, 60)
    small.wait_for("scope", "OWNER")
    small.resize(50, 12)
    small.wait_for("needs 60×16")
    small.resize(80, 24)
    small.wait_for("REV", "⏎ Open")
    small.wait_gone("scope")


def test_copying_sends_the_name_to_the_terminals_clipboard(small: Terminal) -> None:
    small.send("c")
    wanted = b"\x1b]52;c;" + base64.b64encode(b"catalog") + b"\x07"
    small.wait_until(lambda: wanted in small.raw, "the clipboard sequence")


def test_without_colours_no_colour_is_sent_and_the_words_are_the_same() -> None:
    with (
        Terminal(REPLAY, cwd=ROOT, timeout_s=60, environ={**_plain_environ(), "NO_COLOR": "1"}) as colourless,
        Terminal(REPLAY, cwd=ROOT, timeout_s=60) as coloured,
    ):
        for opened in (colourless, coloured):
            opened.wait_for("service-11", "other kinds")
            opened.wait_quiet()
        assert colourless.lines == coloured.lines
        assert b"38;2;" in coloured.raw
        for colour in (b"38;2;", b"48;2;", b"38;5;", b"48;5;", b"\x1b[31m", b"\x1b[34m", b"\x1b[35m"):
            assert colour not in colourless.raw


def test_ascii_sends_nothing_else() -> None:
    with Terminal([*REPLAY, "--ascii", "--dead"], cwd=ROOT, timeout_s=60) as opened:
        opened.wait_for("payments-api", "#")
        opened.wait_quiet()
        assert opened.text.isascii()
        opened.send("?")
        opened.wait_for("Help: type")
        opened.wait_quiet()
        assert opened.text.isascii()


def test_a_terminal_of_a_wide_language_gets_ascii() -> None:
    with Terminal(
        REPLAY, cwd=ROOT, timeout_s=60, environ={**_plain_environ(), "LANG": "ja_JP.UTF-8"}
    ) as opened:
        opened.wait_for("payments-api", "Drifted")
        opened.wait_quiet()
        assert opened.text.isascii()


def test_nothing_hostile_reaches_the_terminal() -> None:
    with Terminal([*REPLAY, "--hostile"], cwd=ROOT, timeout_s=60) as opened:
        opened.wait_for("[bold red]x[/]")
        opened.wait_quiet()
        assert b"owned\x07" not in opened.raw
        assert "\u202e".encode() not in opened.raw


def _plain_environ() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE")
    }
