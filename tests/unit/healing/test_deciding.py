"""What the loop may do about one resource, mode by mode and verdict by verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.healing.deciding import RECHECK_S, Decision, decide
from reconciler.model.rows import Cell, ClusterTrace, Row
from reconciler.model.verdicts import Place, Verdict
from tests.unit.healing.world import application, row

NOW = 1_795_000_000.0
K, C = Place.CLUSTER, Place.CONTROL_PLANE
ALWAYS_CLOSED = {"kind": "deny", "cron": "* * * * *", "duration": "1d"}


def cell(verdict: Verdict, **more: Any) -> Cell:
    return Cell(verdict, causes=("because",), **more)


def decided(one: Row, mode: str = "heal", **more: Any) -> Decision:
    asked = {name: more.pop(name) for name in ("stale", "suspended") if name in more}
    return decide(one, application(mode=mode, **more), now=NOW, **asked)


ON_CLUSTER = [
    # verdict, what each mode does: heal, sync (with pruning), propose (with pruning)
    (Verdict.SYNCED, None, None, None),
    (Verdict.UNMANAGED, None, None, None),
    (Verdict.DRIFTED, "heal", "heal", "heal"),
    (Verdict.MISSING, "heal", "sync", "sync"),
    (Verdict.AHEAD, None, "sync", "sync"),
    (Verdict.CONFLICT, None, "sync", "sync"),
    (Verdict.ORPHAN, None, "prune", "prune"),
    (Verdict.UNKNOWN, None, None, None),
    (Verdict.FAILED, None, None, None),
    (Verdict.CONTENDED, None, None, None),
]


@pytest.mark.parametrize(("verdict", "heal", "sync", "propose"), ON_CLUSTER)
def test_each_mode_does_its_own_on_the_cluster_hop(
    verdict: Verdict, heal: str | None, sync: str | None, propose: str | None
) -> None:
    one = row("orders", cell(verdict))
    for mode, expected in (("observe", None), ("heal", heal), ("sync", sync), ("propose", propose)):
        assert decided(one, mode, prune=True).activities.get(K) == expected, mode


@pytest.mark.parametrize(
    ("verdict", "heals"),
    [
        (Verdict.DRIFTED, True),
        (Verdict.CONFLICT, True),
        (Verdict.MISSING, True),
        (Verdict.AHEAD, False),
        (Verdict.DETACHED, False),
        (Verdict.ORPHAN, False),
        (Verdict.UNMANAGED, False),
        (Verdict.UNKNOWN, False),
        (Verdict.FAILED, False),
        (Verdict.CONTENDED, False),
    ],
)
def test_at_the_control_plane_only_what_was_changed_behind_its_writers_back_is_healed(
    verdict: Verdict, heals: bool
) -> None:
    one = row("orders", control_plane=cell(verdict))
    for mode in ("heal", "sync"):
        assert (decided(one, mode).activities.get(C) == "heal") is heals
    assert decided(one, "observe").hops == frozenset()


def test_what_healing_leaves_alone_it_explains() -> None:
    ahead = decided(row("orders", cell(Verdict.AHEAD)))
    assert ahead.told.startswith("Git has moved on, and healing restores only what was in sync; set the mode")
    detached = decided(row("orders", control_plane=cell(Verdict.DETACHED)))
    assert detached.told == "somebody detached it in the Console; let a person confirm it"
    unpruned = decided(row("orders", cell(Verdict.ORPHAN)), "sync")
    assert unpruned.told == "Git no longer defines it, and pruning is off for apis"
    observed = decided(row("orders", cell(Verdict.DRIFTED)), "observe")
    assert observed.told == "apis is only observed"


def test_what_a_row_says_by_itself_is_refused_without_being_told_again() -> None:
    for verdict in (Verdict.UNKNOWN, Verdict.FAILED, Verdict.CONTENDED):
        decision = decided(row("orders", cell(verdict)))
        assert decision.told == "" and "because" in decision.refusals[K]


@pytest.mark.parametrize("owner", ["argocd", "flux", "helm"])
def test_objects_of_other_tools_are_theirs_and_their_control_plane_is_healed_all_the_same(owner: str) -> None:
    one = row("orders", cell(Verdict.DRIFTED), control_plane=cell(Verdict.DRIFTED))
    assert one.cluster_trace is not None
    owned = replace(one, cluster_trace=replace(one.cluster_trace, owner=owner))
    decision = decided(owned, "sync")
    assert decision.hops == {C}
    assert decision.refusals[K] == f"{owner} owns it and applies it: change Git"


def test_what_is_being_deleted_or_broken_in_git_is_left_alone() -> None:
    deleting = replace(
        row("orders", cell(Verdict.DRIFTED)), cluster_trace=ClusterTrace("uid", "1", deleting_since=NOW)
    )
    assert decided(deleting).refusals[K] == "it is being deleted on the cluster"
    broken = replace(row("orders", cell(Verdict.DRIFTED)), git=cell(Verdict.FAILED))
    assert decided(broken).hops == frozenset()


def test_a_place_that_does_not_answer_is_asked_about_again() -> None:
    one = row("orders", cell(Verdict.DRIFTED), control_plane=cell(Verdict.DRIFTED))
    blind = decided(one, stale={C: "apim does not answer"})
    assert blind.hops == {K} and blind.refusals == {C: "apim does not answer"}
    assert blind.again_at == NOW + RECHECK_S
    assert decided(one, stale={K: "eu does not answer"}).hops == frozenset(), "what APIM should hold is its"


def test_a_suspension_stops_everything_and_names_who_asked_for_it() -> None:
    one = row("orders", cell(Verdict.DRIFTED), control_plane=cell(Verdict.DRIFTED))
    decision = decided(one, "sync", suspended="ada suspended it: migration")
    assert decision.hops == frozenset() and decision.told == "ada suspended it: migration"


def test_windows_are_separate_for_healing_syncing_and_pruning() -> None:
    closed = [{**ALWAYS_CLOSED, "covers": ["sync"]}]
    drifted, ahead = row("orders", cell(Verdict.DRIFTED)), row("orders", cell(Verdict.AHEAD))
    orphan = row("orders", cell(Verdict.ORPHAN))
    for one, activity in ((drifted, "heal"), (ahead, "sync"), (orphan, "prune")):
        for covered in ("heal", "sync", "prune"):
            windows = [{**ALWAYS_CLOSED, "covers": [covered]}]
            decision = decided(one, "sync", prune=True, windows=windows)
            assert bool(decision.hops) == (covered != activity)
    assert decided(ahead, "sync", windows=closed).again_at > NOW


def test_a_proposal_is_made_in_any_window_for_it_writes_nothing() -> None:
    assert decided(row("orders", cell(Verdict.AHEAD)), "propose", windows=[ALWAYS_CLOSED]).hops == {K}


VERDICTS = st.sampled_from([*Verdict])


@given(VERDICTS, VERDICTS, st.sampled_from(["observe", "propose", "heal", "sync"]), st.booleans())
def test_nothing_is_ever_decided_about_what_is_in_order_observed_or_not_known(
    cluster: Verdict, beyond: Verdict, mode: str, closed: bool
) -> None:
    one = row("orders", cell(cluster), control_plane=cell(beyond))
    decision = decided(one, mode, prune=True, windows=[ALWAYS_CLOSED] if closed else [])
    if mode == "observe" or (closed and mode != "propose"):
        assert not decision.hops
    for hop in decision.hops:
        assert one.cell(hop).verdict not in (None, Verdict.SYNCED, Verdict.UNMANAGED, Verdict.UNKNOWN)
    assert not decision.hops & decision.refusals.keys()
