"""What a stream can show, and progress that leaves no trace."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from gko_tui.output.cells import cells, fitted, padded
from gko_tui.output.console import Console, open_console
from gko_tui.output.progress import Progress
from gko_tui.view.words import UNICODE


class Stream(io.StringIO):
    """A stream that may say it is a terminal."""

    def __init__(self, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal = terminal
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


XTERM = {"TERM": "xterm", "LANG": "C.UTF-8"}


@pytest.mark.parametrize(
    ("terminal", "environ", "flag", "coloured"),
    [
        (True, XTERM, False, True),
        (False, XTERM, False, False),
        (True, {**XTERM, "NO_COLOR": "1"}, False, False),
        (True, {**XTERM, "NO_COLOR": ""}, False, True),
        (True, {"TERM": "dumb"}, False, False),
        (True, {}, False, False),
        (True, XTERM, True, False),
    ],
)
def test_colours_are_for_terminals_whose_owner_wants_them(
    terminal: bool, environ: dict[str, str], flag: bool, coloured: bool
) -> None:
    console = open_console(environ, no_colour=flag, out=Stream(terminal), err=Stream(terminal))
    assert console.colour is coloured
    assert console.styled("x", "31") == ("\x1b[31mx\x1b[0m" if coloured else "x")


def test_a_pipe_has_no_width_and_a_terminal_has() -> None:
    assert open_console(XTERM, out=Stream(False), err=Stream(False)).width is None
    assert open_console({**XTERM, "COLUMNS": "91"}, out=Stream(True), err=Stream(True)).width == 91
    assert open_console(XTERM, out=Stream(True), err=Stream(True)).width == 80


def test_an_encoding_without_our_marks_gets_ascii() -> None:
    assert open_console(XTERM, out=Stream(True, "latin-1"), err=Stream(True)).marks.ascii_only
    assert not open_console(XTERM, out=Stream(True), err=Stream(True)).marks.ascii_only


def console_with(err: Stream, *, progress: bool) -> Console:
    return Console(Stream(False), err, 20, False, progress, UNICODE)


def test_progress_is_one_line_that_is_wiped_even_when_something_fails() -> None:
    err = Stream(True)
    with pytest.raises(ValueError), Progress(console_with(err, progress=True)) as progress:
        progress("reading a place with a very long name\x1b[2J")
        raise ValueError
    assert err.getvalue() == "\r\x1b[Kreading a place wit\r\x1b[K"


def test_progress_says_nothing_where_nobody_watches() -> None:
    err = Stream(False)
    with Progress(replace(console_with(err, progress=False))) as progress:
        progress("reading")
    assert err.getvalue() == ""


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("数据库", 5, "数据…"),
        ("数据库", 4, "数…"),
        ("abc", 1, "…"),
        ("é", 1, "é"),
    ],
)
def test_text_is_cut_and_padded_by_cells(text: str, width: int, shown: str) -> None:
    assert fitted(text, width) == shown
    assert cells(padded(fitted(text, width), width)) == width
