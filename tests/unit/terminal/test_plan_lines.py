"""The page of a plan as lines: the command line's words, outcomes at their steps, failures first."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gko_tui.cli import build_parser
from gko_tui.output.plan_table import painted, plan_lines
from gko_tui.view.lines import Line, text_of
from gko_tui.view.plan_asked import Asked, ask_all, ask_applications, ask_one, ask_several, options_of
from gko_tui.view.plan_lines import Around, Ended, PlanPage, ended_head, read_head
from gko_tui.view.words import ASCII, UNICODE
from reconciler.model.plan import Plan
from reconciler.model.rows import Cell
from reconciler.model.steps import Did, Outcome, Verb
from reconciler.model.verdicts import ExitCode, Verdict
from reconciler.rules.text import printable
from tests.terminal.story import NOW, row
from tests.unit.commands_acting.plans import CREATES, RICH, MemoryEngine, Run, key, plan_of, step

WIDE = Around(120, UNICODE, "p-12345678")


def text(lines: list[Line]) -> str:
    return "\n".join(map(text_of, lines))


def page(plan: Plan, width: int = 120) -> PlanPage:
    return PlanPage(plan, width, UNICODE)


# --- the steps -----------------------------------------------------------------------------------


def test_the_steps_are_those_of_the_command_line_word_for_word() -> None:
    console = Run("plan", MemoryEngine(RICH), width=120).invocation.console
    printed = plan_lines(RICH, console)
    shown = [painted(line, console) for line in page(RICH).text([])[0]]
    steps = [line for line in printed if line.startswith("   ")]
    assert [line for line in shown if line.startswith("   ")] == steps


def test_each_step_is_a_place_to_go_to() -> None:
    lines, stops = page(RICH).text([])
    assert [text_of(lines[stop])[5:11].strip() for stop in stops] == [
        "create",
        "update",
        "delete",
        "blocke",
        "wait",
    ]


def test_an_outcome_is_written_at_its_step_and_nowhere_else() -> None:
    here, other = page(CREATES), CREATES.steps[1]
    before = text(here.text([])[0])
    outcome = Outcome(other.id, Did.FAILED, "it moved", "make a new plan", NOW)
    here.note({other.id: outcome}, [other.id])
    lines, stops = here.text([])
    assert text(lines[stops[1] :]).count("→ failed: it moved; make a new plan") == 1
    assert text(lines[: stops[1]]) in before


def test_what_was_skipped_for_the_reason_that_stands_there_is_not_said_again() -> None:
    blocked = RICH.blocked[0]
    here = page(RICH)
    here.note({blocked.id: Outcome(blocked.id, Did.SKIPPED, blocked.blocked[0].text)}, [blocked.id])
    assert "skipped" not in text(here.text([])[0])


def test_every_change_is_shown_where_the_command_line_cuts() -> None:
    from reconciler.model.changes import Change, ChangeKind

    changes = tuple(Change(("spec", f"f{at}"), ChangeKind.CHANGED, at, at + 1) for at in range(60))
    assert "spec.f59" in text(page(plan_of(step(verb=Verb.UPDATE, changes=changes))).text([])[0])


# --- before it runs ------------------------------------------------------------------------------


def test_the_head_names_the_plan_counts_and_what_it_asks_for() -> None:
    said = text(read_head(RICH, ask_all(), WIDE))
    assert said.startswith("plan p-12345678  sync  everything\n")
    assert "1 create, 1 update, 1 delete, 1 wait, 1 blocked; 1 unchanged   from apis 8f21c0a" in said
    assert 'asks for "delete 1": deletions cannot be undone' in said
    assert "would be carried out:\n  create  cluster  prod-eu:ApiV4Definition/pay/orders" in said


def test_a_hop_that_is_gkos_is_said_to_be() -> None:
    drifted = replace(row(), control_plane=Cell(Verdict.DRIFTED, NOW, NOW, ("spec.state differs",)))
    around = replace(WIDE, rows=[drifted])
    said = " ".join(text(read_head(plan_of(), ask_one(drifted.key), around)).split())
    assert "Nothing to do here. cluster = Synced control plane ≠ Drifted: spec.state differs" in said
    assert "The hop to the control plane is GKO's here (operator: gko)" in said
    ours = replace(around, operator=lambda _cluster: "gko-tui")
    assert "GKO's" not in text(read_head(plan_of(), ask_one(drifted.key), ours))


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (Verdict.UNMANAGED, "no plan touches what was never ours"),
        (Verdict.ORPHAN, "deleted by name: gko-tui delete"),
        (Verdict.FAILED, "that has to be corrected first"),
    ],
)
def test_what_no_step_concerns_says_why(verdict: Verdict, said: str) -> None:
    one = row(verdict=verdict)
    assert said in " ".join(text(read_head(plan_of(), ask_one(one.key), replace(WIDE, rows=[one]))).split())


def test_what_could_not_be_read_is_not_called_in_sync() -> None:
    unread = row(verdict=Verdict.UNKNOWN)
    said = text(read_head(plan_of(), ask_one(unread.key), replace(WIDE, rows=[unread])))
    assert "every place is as Git says" not in said
    assert "Not everything could be read" in said


# --- when it has ended ---------------------------------------------------------------------------


def outcomes(*dids: Did) -> list[Outcome]:
    return [
        Outcome(one.id, did, f"because {did.value}") for one, did in zip(CREATES.steps, dids, strict=False)
    ]


def ended(*dids: Did, code: ExitCode, **more: object) -> str:
    asked = ask_one(key())
    state = Ended(outcomes(*dids), code, line=asked.line(), **more)  # type: ignore[arg-type]
    return text(ended_head(CREATES, asked, state, WIDE))


def test_the_end_is_counted_and_its_exit_code_is_put_into_words() -> None:
    said = ended(Did.CREATED, Did.CREATED, code=ExitCode.IN_SYNC)
    assert "2 created. Exit code 0: done, and seen at every place asked for" in said
    assert said.endswith("gko-tui reconcile prod-eu:ApiV4Definition/pay/payments-api")


def test_failures_come_before_what_is_left() -> None:
    said = ended(Did.SKIPPED, Did.FAILED, code=ExitCode.ERROR, stopped=True)
    assert "stopped" in said.splitlines()[0]
    assert said.index("because failed") < said.index("not done: 1 step")


def test_a_write_without_an_answer_is_perhaps_done() -> None:
    assert "perhaps done, look before you write again" in ended(
        Did.CREATED, Did.UNKNOWN, code=ExitCode.CHANGES
    )


def test_what_was_never_begun_leaves_nothing_open() -> None:
    said = ended(code=ExitCode.ERROR, problem="p-1: is for dr-eu, which is not configured")
    assert "nothing was written" in said
    assert "perhaps" not in said


def test_notes_beside_the_steps_are_told() -> None:
    said = ended(Did.CREATED, Did.CREATED, code=ExitCode.IN_SYNC, notes=("the ledger is full",))
    assert "note: the ledger is full" in said


# --- the request ---------------------------------------------------------------------------------


def test_each_request_is_a_command_line_that_asks_the_same() -> None:
    several = ask_several([key("a"), key("b c")], "2 resources")
    lines = [asked.line() for asked in (ask_one(key()), ask_applications(["x", "y"]), ask_all(), several)]
    assert lines == [
        "gko-tui reconcile prod-eu:ApiV4Definition/pay/payments-api",
        "gko-tui sync --application x --application y",
        "gko-tui sync",
        "gko-tui sync prod-eu:ApiV4Definition/pay/a 'prod-eu:ApiV4Definition/pay/b c'",
    ]
    options = options_of({"ApiV4Definition"}, {"prod-eu"}, "-f sync:drifted a")
    chosen = ask_several([key("a"), key("b")], "2 resources", options)
    wanted = "gko-tui sync --kind ApiV4Definition --cluster prod-eu '--filter=-f sync:drifted a'"
    assert chosen.line() == wanted
    read = build_parser().parse_args(shlex.split(chosen.line())[1:])
    assert (read.kind, read.cluster, read.filter) == (["ApiV4Definition"], ["prod-eu"], "-f sync:drifted a")
    assert ask_all().line(["delete 1"]) == "gko-tui sync --confirm 'delete 1'"


@given(st.text(max_size=40), st.integers(20, 200), st.booleans())
def test_no_text_can_act_on_the_terminal_at_any_width(evil: str, width: int, ascii_only: bool) -> None:
    plan = plan_of(
        step(key=key(evil or "x"), verb=Verb.UPDATE, reason=evil, warnings=(evil,)), notes=(evil, evil * 9)
    )
    marks = ASCII if ascii_only else UNICODE
    asked: Asked = ask_one(plan.steps[0].key)
    around = Around(width, marks, "p-12345678")
    first = plan.steps[0]
    state = Ended([Outcome(first.id, Did.FAILED, evil, evil)], ExitCode.ERROR, notes=(evil,))
    for head in (read_head(plan, asked, around), ended_head(plan, asked, state, around)):
        for line in PlanPage(plan, width, marks).text(head)[0]:
            assert printable(text_of(line)) == text_of(line)
