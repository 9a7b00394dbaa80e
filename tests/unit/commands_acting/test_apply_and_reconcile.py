"""`apply FILE`, `reconcile` and `delete`: what they ask of the engine, and which files are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gko_tui.cli import main
from gko_tui.commands import acting_delete, apply, reconcile
from gko_tui.commands.plan_file import read_plan, write_plan
from gko_tui.commands.planning import selecting
from gko_tui.commands.selection import NothingSelected, Selection
from gko_tui.output.documents import json_bytes
from gko_tui.output.plan_document import plan_document
from reconciler.model.errors import GkoError, UsageError
from reconciler.model.plan import PlanFileError, plan_to_document
from reconciler.model.steps import Asks, Confirmation, Verb
from reconciler.model.verdicts import Verdict
from tests.unit.cli.fleets import ROWS, cell, row
from tests.unit.commands_acting.plans import CREATES, NOBODY, RICH, Answers, MemoryEngine, Run, plan_of, step

DELETES = plan_of(step(verb=Verb.DELETE, confirmations=(Confirmation(Asks.DESTRUCTIVE, "delete 1", "gone"),)))


# --- plan files ----------------------------------------------------------------------------------


def test_a_kept_plan_is_read_back_as_it_was(tmp_path: Path) -> None:
    write_plan(RICH, tmp_path / "a.plan")
    assert read_plan(tmp_path / "a.plan").id == RICH.id


def test_a_file_edited_by_hand_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.plan"
    path.write_bytes(plan_to_document(CREATES).replace(b"payments-api", b"payments-apj"))
    with pytest.raises(PlanFileError, match=r"was changed after it was made.*make a new plan"):
        read_plan(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON"),
        (b"apiVersion: v1\n", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"{}", "is not a plan of gko-tui"),
        (b'{"format": "gko-tui.io/plan.v9", "id": "", "plan": {}}', "plan.v9"),
        (b"\xff\xfe", "is not JSON"),
    ],
)
def test_a_file_that_is_no_plan_says_what_it_is(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.plan").write_bytes(content)
    with pytest.raises(PlanFileError, match=said):
        read_plan(tmp_path / "a.plan")


def test_what_o_json_prints_is_no_plan_file_and_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json_bytes(plan_document(CREATES, (), (), exit_code=2, now=1.0)))
    with pytest.raises(PlanFileError, match="for reading; make one with `gko-tui plan --out FILE`"):
        read_plan(path)


@pytest.mark.parametrize(("name", "said"), [("nothing.plan", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_1_before_anything_else(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["apply", name]) == 1
    assert said in capsys.readouterr().err


def test_what_was_there_stays_where_a_plan_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.plan").mkdir()
    with pytest.raises(GkoError, match="cannot be written"):
        write_plan(CREATES, tmp_path / "a.plan")
    assert [path.name for path in tmp_path.iterdir()] == ["a.plan"]


# --- apply ---------------------------------------------------------------------------------------


async def test_a_kept_plan_is_carried_out_without_the_plain_question() -> None:
    run, person = Run("apply a.plan", MemoryEngine(plan_of())), Answers()
    assert await apply.answer(run.invocation, run.acting, CREATES, person=person) == 0
    assert (run.engine.applied, person.questions, run.engine.requests) == ([CREATES], [], [])
    assert "2 created" in run.written


async def test_a_kept_plan_still_asks_for_what_has_to_be_typed() -> None:
    run = Run("apply a.plan", MemoryEngine(plan_of()))
    assert await apply.answer(run.invocation, run.acting, DELETES, person=NOBODY) == 4
    assert (run.engine.applied, "'delete 1'" in run.said) == ([], True)
    run = Run(["apply", "a.plan", "--confirm", "delete 1"], MemoryEngine(plan_of()))
    assert await apply.answer(run.invocation, run.acting, DELETES, person=NOBODY) == 0


def test_only_the_clusters_of_the_plan_are_read_whatever_they_are_called() -> None:
    run = Run("apply a.plan", MemoryEngine(CREATES))
    invocation = selecting(run.invocation, ["prod-eu", "odd[1]*"])
    selection = Selection.parse(invocation.arguments)
    assert selection.clusters == ("prod-eu", "odd[[]1][*]")
    assert (selection.resources, selection.namespaces, selection.applications) == ((), (), ())


# --- reconcile -----------------------------------------------------------------------------------


async def test_reconcile_plans_all_hops_of_one_resource_and_waits() -> None:
    run = Run("reconcile payments-api --yes --within 5", MemoryEngine(CREATES))
    run = _named(run)
    assert await reconcile.answer(run.invocation, run.acting, person=NOBODY) == 0
    (request,) = run.engine.requests
    assert ({key.name for key in request.keys}, request.wait, request.purpose) == (
        {"payments-api"},
        True,
        "reconcile",
    )
    assert run.engine.orders[0].wait_s == 5


async def test_reconcile_ends_with_where_the_resource_stands_and_why() -> None:
    behind = row("payments-api").bumped(
        control_plane=cell(Verdict.SYNCED),
        gateway=cell(Verdict.AHEAD, "eu-gw/b runs revision 7\x1b[2J"),
        gateway_count="2/3",
    )
    run = _named(Run("reconcile payments-api", MemoryEngine(plan_of(), (behind,))))
    await reconcile.answer(run.invocation, run.acting, person=NOBODY)
    assert run.written.splitlines()[-3:] == [
        "cluster        = Synced",
        "control plane  = Synced",
        "gateway        ~ Ahead 2/3: eu-gw/b runs revision 7\\e[2J",
    ]


async def test_a_name_of_several_is_refused_with_their_whole_names() -> None:
    twins = (*ROWS, row("payments-api", cluster="prod-us"))
    run = _named(Run("reconcile payments-api", MemoryEngine(CREATES, twins)))
    with pytest.raises(UsageError, match=r"means 2 resources; name one of prod-eu:.*prod-us:"):
        await reconcile.answer(run.invocation, run.acting, person=NOBODY)
    assert run.engine.requests == []


async def test_a_name_of_none_is_refused_with_the_closest() -> None:
    run = _named(Run("reconcile payment-api", MemoryEngine(CREATES)))
    with pytest.raises(NothingSelected, match="payments-api"):
        await reconcile.answer(run.invocation, run.acting, person=NOBODY)


def _named(run: Run) -> Run:
    run.invocation.arguments.resources = [run.invocation.arguments.resource]
    run.acting = type(run.acting)(run.engine, Selection.parse(run.invocation.arguments))
    return run


def test_waiting_less_than_no_time_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    for seconds in ("0", "-1", "nan"):
        assert main(["reconcile", "a", "--within", seconds]) == 64
        assert "--within" in capsys.readouterr().err


# --- delete --------------------------------------------------------------------------------------


async def test_delete_asks_the_engine_by_name_and_yes_alone_deletes_nothing() -> None:
    run = Run("delete payments-api --yes", MemoryEngine(DELETES))
    assert await acting_delete.answer(run.invocation, run.acting, person=NOBODY) == 4
    (request,) = run.engine.requests
    assert (request.delete, request.keys, request.purpose) == (
        frozenset({ROWS[0].key}),
        frozenset({ROWS[0].key}),
        "delete",
    )
    assert run.engine.applied == []
    run = Run(["delete", "payments-api", "--yes", "--confirm", "delete 1"], MemoryEngine(DELETES))
    assert await acting_delete.answer(run.invocation, run.acting, person=NOBODY) == 0


def test_delete_without_a_name_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delete"]) == 64
    assert "RESOURCE" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["plan", "outcome"])
def test_the_schemas_are_shipped_and_valid(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    import jsonschema

    assert main(["info", "--schema", name]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"]["const"] == f"gko-tui/{name}/v1"
