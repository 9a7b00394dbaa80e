"""The published fleet: one consumer drains what changed, readers never see half a change."""

from __future__ import annotations

from reconciler.engine.fleet import STALE_AFTER_S, Fleet
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, PlaceState, Problem, Row
from reconciler.model.verdicts import ExitCode, Place, Verdict

A, B = ResourceKey("eu", "K", "n", "a"), ResourceKey("eu", "K", "n", "b")


def row(key: ResourceKey, verdict: Verdict) -> Row:
    return Row(key, cluster=Cell(verdict))


def test_a_drain_hands_over_what_changed_once() -> None:
    fleet = Fleet()
    fleet.publish({A: row(A, Verdict.SYNCED), B: row(B, Verdict.SYNCED)})
    fleet.publish({}, removed=[B])
    delta = fleet.drain()
    assert delta.changed == {A}
    assert delta.removed == {B}
    assert not fleet.drain()


def test_a_row_that_comes_back_is_changed_not_removed() -> None:
    fleet = Fleet()
    fleet.publish({A: row(A, Verdict.SYNCED)})
    fleet.drain()
    fleet.publish({}, removed=[A])
    fleet.publish({A: row(A, Verdict.DRIFTED)})
    assert fleet.drain().changed == {A}
    assert fleet.rows()[A].state is Verdict.DRIFTED


def test_removing_what_was_never_there_is_nothing() -> None:
    fleet = Fleet()
    fleet.publish({}, removed=[A])
    assert not fleet.drain()


def test_a_cluster_that_failed_is_stale_at_once_and_a_silent_one_after_three_rounds() -> None:
    fleet = Fleet()
    fleet.publish_place(PlaceState(Place.CLUSTER, "eu", "ready", observed_at=1000.0))
    assert fleet.stale_for("eu", 1010.0) is None
    assert fleet.stale_for("eu", 1001.0 + STALE_AFTER_S) == STALE_AFTER_S + 1
    fleet.publish_place(PlaceState(Place.CLUSTER, "eu", "failed", "refused", observed_at=1000.0))
    assert fleet.stale_for("eu", 1010.0) == 10.0


def test_exit_codes_tell_nothing_read_from_something_unread() -> None:
    fleet = Fleet()
    fleet.publish_place(PlaceState(Place.CLUSTER, "eu", "failed", "refused"))
    assert fleet.exit_code([], now=0.0) is ExitCode.ERROR
    fleet.publish_place(PlaceState(Place.GIT, "repo", "ready", observed_at=1.0))
    assert fleet.exit_code([], now=0.0) is ExitCode.INCOMPLETE
    assert fleet.exit_code([row(A, Verdict.DRIFTED)], now=0.0) is ExitCode.DRIFT


def test_a_file_that_cannot_be_read_makes_the_answer_incomplete_and_a_warning_does_not() -> None:
    fleet = Fleet()
    fleet.publish_place(PlaceState(Place.GIT, "repo", "ready", observed_at=1.0))
    fleet.publish_problems("app", [Problem(Place.GIT, "repo", "a.yaml:3", "a tab", severity="warning")])
    assert fleet.exit_code([], now=1.0) is ExitCode.IN_SYNC
    fleet.publish_problems("app", [Problem(Place.GIT, "repo", "a.yaml:3", "a tab")])
    assert fleet.exit_code([], now=1.0) is ExitCode.INCOMPLETE


def test_what_is_unread_elsewhere_does_not_count_for_a_resource_asked_by_name() -> None:
    fleet = Fleet()
    fleet.publish_place(PlaceState(Place.GIT, "repo", "ready", observed_at=1.0))
    fleet.publish_place(PlaceState(Place.CLUSTER, "eu", "ready", observed_at=1.0))
    fleet.publish_place(PlaceState(Place.CLUSTER, "us", "failed", "refused"))
    asked = [row(A, Verdict.SYNCED)]
    assert fleet.exit_code(asked, now=1.0) is ExitCode.INCOMPLETE
    assert fleet.exit_code(asked, now=1.0, named=True) is ExitCode.IN_SYNC
    fleet.publish_place(PlaceState(Place.CLUSTER, "eu", "failed", "refused", observed_at=1.0))
    assert fleet.exit_code(asked, now=9.0, named=True) is ExitCode.INCOMPLETE
