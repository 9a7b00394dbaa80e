"""When the terminal may write, and to which clusters."""

from __future__ import annotations

import pytest

from gko_tui.view.write_windows import DEFAULT_S, WriteWindows, asked_window
from reconciler.model.errors import UsageError

KNOWN = ("prod-eu", "prod-us", "stage")
PROTECTED = ("prod-eu", "prod-us")


def test_everything_is_closed_at_first_and_again_after_the_time() -> None:
    windows = WriteWindows()
    assert windows.closed(KNOWN, 100.0) == KNOWN
    windows.open(["stage"], 160.0)
    assert windows.closed(KNOWN, 159.9) == PROTECTED
    assert windows.closed(KNOWN, 160.0) == KNOWN


def test_the_badge_says_the_mode_and_for_how_long() -> None:
    windows = WriteWindows()
    assert windows.badge(0.0)[0] == "RO"
    windows.open(["stage"], 900.0)
    windows.open(["prod-eu"], 60.0)
    assert windows.badge(0.0)[0] == "RW 1m"
    assert windows.badge(61.0)[0] == "RW 13m"
    windows.close()
    assert windows.badge(61.0)[0] == "RO"


def test_a_locked_run_never_opens() -> None:
    windows = WriteWindows(locked=True)
    with pytest.raises(UsageError, match="--read-only"):
        windows.open(["stage"], 900.0)
    assert windows.closed(["stage"], 0.0) == ("stage",)


@pytest.mark.parametrize(
    ("line", "clusters", "seconds"),
    [
        ("", ("stage",), DEFAULT_S),
        ("1h", ("stage",), 3600.0),
        ("prod-eu 30s", ("prod-eu",), 30.0),
        ("prod-eu,stage 2m", ("prod-eu", "stage"), 120.0),
        ("@prod-us", ("prod-us",), DEFAULT_S),
    ],
)
def test_a_window_is_asked_for(line: str, clusters: tuple[str, ...], seconds: float) -> None:
    assert asked_window(line.split(), KNOWN, PROTECTED) == (clusters, seconds)


@pytest.mark.parametrize("line", ["prod-*", "nowhere", "9h", "0m", "stage 99999m", "prod-eu 15"])
def test_a_window_that_means_nothing_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        asked_window(line.split(), KNOWN, PROTECTED)


def test_where_all_are_protected_one_has_to_be_named() -> None:
    with pytest.raises(UsageError, match="every cluster is protected"):
        asked_window([], PROTECTED, PROTECTED)
