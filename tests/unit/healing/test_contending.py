"""A fight is shown in place of the drift it is about, and of nothing else."""

from __future__ import annotations

from reconciler.engine.contending import Contention
from reconciler.engine.fleet import Fleet
from reconciler.model.rows import Cell
from reconciler.model.verdicts import Place, Verdict
from tests.unit.healing.world import DRIFTED, key, row

FIGHT = Contention("helm wrote it back", 50.0)
KEY = key("orders")


def shown(fleet: Fleet) -> Cell:
    found = fleet.row(KEY)
    assert found is not None
    return found.cluster


def test_drift_is_shown_as_contended_with_who_fights_first_and_as_drift_again_afterwards() -> None:
    fleet = Fleet()
    fleet.publish({KEY: row("orders", DRIFTED)})
    fleet.drain()
    fleet.contend(KEY, Place.CLUSTER, FIGHT)
    assert shown(fleet).verdict is Verdict.CONTENDED and shown(fleet).since == 50.0
    assert shown(fleet).causes == ("helm wrote it back", "spec.description differs")
    assert fleet.drain().changed == {KEY}
    fleet.contend(KEY, Place.CLUSTER, None)
    assert shown(fleet) == DRIFTED and fleet.drain().changed == {KEY}


def test_what_is_judged_anew_stays_contended_and_what_is_in_sync_is_shown_in_sync() -> None:
    fleet = Fleet()
    fleet.publish({KEY: row("orders", DRIFTED)})
    fleet.contend(KEY, Place.CLUSTER, FIGHT)
    fleet.publish({KEY: row("orders", Cell(Verdict.CONFLICT))})
    assert shown(fleet).verdict is Verdict.CONTENDED
    for verdict in (Verdict.SYNCED, Verdict.UNKNOWN, Verdict.FAILED):
        fleet.publish({KEY: row("orders", Cell(verdict))})
        assert shown(fleet).verdict is verdict
    fleet.publish({KEY: row("orders", DRIFTED)})
    assert shown(fleet).verdict is Verdict.CONTENDED


def test_a_fight_at_one_hop_says_nothing_of_another() -> None:
    fleet = Fleet()
    fleet.publish({KEY: row("orders", DRIFTED, control_plane=DRIFTED)})
    fleet.contend(KEY, Place.CONTROL_PLANE, FIGHT)
    found = fleet.row(KEY)
    assert found is not None and found.cluster == DRIFTED
    assert found.control_plane.verdict is Verdict.CONTENDED


def test_what_is_gone_is_forgotten_and_what_never_was_is_ignored() -> None:
    fleet = Fleet()
    fleet.contend(KEY, Place.CLUSTER, FIGHT)
    assert fleet.row(KEY) is None
    fleet.publish({KEY: row("orders", DRIFTED)})
    assert shown(fleet) == DRIFTED
    fleet.contend(KEY, Place.CLUSTER, FIGHT)
    fleet.publish({}, [KEY])
    fleet.publish({KEY: row("orders", DRIFTED)})
    assert shown(fleet) == DRIFTED
