"""When the loop may act: cron, durations, zones, and what daylight saving does to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from reconciler.settings.windows import Window, permission


def window(kind: str = "allow", cron: str = "0 22 * * *", duration: str = "2h", **more: Any) -> Window:
    return Window.model_validate({"kind": kind, "cron": cron, "duration": duration, **more})


def at(text: str) -> float:
    """An instant in UTC, written `2026-03-28 22:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def open_from_to(one: Window, opening: str, closing: str) -> None:
    """It is closed a second before, open at once, open to the last second, and closed at its end."""
    begins, ends = at(opening), at(closing)
    assert one.closes_at(begins - 1) is None
    assert one.closes_at(begins) == ends
    assert one.closes_at(ends - 1) == ends
    assert one.closes_at(ends) is None


def test_a_window_opens_by_its_expression_and_stays_open_for_its_duration() -> None:
    open_from_to(window(), "2026-11-23 22:00", "2026-11-24 00:00")


def test_a_window_is_on_the_wall_clock_of_its_zone_in_summer_and_in_winter() -> None:
    berlin = window(zone="Europe/Berlin")
    open_from_to(berlin, "2026-07-01 20:00", "2026-07-01 22:00")
    open_from_to(berlin, "2026-12-01 21:00", "2026-12-01 23:00")


def test_an_opening_that_the_clock_skips_happens_right_after_the_gap() -> None:
    # Berlin, 29 March 2026: 02:00 becomes 03:00 (01:00 UTC).
    open_from_to(window(cron="30 2 * * *", zone="Europe/Berlin"), "2026-03-29 01:00", "2026-03-29 03:00")


def test_an_opening_that_the_clock_shows_twice_happens_the_first_time_only() -> None:
    # Berlin, 25 October 2026: 03:00 becomes 02:00 (01:00 UTC); 02:30 is at 00:30 and at 01:30 UTC.
    twice = window(cron="30 2 * * *", duration="45m", zone="Europe/Berlin")
    open_from_to(twice, "2026-10-25 00:30", "2026-10-25 01:15")
    assert twice.closes_at(at("2026-10-25 01:30")) is None
    assert twice.opens_at(at("2026-10-25 01:00")) == at("2026-10-26 01:30")


def test_a_window_lasts_as_long_on_a_real_clock_whatever_the_wall_clock_does() -> None:
    night = window(cron="0 1 * * *", duration="4h", zone="Europe/Berlin")
    open_from_to(night, "2026-03-29 00:00", "2026-03-29 04:00")
    open_from_to(night, "2026-10-24 23:00", "2026-10-25 03:00")


def test_openings_that_overlap_are_one_long_window() -> None:
    busy = window(cron="*/10 8 * * *", duration="15m")
    open_from_to(busy, "2026-11-23 08:00", "2026-11-23 09:05")


def test_a_window_longer_than_its_period_never_closes() -> None:
    always = window(cron="* * * * *", duration="1d")
    assert always.closes_at(at("2026-11-23 12:34")) is not None


def test_without_windows_everything_is_allowed() -> None:
    assert permission((), "heal", at("2026-11-23 12:00")).allowed


def test_where_something_is_allowed_at_times_it_is_denied_at_others_and_told_when() -> None:
    told = permission((window(covers=["sync"]),), "sync", at("2026-11-23 12:00"))
    assert not told.allowed
    assert told.why == "no window for sync is open before 2026-11-23 22:00 UTC"
    assert told.again_at == at("2026-11-23 22:00")
    assert permission((window(covers=["sync"]),), "sync", at("2026-11-23 22:30")).allowed


def test_windows_of_one_activity_say_nothing_about_another() -> None:
    assert permission((window(covers=["sync"]),), "heal", at("2026-11-23 12:00")).allowed


def test_deny_wins_over_allow_and_gives_its_reason() -> None:
    freeze = window("deny", cron="0 0 20 12 *", duration="14d", zone="Europe/Berlin", reason="Christmas")
    told = permission((window(), freeze), "sync", at("2026-12-24 22:30"))
    assert not told.allowed
    assert told.why == "a window denies sync until 2027-01-03 00:00 CET (Christmas)"
    assert told.again_at == at("2027-01-02 23:00")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("cron", "0 25 * * *", "cron expression"),
        ("cron", "* * * * * *", "five fields"),
        ("cron", "0 0 30 2 *", "comes true"),
        ("cron", "", "at least one character"),
        ("duration", "soon", "8h"),
        ("duration", "0m", "from 1m"),
        ("duration", "400d", "366d"),
        ("zone", "Mars/Olympus", "IANA"),
        ("zone", "../../etc/passwd", "IANA"),
        ("covers", ["everything"], "sync"),
        ("covers", [], "at least 1"),
        ("kind", "maybe", "allow"),
        ("color", "red", "color"),
    ],
)
def test_what_is_no_window_is_refused_with_what_was_expected(field: str, value: Any, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        window(**{field: value})
