"""`plan`: what is asked of the engine, what it ends with, the document, the file that it keeps."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from gko_tui.cli import main
from gko_tui.commands.plan import answer
from gko_tui.commands.plan_file import read_plan
from gko_tui.commands.selection import NothingSelected
from reconciler.model.acting import BOTH_HOPS
from reconciler.model.plan import Plan
from reconciler.model.steps import Verb
from reconciler.model.verdicts import Place, Verdict
from tests.unit.cli.fleets import DEAD, DRIFT, READY, cell, row
from tests.unit.cli.schemas import validate
from tests.unit.commands_acting.plans import CREATES, RICH, TWICE, MemoryEngine, Run, plan_of, problem, step

NOTHING = plan_of()


async def planned(
    line: str, plan: Plan = CREATES, engine: MemoryEngine | None = None, **run: Any
) -> tuple[int, Run]:
    made = Run(line, engine or MemoryEngine(plan), **run)
    return await answer(made.invocation, made.acting), made


# --- what is asked for ---------------------------------------------------------------------------


async def test_without_a_selection_everything_is_planned_and_tried() -> None:
    _, run = await planned("plan")
    (request,) = run.engine.requests
    assert (request.keys, request.applications, request.hops) == (frozenset(), frozenset(), BOTH_HOPS)
    assert (request.tried, request.wait, request.purpose) == (True, False, "sync")


async def test_names_are_resolved_to_the_resources_that_they_mean() -> None:
    _, run = await planned("plan payments-api ord*")
    (request,) = run.engine.requests
    assert {key.name for key in request.keys} == {"payments-api", "orders"}


async def test_an_application_is_planned_whole_with_what_stands_beside_its_resources() -> None:
    _, run = await planned("plan --application pay*")
    (request,) = run.engine.requests
    assert (request.applications, request.keys) == (frozenset({"payments"}), frozenset())


async def test_an_application_and_a_name_together_mean_both() -> None:
    _, run = await planned("plan orders --application payments")
    (request,) = run.engine.requests
    assert ({key.name for key in request.keys}, request.applications) == ({"orders"}, frozenset())


async def test_hops_can_be_left_out_and_waiting_asked_for() -> None:
    _, run = await planned("plan --hop cluster --wait")
    (request,) = run.engine.requests
    assert (request.hops, request.wait) == (frozenset({Place.CLUSTER}), True)


def test_a_hop_that_nobody_writes_across_is_no_hop_of_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--hop", "gateway"]) == 64
    assert "'gateway' is not one of them" in capsys.readouterr().err


async def test_a_name_of_nothing_is_said_with_the_closest_one() -> None:
    with pytest.raises(NothingSelected, match="payments-api"):
        await planned("plan payment-api")
    with pytest.raises(NothingSelected, match="did you mean payments"):
        await planned("plan --application paymens")


# --- what it ends with ---------------------------------------------------------------------------


async def test_it_ends_with_0_where_nothing_is_to_be_done() -> None:
    code, run = await planned("plan", NOTHING)
    assert code == 0
    assert run.written.splitlines()[-1] == "nothing to do"


async def test_it_ends_with_2_where_something_would_be_written() -> None:
    assert (await planned("plan"))[0] == 2


async def test_it_ends_with_4_where_something_is_blocked_though_the_rest_would_run() -> None:
    assert (await planned("plan", plan_of(step(), step("orders", blocked=(TWICE,)))))[0] == 4


async def test_waiting_alone_is_no_change() -> None:
    assert (await planned("plan --wait", plan_of(step(verb=Verb.WAIT))))[0] == 0


async def test_it_ends_with_5_where_something_could_not_be_read_and_says_so() -> None:
    unknown = row("payments-api").bumped(cluster=cell(Verdict.UNKNOWN, "forbidden"))
    code, run = await planned("plan", engine=MemoryEngine(NOTHING, (unknown,)))
    assert code == 5
    assert "not everything could be read" in run.said
    assert (await planned("plan --allow-unknown", engine=MemoryEngine(NOTHING, (unknown,))))[0] == 0


async def test_a_dead_cluster_counts_only_where_the_resource_was_not_named() -> None:
    engine = MemoryEngine(NOTHING, (DRIFT,), (*READY, DEAD))
    assert (await planned("plan", engine=engine))[0] == 5
    assert (await planned("plan payments-api", engine=engine))[0] == 0


async def test_a_file_that_is_none_counts_as_unread() -> None:
    engine = MemoryEngine(NOTHING)
    engine.fleet.publish_problems("git", (problem(),))
    assert (await planned("plan", engine=engine))[0] == 5


async def test_it_ends_with_1_where_no_place_answers() -> None:
    assert (await planned("plan", engine=MemoryEngine(CREATES, (), (DEAD,))))[0] == 1


# --- documents and files -------------------------------------------------------------------------


async def test_the_document_is_what_its_schema_says_and_holds_no_secret() -> None:
    code, run = await planned("plan -o json", RICH)
    document = run.document
    validate(document)
    assert (document["exitCode"], code) == (4, 4)
    assert document["plan"]["shortId"] == RICH.short_id
    assert document["plan"]["summary"]["create"] == 1 and document["plan"]["summary"]["blocked"] == 1
    update = document["plan"]["steps"][2]
    assert [(one["path"], one["effect"]) for one in update["changes"]] == [
        ("spec.name", "changed"),
        ("spec.password", "changed"),
        ("spec.tags", "added"),
        ("spec.plans[free]", "removed"),
    ]
    assert (update["changes"][0]["before"], update["changes"][0]["after"]) == ("Paymentz", "Payments")
    assert update["changes"][1]["before"] == {"redacted": True}
    assert "after" not in update["changes"][3]
    for secret in ("hunter2", "s3cret", "k3y"):
        assert secret not in run.written


async def test_the_document_as_yaml_says_the_same() -> None:
    import yaml

    _, as_json = await planned("plan -o json", RICH)
    _, as_yaml = await planned("plan -o yaml", RICH)
    assert yaml.safe_load(as_yaml.written)["plan"] == as_json.document["plan"]


async def test_the_plan_can_be_kept_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "kept.plan").write_text("an older one")
    code, run = await planned("plan --out kept.plan", RICH, cwd=tmp_path)
    assert code == 4
    kept = tmp_path / "kept.plan"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert read_plan(kept).id == RICH.id
    assert [path.name for path in tmp_path.iterdir()] == ["kept.plan"]
    assert "gko-tui apply kept.plan" in run.said


def test_a_plan_that_cannot_be_kept_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "--out", "nowhere/a.plan"]) == 1
    assert "nowhere does not exist" in capsys.readouterr().err
    assert main(["plan", "--out", "."]) == 1
    assert "is a folder" in capsys.readouterr().err
