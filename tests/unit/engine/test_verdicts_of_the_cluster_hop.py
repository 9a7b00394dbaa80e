"""Git against a cluster: every verdict, from what really tells them apart."""

from __future__ import annotations

from pathlib import Path

from reconciler.model.changes import ChangeKind, Origin, path_text
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState
from reconciler.model.verdicts import Place, Verdict
from tests.unit.engine.scene import API, NOW, Scene, manifest, text

WEEK, DAY, HOUR = 604_800.0, 86_400.0, 3_600.0
KEY = ResourceKey("eu", API, "pay", "payments")


def in_sync(folder: Path) -> tuple[Scene, dict]:  # type: ignore[type-arg]
    """A scene whose one API was applied after its commit."""
    scene = Scene(folder)
    wanted = manifest("payments")
    scene.commit({"apis/payments.yaml": text(wanted)}, at=NOW - WEEK)
    scene.serve()
    item = scene.applied(wanted, at=NOW - WEEK + HOUR)
    scene.holds(item)
    return scene, item


async def test_what_the_cluster_defaults_is_in_sync(tmp_path: Path) -> None:
    scene, _ = in_sync(tmp_path)
    row = await scene.row("payments")
    assert (row.git.verdict, row.cluster.verdict) == (Verdict.SYNCED, Verdict.SYNCED)
    assert row.control_plane.verdict is None
    assert row.git_trace is not None
    assert row.git_trace.path == "apis/payments.yaml"
    assert row.git_trace.author == "Ana Author"


async def test_a_field_changed_by_hand_is_drift_even_at_first_sight(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    scene.event("MODIFIED", scene.edited(item, at=NOW - HOUR, description="hot fix"))
    cell = await scene.cell("payments")
    assert cell.verdict is Verdict.DRIFTED
    assert cell.first_sight
    assert cell.causes == ("spec.description differs (by kubectl-edit)",)
    assert cell.since == NOW - HOUR


async def test_a_plan_added_by_hand_is_drift(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    plan = {"open": {"name": "open", "status": "PUBLISHED", "security": {"type": "KEY_LESS"}}}
    scene.event("MODIFIED", scene.edited(item, at=NOW - HOUR, manager="kubectl-patch", plans=plan))
    await scene.cell("payments")
    diff = await scene.engine.diff(KEY)
    assert diff.verdict is Verdict.DRIFTED
    (change,) = diff.changes
    assert path_text(change.path).startswith("spec.plans")
    assert change.kind is ChangeKind.ADDED
    assert change.manager == "kubectl-patch"


async def test_a_commit_newer_than_the_apply_is_ahead_at_first_sight(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.commit({"apis/payments.yaml": text(manifest("payments"))}, at=NOW - WEEK)
    newer = text(manifest("payments", state="STOPPED"))
    scene.commit({"apis/payments.yaml": newer}, at=NOW - HOUR)
    scene.serve()
    scene.holds(scene.applied(manifest("payments"), at=NOW - DAY))
    cell = await scene.cell("payments")
    assert cell.verdict is Verdict.AHEAD
    assert cell.first_sight
    assert cell.since == NOW - HOUR


async def test_with_a_last_synced_state_times_do_not_matter(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    await scene.cell("payments")
    # Clocks lie: the edit says that it is older than the commit, the last synced state knows better.
    scene.event("MODIFIED", scene.edited(item, at=NOW - 2 * WEEK, description="hot fix"))
    cell = await scene.cell("payments")
    assert cell.verdict is Verdict.DRIFTED
    assert not cell.first_sight
    diff = await scene.engine.diff(KEY)
    assert [change.origin for change in diff.changes] == [Origin.RIGHT]


async def test_a_commit_after_a_sync_is_ahead(tmp_path: Path) -> None:
    scene, _ = in_sync(tmp_path)
    await scene.cell("payments")
    scene.commit({"apis/payments.yaml": text(manifest("payments", state="STOPPED"))}, at=NOW - 2 * WEEK)
    cell = await scene.cell("payments")
    assert cell.verdict is Verdict.AHEAD
    assert not cell.first_sight


async def test_both_sides_changed_since_the_sync_is_a_conflict(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    await scene.cell("payments")
    scene.commit({"apis/payments.yaml": text(manifest("payments", description="from Git"))}, at=NOW - HOUR)
    scene.event("MODIFIED", scene.edited(item, at=NOW - HOUR, description="by hand"))
    assert (await scene.cell("payments")).verdict is Verdict.CONFLICT


async def test_back_in_sync_forgets_the_drift(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    await scene.cell("payments")
    drifted = scene.edited(item, at=NOW - HOUR, description="hot fix")
    scene.event("MODIFIED", drifted)
    assert (await scene.cell("payments")).verdict is Verdict.DRIFTED
    scene.event("MODIFIED", scene.edited(drifted, at=NOW, manager="argocd-controller", description="first"))
    cell = await scene.cell("payments")
    assert (cell.verdict, cell.causes) == (Verdict.SYNCED, ())


async def test_what_was_never_applied_is_missing_and_what_was_deleted_says_so(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    scene.commit(
        {"apis/payments.yaml": text(manifest("payments")), "apis/new.yaml": text(manifest("new"))}, at=NOW
    )
    never = await scene.cell("new")
    assert never.verdict is Verdict.MISSING
    assert "was not applied" in never.causes[0]
    scene.event("DELETED", item)
    deleted = await scene.cell("payments")
    assert deleted.verdict is Verdict.MISSING
    assert "was deleted on eu" in deleted.causes[0]


async def test_what_a_commit_took_away_is_an_orphan_that_names_the_commit(tmp_path: Path) -> None:
    scene, _ = in_sync(tmp_path)
    revision = scene.commit({"apis/other.yaml": text(manifest("other"))}, at=NOW, message="Retire payments")
    cell = await scene.cell("payments")
    assert cell.verdict is Verdict.ORPHAN
    assert revision[:7] in cell.causes[0]
    assert "Retire payments" in cell.causes[0]


async def test_what_git_never_knew_is_unmanaged_and_counts_as_nothing(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    scene.holds(item, scene.applied(manifest("console-made"), at=NOW - DAY, manager="kubectl-create"))
    row = await scene.row("console-made")
    assert row.cluster.verdict is Verdict.UNMANAGED
    assert row.git.verdict is None
    assert "kubectl-create" in row.cluster.causes[0]


async def test_nothing_is_judged_before_the_cluster_has_answered(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.commit({"apis/payments.yaml": text(manifest("payments"))}, at=NOW - WEEK)
    assert (await scene.cell("payments")).verdict is Verdict.UNKNOWN
    scene.serve()
    assert (await scene.cell("payments")).verdict is Verdict.UNKNOWN  # served, not listed yet
    scene.holds()
    assert (await scene.cell("payments")).verdict is Verdict.MISSING


async def test_a_kind_that_is_forbidden_is_unknown_with_its_reason(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.commit({"apis/payments.yaml": text(manifest("payments"))}, at=NOW - WEEK)
    scene.serve()
    why = "viewer may not list apiv4definitions; ask for the verb list"
    scene.engine._actual.state("eu", API, PlaceState(Place.CLUSTER, f"eu/{API}", "failed", why))
    cell = await scene.cell("payments")
    assert (cell.verdict, cell.causes) == (Verdict.UNKNOWN, (why,))


async def test_a_kind_that_is_not_installed_is_missing_and_says_what_to_install(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.commit({"apis/payments.yaml": text(manifest("payments"))}, at=NOW - WEEK)
    scene.serve(kinds=["Group"])
    cell = await scene.cell("payments")
    assert cell.verdict is Verdict.MISSING
    assert "CRDs" in cell.causes[0]


async def test_a_namespace_outside_the_configured_ones_is_unknown(tmp_path: Path) -> None:
    scene = Scene(tmp_path, namespaces=["shop"])
    scene.commit({"apis/payments.yaml": text(manifest("payments"))}, at=NOW - WEEK)
    scene.serve()
    scene.holds()
    cell = await scene.cell("payments")
    assert cell.verdict is Verdict.UNKNOWN
    assert "pay is not among those read" in cell.causes[0]


async def test_a_cluster_that_dies_keeps_its_last_rows(tmp_path: Path) -> None:
    scene, _ = in_sync(tmp_path)
    before = await scene.row("payments")
    dead = PlaceState(Place.CLUSTER, "eu", "failed", "refused the connection", observed_at=NOW)
    scene.engine._actual.state("eu", None, dead)
    scene.now += 60
    assert (await scene.row("payments")).cluster.verdict is before.cluster.verdict
    assert scene.engine.fleet.stale_for("eu", scene.now) == 60


async def test_after_a_restart_a_dead_cluster_says_what_was_seen_last(tmp_path: Path) -> None:
    scene, _ = in_sync(tmp_path)
    await scene.cell("payments")
    await scene.engine.aclose()
    again = Scene(tmp_path)
    again.look_at_git()
    dead = PlaceState(Place.CLUSTER, "eu", "failed", "refused the connection")
    again.engine._actual.state("eu", None, dead)
    cell = await again.cell("payments")
    assert cell.verdict is Verdict.UNKNOWN
    assert cell.causes[0] == "refused the connection"
    assert "last seen in sync" in cell.causes[1]


async def test_a_verdict_keeps_its_beginning_over_a_restart(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    began = (await scene.cell("payments")).since
    await scene.engine.aclose()
    again = Scene(tmp_path)
    again.now = NOW + DAY
    again.look_at_git()
    again.serve()
    again.holds(item)
    cell = await again.cell("payments")
    assert cell.since == began
    assert cell.observed_at == NOW + DAY


async def test_a_cluster_that_does_not_answer_leaves_the_other_alone(tmp_path: Path) -> None:
    scene = Scene(tmp_path, clusters=("eu", "us"))
    wanted = manifest("payments")
    scene.commit({"apis/payments.yaml": text(wanted)}, at=NOW - WEEK)
    scene.serve("us")
    scene.holds(scene.applied(wanted, at=NOW - WEEK + HOUR), cluster="us")
    assert (await scene.cell("payments", cluster="us")).verdict is Verdict.SYNCED
    assert (await scene.cell("payments", cluster="eu")).verdict is Verdict.UNKNOWN


async def test_a_row_that_says_the_same_is_not_published_again(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    before = await scene.row("payments")
    scene.engine.fleet.drain()
    scene.event("MODIFIED", item)
    assert await scene.row("payments") is before
    assert not scene.engine.fleet.drain().changed


async def test_what_a_finalizer_still_holds_is_said_to_be_going(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    going = scene.edited(item, at=NOW - HOUR)
    going["metadata"]["deletionTimestamp"] = "2025-10-09T08:00:00Z"
    scene.event("MODIFIED", going)
    cell = await scene.cell("payments")
    assert cell.verdict is Verdict.DRIFTED
    assert "being deleted" in cell.causes[0]


async def test_what_is_gone_from_both_sides_leaves_the_table_and_the_ledger(tmp_path: Path) -> None:
    scene, item = in_sync(tmp_path)
    await scene.cell("payments")
    scene.commit({"apis/other.yaml": text(manifest("other"))}, at=NOW)
    scene.event("DELETED", item)
    await scene.engine._pass.once()
    assert KEY not in scene.engine.fleet.rows()
    await scene.engine.aclose()
    again = Scene(tmp_path)
    assert KEY not in again.engine._knowledge.synced
