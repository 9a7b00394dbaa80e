"""The G cell, and what becomes of resources whose file or source cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

from reconciler.model.verdicts import ExitCode, Place, Verdict
from tests.unit.engine.scene import NOW, Scene, manifest, text

WEEK, HOUR = 604_800.0, 3_600.0
BROKEN = "apiVersion: gravitee.io/v1alpha1\nkind: ApiV4Definition\nmetadata:\n\tname: payments\n"


async def test_a_file_that_breaks_is_failed_in_git_and_its_resource_is_no_orphan(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    wanted = manifest("payments")
    scene.commit({"apis/payments.yaml": text(wanted)}, at=NOW - WEEK)
    scene.commit({"apis/payments.yaml": BROKEN}, at=NOW - HOUR, message="Oops")
    scene.serve()
    scene.holds(scene.applied(wanted, at=NOW - WEEK + HOUR))
    row = await scene.row("payments")
    assert row.git.verdict is Verdict.FAILED
    assert "apis/payments.yaml:4" in row.git.causes[0]
    assert row.cluster.verdict is Verdict.SYNCED  # with the last text that could be read
    (problem,) = scene.engine.fleet.problems()
    assert problem.where == "apis/payments.yaml:4"
    assert scene.engine.fleet.exit_code([row], now=NOW) is ExitCode.DRIFT


async def test_a_resource_defined_twice_is_failed_and_never_last_wins(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    one, two = manifest("payments"), manifest("payments", description="second")
    scene.commit({"apis/a.yaml": text(one), "apis/b.yaml": text(two)}, at=NOW - WEEK)
    scene.serve()
    scene.holds(scene.applied(two, at=NOW - WEEK + HOUR))
    row = await scene.row("payments")
    assert row.git.verdict is Verdict.FAILED
    assert row.git.causes == ("defined 2 times: apis/a.yaml:1 and apis/b.yaml:1; keep one",)
    assert row.cluster.verdict is Verdict.SYNCED  # it is what one of the two says
    scene.event("MODIFIED", scene.edited(scene.applied(two, at=NOW), at=NOW, description="third"))
    assert (await scene.cell("payments")).verdict is Verdict.UNKNOWN


async def test_a_source_that_cannot_be_read_makes_nothing_unmanaged(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.look_at_git()  # there is no repository
    scene.serve()
    scene.holds(scene.applied(manifest("payments"), at=NOW - WEEK))
    row = await scene.row("payments")
    assert row.git.verdict is Verdict.UNKNOWN
    assert row.cluster.verdict is Verdict.UNKNOWN
    assert "application apis cannot be read" in row.cluster.causes[0]


async def test_a_source_that_goes_away_keeps_what_it_said(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    wanted = manifest("payments")
    scene.commit({"apis/payments.yaml": text(wanted)}, at=NOW - WEEK)
    scene.serve()
    scene.holds(scene.applied(wanted, at=NOW - WEEK + HOUR))
    before = await scene.row("payments")
    shutil.move(tmp_path / "repo", tmp_path / "gone")
    scene.now += 60
    scene.look_at_git()
    await scene.engine._pass.once()
    assert scene.engine.fleet.row(before.key) == before
    place = scene.engine.fleet.place(Place.GIT, "repo")
    assert place is not None
    assert place.phase == "failed"
    assert place.observed_at == NOW


async def test_a_file_that_is_mended_is_synced_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    wanted = manifest("payments")
    scene.commit({"apis/payments.yaml": BROKEN}, at=NOW - WEEK)
    scene.serve()
    scene.holds(scene.applied(wanted, at=NOW - WEEK + HOUR))
    await scene.engine._pass.once()
    scene.commit({"apis/payments.yaml": text(wanted)}, at=NOW - HOUR)
    row = await scene.row("payments")
    assert (row.git.verdict, row.cluster.verdict) == (Verdict.SYNCED, Verdict.SYNCED)
    assert scene.engine.fleet.problems() == ()


async def test_documents_of_other_groups_make_no_rows(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {}}
    scene.commit({"apis/all.yaml": text(manifest("payments"), deployment)}, at=NOW - WEEK)
    scene.serve()
    scene.holds()
    await scene.engine._pass.once()
    assert [key.name for key in scene.engine.fleet.rows()] == ["payments"]


async def test_a_document_without_a_mapping_for_a_spec_is_compared_not_crashed_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    odd = manifest("payments") | {"spec": ["not", "a", "mapping"]}
    scene.commit({"apis/payments.yaml": text(odd)}, at=NOW - WEEK)
    scene.serve()
    scene.holds(scene.applied(manifest("payments"), at=NOW - HOUR))
    row = await scene.row("payments")
    assert row.cluster.verdict is Verdict.FAILED
    assert row.cluster.causes


async def test_a_ledger_that_cannot_be_opened_costs_memory_not_verdicts(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.db").mkdir()
    scene = Scene(tmp_path)
    wanted = manifest("payments")
    scene.commit({"apis/payments.yaml": text(wanted)}, at=NOW - WEEK)
    scene.serve()
    scene.holds(scene.applied(wanted, at=NOW - WEEK + HOUR))
    assert (await scene.cell("payments")).verdict is Verdict.SYNCED
    (problem,) = scene.engine.fleet.problems()
    assert problem.severity == "warning"
    assert "GKO_TUI_STATE" in problem.next_step
