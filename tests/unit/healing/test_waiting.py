"""Backoff after failures and the pace of healing: pure arithmetic, no clock runs here."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.healing.backoff import MOST_S, Backoffs, ceiling
from reconciler.engine.healing.pace import FORGOTTEN_S, Pace
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place

KEY = ResourceKey("eu", "ApiV4Definition", "pay", "orders")


def test_the_ceiling_doubles_from_half_a_second_to_five_minutes() -> None:
    assert [ceiling(n) for n in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert ceiling(11) == ceiling(1_000_000) == MOST_S


def test_the_wait_is_drawn_between_nothing_and_the_ceiling() -> None:
    dice = iter([0.0, 0.5, 0.999])
    backoffs: Backoffs[str] = Backoffs(lambda: next(dice))
    assert backoffs.failed("a", 1, 100.0) == 100.0
    assert backoffs.failed("a", 1, 100.0) == 100.5
    assert backoffs.failed("a", 1, 100.0) == 100.0 + 0.999 * 2.0


def test_success_and_new_inputs_forget_the_failures() -> None:
    backoffs: Backoffs[str] = Backoffs(lambda: 1.0)
    for _ in range(5):
        backoffs.failed("a", "old", 0.0)
    assert backoffs.of("a", "old").at == 8.0
    assert backoffs.of("a", "new").failures == 0
    backoffs.failed("a", "new", 0.0)
    backoffs.succeeded("a")
    assert backoffs.of("a", "new").failures == 0 and len(backoffs) == 0


def test_what_was_refused_stays_parked_until_an_input_changes() -> None:
    backoffs: Backoffs[str] = Backoffs(lambda: 1.0)
    backoffs.park("a", ("rev1", 3), "spec.plans is not allowed")
    assert backoffs.of("a", ("rev1", 3)).parked == "spec.plans is not allowed"
    assert backoffs.of("a", ("rev2", 3)).parked == ""


@given(st.integers(1, 60), st.floats(0, 0.999))
def test_no_wait_is_longer_than_five_minutes(failures: int, dice: float) -> None:
    backoffs: Backoffs[str] = Backoffs(lambda: dice)
    for _ in range(failures):
        at = backoffs.failed("a", None, 1000.0)
    assert 1000.0 <= at <= 1000.0 + MOST_S


def test_the_first_healing_is_at_once_and_repeats_come_after_2_6_18_seconds_up_to_5_minutes() -> None:
    pace, now, waits = Pace(), 1000.0, []
    assert pace.earliest(KEY, Place.CLUSTER, now) <= now
    for _ in range(7):
        pace.healed(KEY, Place.CLUSTER, now)
        waits.append(pace.earliest(KEY, Place.CLUSTER, now) - now)
        now += waits[-1]
    assert waits == [2, 6, 18, 54, 162, 300, 300]


def test_each_hop_of_a_resource_has_its_own_pace() -> None:
    pace = Pace()
    pace.healed(KEY, Place.CLUSTER, 1000.0)
    assert pace.earliest(KEY, Place.CONTROL_PLANE, 1000.0) == 0.0


def test_after_ten_quiet_minutes_the_next_healing_is_a_first_one_again() -> None:
    pace = Pace()
    for at in (0.0, 2.0, 8.0):
        pace.healed(KEY, Place.CLUSTER, at)
    assert pace.earliest(KEY, Place.CLUSTER, 8.0 + FORGOTTEN_S + 1) == 0.0
    assert len(pace) == 0


def test_what_is_long_past_is_swept_away() -> None:
    pace = Pace()
    for number in range(100):
        pace.healed(KEY._replace(name=f"a{number}"), Place.CLUSTER, float(number))
    pace.sweep(FORGOTTEN_S + 50)
    assert len(pace) == 50
