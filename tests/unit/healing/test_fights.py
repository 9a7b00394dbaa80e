"""Two writers of one field: found after three rewrites in ten minutes, by name."""

from __future__ import annotations

from reconciler.engine.healing.fights import MOST_FIELDS, Field, Fights
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place

KEY = ResourceKey("eu", "ApiV4Definition", "pay", "orders")
HOP = Place.CLUSTER
REPLICAS: Field = ("helm-operator", ("spec", "description"))


def rewritten(fights: Fights, at: float, *fields: Field) -> str:
    found = fights.noticed(KEY, HOP, fields or (REPLICAS,), at)
    fights.healed(KEY, HOP)
    return found.sentence(HOP) if found is not None else ""


def test_the_third_rewrite_by_the_same_manager_within_ten_minutes_is_a_fight() -> None:
    fights = Fights()
    assert rewritten(fights, 0.0) == "" and rewritten(fights, 2.0) == ""
    assert rewritten(fights, 8.0).startswith("helm-operator wrote spec.description back 3 times")


def test_one_drift_that_is_looked_at_often_counts_once() -> None:
    fights = Fights()
    for at in range(20):
        assert fights.noticed(KEY, HOP, (REPLICAS,), float(at)) is None


def test_three_rewrites_over_more_than_ten_minutes_are_no_fight() -> None:
    fights = Fights()
    for at in (0.0, 400.0, 800.0, 1200.0):
        assert rewritten(fights, at) == ""


def test_three_managers_or_three_fields_are_no_fight() -> None:
    fights = Fights()
    for at, manager in enumerate(("kubectl-edit", "k9s", "lens")):
        assert rewritten(fights, float(at), (manager, ("spec", "description"))) == ""
    for at, name in enumerate("abc"):
        assert rewritten(fights, float(at), ("other", ("spec", name))) == ""


def test_a_manager_that_a_place_does_not_name_is_told_as_such() -> None:
    fights = Fights()
    for at in (0.0, 1.0, 2.0):
        fights.healed(KEY, Place.CONTROL_PLANE)
        found = fights.noticed(KEY, Place.CONTROL_PLANE, (("", ("description",)),), at)
    assert found is not None
    assert found.sentence(Place.CONTROL_PLANE).startswith("somebody who writes at the control-plane wrote")


def test_memory_is_bounded_and_old_things_are_let_go() -> None:
    fights = Fights()
    many = [("m", ("spec", f"f{number}")) for number in range(10 * MOST_FIELDS)]
    fights.noticed(KEY, HOP, many, 0.0)
    assert len(fights._watched[KEY, HOP].rewrites) == MOST_FIELDS
    fights.sweep(601.0)
    assert len(fights) == 0


def test_a_new_desired_state_begins_anew() -> None:
    fights = Fights()
    rewritten(fights, 0.0), rewritten(fights, 1.0)
    fights.forget(KEY, HOP)
    assert rewritten(fights, 2.0) == ""
