"""Marks and ages fit their cells, in every character set."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from gko_tui.view.words import ASCII, UNICODE, age, counted, marks_for, since
from reconciler.model.verdicts import Verdict


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (86400 * 2 - 1, "47h"),
        (86400 * 2, "2d"),
        (86400 * 999, "999d"),
        (86400 * 1000, "2y"),
    ],
)
def test_an_age_is_written_in_at_most_four_cells(seconds: float, text: str) -> None:
    assert age(seconds) == text
    assert len(text) <= 4


def test_an_unknown_instant_has_no_age() -> None:
    assert since(0.0, 1000.0) == ""
    assert since(940.0, 1000.0) == "1m"


def test_one_and_many() -> None:
    assert counted(1, "field") == "1 field"
    assert counted(0, "field") == "0 fields"


def test_every_mark_is_one_cell_wide_and_verdicts_differ() -> None:
    for marks in (UNICODE, ASCII):
        glyphs = [marks.verdict(verdict) for verdict in (*Verdict, None)]
        assert all(cell_len(glyph) == 1 for glyph in glyphs)
        assert len(set(glyphs)) == len(glyphs)
    assert all(ASCII.verdict(verdict).isascii() for verdict in (*Verdict, None))


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C.UTF-8", "TERM": "xterm-256color"}, False),
        ({}, False),
        ({"LANG": "ja_JP.UTF-8"}, True),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, True),
        ({"LC_CTYPE": "ko_KR.utf8"}, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "ja_JP.UTF-8"}, True),
        ({"LANG": "en_US.ISO-8859-1"}, True),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, True),
    ],
)
def test_terminals_that_draw_ambiguous_marks_wide_get_ascii(
    environ: dict[str, str], ascii_only: bool
) -> None:
    assert marks_for(environ).ascii_only is ascii_only


def test_ascii_can_be_asked_for() -> None:
    assert marks_for({"LANG": "en_US.UTF-8"}, ascii_only=True) is ASCII
