"""One resource, place by place."""

from __future__ import annotations

from dataclasses import replace

from gko_tui.view.hop_lines import hop_lines
from gko_tui.view.hop_parts import HopContext
from gko_tui.view.lines import text_of
from gko_tui.view.words import UNICODE
from reconciler.model.rows import Problem, Row
from reconciler.model.verdicts import Place, Verdict
from tests.terminal.replay import NOW, dead, row


def text(found: Row, **more: object) -> str:
    context = HopContext(NOW, 70, UNICODE, **more)
    return "\n".join(text_of(line) for line in hop_lines(found, context))


def test_a_drifted_row_names_commit_author_file_manager_and_cause() -> None:
    shown = text(
        row(verdict=Verdict.DRIFTED, manager="kubectl-edit", changes=2, causes=("2 fields changed",))
    )
    for word in (
        "8f21c0a",
        "ana",
        "apis/pay/payments-api.yaml:1",
        "≠ Drifted",
        "2 fields",
        "for 5m",
        "kubectl-edit",
    ):
        assert word in shown


def test_an_orphan_is_said_not_to_be_in_git() -> None:
    assert "not defined in Git" in text(row(git=None, verdict=Verdict.ORPHAN))


def test_a_missing_row_is_said_not_to_be_on_the_cluster() -> None:
    assert "not there" in text(row(verdict=Verdict.MISSING))


def test_a_deletion_that_a_finalizer_holds_is_said() -> None:
    found = row(verdict=Verdict.DRIFTED)
    assert found.cluster_trace is not None
    held = replace(found, cluster_trace=replace(found.cluster_trace, deleting_since=NOW - 120))
    assert "its deletion was asked for 2m ago; a finalizer holds it" in " ".join(text(held).split())


def test_hops_that_do_not_exist_are_not_listed() -> None:
    assert "gateway" not in text(row())
    assert "control plane" not in text(row())


def test_a_dead_cluster_says_why_and_for_how_long() -> None:
    shown = text(row(), stale_for=41.0, cluster=dead("prod-eu"))
    assert "stale 41s" in shown
    assert "check the VPN" in shown


def test_problems_of_this_resource_are_below_it_and_others_are_not() -> None:
    here = Problem(
        Place.GIT,
        "platform",
        "apis/pay/payments-api.yaml:7",
        "a tab at column 3",
        "use blanks",
        resource="ApiV4Definition/pay/payments-api",
    )
    other = Problem(Place.GIT, "platform", "apis/x.yaml:1", "another thing", resource="ApiV4Definition/pay/x")
    shown = text(row(), problems=(here, other))
    assert "a tab at column 3" in shown
    assert "use blanks" in shown
    assert "another thing" not in shown


def test_no_line_is_wider_than_the_pane() -> None:
    shown = text(row(verdict=Verdict.FAILED, causes=("word " * 60, "x" * 200)))
    assert all(len(line) <= 70 for line in shown.splitlines())
