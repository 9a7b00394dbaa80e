"""Verdicts: distinct marks, the worst one wins, and the exit codes of reads."""

from __future__ import annotations

import pytest

from reconciler.model.changes import KeyStep, Redacted, path_text
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, Row
from reconciler.model.verdicts import ExitCode, Place, Verdict, exit_code

KEY = ResourceKey("c", "K", "n", "x")


def test_every_verdict_has_marks_of_its_own() -> None:
    assert len({verdict.glyph for verdict in Verdict}) == len(Verdict)
    assert len({verdict.ascii for verdict in Verdict}) == len(Verdict)
    assert all(verdict.ascii.isascii() and len(verdict.ascii) == 1 for verdict in Verdict)


@pytest.mark.parametrize(
    ("verdicts", "incomplete", "code"),
    [
        ([Verdict.SYNCED, Verdict.UNMANAGED], False, ExitCode.IN_SYNC),
        ([Verdict.AHEAD, Verdict.SYNCED], False, ExitCode.CHANGES),
        ([Verdict.MISSING], True, ExitCode.CHANGES),
        ([Verdict.AHEAD, Verdict.DRIFTED], False, ExitCode.DRIFT),
        ([Verdict.ORPHAN, Verdict.UNKNOWN], False, ExitCode.DRIFT),
        ([Verdict.UNKNOWN, Verdict.SYNCED], False, ExitCode.INCOMPLETE),
        ([Verdict.SYNCED], True, ExitCode.INCOMPLETE),
        ([], False, ExitCode.IN_SYNC),
    ],
)
def test_the_worst_verdict_decides_the_exit_code(
    verdicts: list[Verdict], incomplete: bool, code: ExitCode
) -> None:
    assert exit_code(verdicts, incomplete=incomplete) is code


def test_what_is_unknown_may_be_allowed() -> None:
    assert exit_code([Verdict.UNKNOWN], incomplete=True, allow_unknown=True) is ExitCode.IN_SYNC


def test_a_row_carries_its_worst_verdict_and_where_it_broke_first() -> None:
    row = Row(KEY, git=Cell(Verdict.SYNCED), cluster=Cell(Verdict.AHEAD), control_plane=Cell(Verdict.FAILED))
    assert row.state is Verdict.FAILED
    assert row.break_at == 1
    assert row.cell(Place.CONTROL_PLANE).verdict is Verdict.FAILED
    assert Row(KEY).state is Verdict.UNKNOWN


def test_a_path_reads_as_people_write_it() -> None:
    path = ("spec", "plans", KeyStep("api key"), "flows", 2, "a.b/c", "")
    assert path_text(path) == 'spec.plans[api key].flows[2]["a.b/c"][""]'


def test_a_redacted_value_shows_nothing_but_whether_it_is_the_same() -> None:
    assert Redacted(b"1") == Redacted(b"1")
    assert Redacted(b"1") != Redacted(b"2")
    assert "1" not in repr(Redacted(b"1"))
    assert str(Redacted(b"x")) == str(Redacted(b"yyyyyyyyy"))
