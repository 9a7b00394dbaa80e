"""Who is in charge of a namespace (ENGINE §8): what cannot be seen is GKO's."""

from __future__ import annotations

import pytest

from reconciler.engine.charge.operators import Instance, Record, Who, charge_of, identity_of, is_ours

OURS, GKO = identity_of("pod-1", "ab12"), "gko-controller-manager-7d9_f00"
RECORD = Record("sre", "it never looks again", 1.0)


def test_who_may_not_look_leaves_it_to_gko() -> None:
    taken = Instance("gravitee", OURS, record=RECORD)
    charge = charge_of("pay", [taken], unreadable="leases is forbidden")
    assert charge.who is Who.GKO
    assert "forbidden" in charge.why


def test_a_living_gko_is_in_charge_whatever_was_decided() -> None:
    assert charge_of("pay", [Instance("gravitee", GKO, record=RECORD)]).who is Who.GKO


def test_decided_and_held_it_is_ours() -> None:
    assert charge_of("pay", [Instance("gravitee", OURS, record=RECORD)]).who is Who.GKO_TUI


@pytest.mark.parametrize(
    ("holder", "record", "who"),
    [
        ("", None, Who.GKO),  # GKO between two lives
        ("", RECORD, Who.NOBODY),  # we are about to take it
        (OURS, None, Who.NOBODY),  # held by us, and nobody decided so
        (OURS, Record("sre", "why", 1.0, handing_back=True), Who.NOBODY),
    ],
)
def test_half_of_both_is_not_enough(holder: str, record: Record | None, who: Who) -> None:
    assert charge_of("pay", [Instance("gravitee", holder, record=record)]).who is who


def test_each_namespace_is_judged_by_the_operators_that_serve_it() -> None:
    pay = Instance("gko-pay", OURS, frozenset({"pay"}), RECORD)
    shop = Instance("gko-shop", GKO, frozenset({"shop"}))
    assert charge_of("pay", [pay, shop]).who is Who.GKO_TUI
    assert charge_of("shop", [pay, shop]).who is Who.GKO
    assert charge_of("other", [pay, shop]).who is Who.NOBODY


def test_of_two_that_serve_a_namespace_both_have_to_be_ours() -> None:
    ours = Instance("gko-pay", OURS, frozenset({"pay"}), RECORD)
    everywhere = Instance("gravitee", GKO)
    assert charge_of("pay", [ours, everywhere]).who is Who.GKO
    assert charge_of("pay", [ours, Instance("gravitee", "")]).who is Who.GKO


def test_our_name_is_known_again_and_no_other() -> None:
    assert is_ours(OURS)
    assert not is_ours(GKO)
    assert not is_ours("")
