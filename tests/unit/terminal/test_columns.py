"""Columns fill the terminal exactly, and leave in a known order."""

from __future__ import annotations

import pytest

from gko_tui.view.columns import APIS_VIEW, RESOURCES_VIEW, needed_widths, place_columns
from tests.terminal.replay import row


def titles(width: int, view: tuple[str, ...] = APIS_VIEW, needed: dict[str, int] | None = None) -> list[str]:
    return [placed.column.title for placed in place_columns(view, width, needed or {})]


def test_eighty_cells_hold_the_seven_columns_of_the_design_exactly() -> None:
    placed = place_columns(APIS_VIEW, 80, {})
    assert [(p.column.title, p.width) for p in placed] == [
        ("API", 23),
        ("NS", 10),
        ("CLUSTER", 9),
        ("G K C W", 8),
        ("STATE", 10),
        ("REV", 8),
        ("AGE", 4),
    ]
    assert placed[-1].x + placed[-1].width == 80


def test_the_owner_comes_as_soon_as_there_is_room() -> None:
    assert "OWNER" not in titles(90)
    assert "OWNER" in titles(91)


def test_rev_then_ns_then_age_leave_when_it_gets_narrow() -> None:
    assert "REV" not in titles(79)
    assert "NS" in titles(71)
    assert "NS" not in titles(70)
    assert "AGE" in titles(60)
    assert titles(58) == ["API", "CLUSTER", "G K C W", "STATE"]


def test_the_kind_has_its_column_among_resources() -> None:
    assert titles(80, RESOURCES_VIEW) == ["API", "KIND", "NS", "CLUSTER", "G K C W", "STATE"]


@pytest.mark.parametrize("width", range(20, 220, 7))
@pytest.mark.parametrize("view", [APIS_VIEW, RESOURCES_VIEW])
def test_columns_never_overlap_nor_leave_the_terminal(width: int, view: tuple[str, ...]) -> None:
    needed = needed_widths([row("a" * 60, namespace="n" * 40, cluster="c" * 30, author="z" * 30)])
    placed = place_columns(view, width, needed)
    end = 0
    for column in placed:
        assert column.x > end or end == 0
        end = column.x + column.width
    assert end <= max(width, 40)


def test_long_names_get_the_spare_room_first() -> None:
    needed = needed_widths([row("a-very-long-name-of-an-api-indeed")])
    widths = {p.column.name: p.width for p in place_columns(APIS_VIEW, 120, needed)}
    assert widths["api"] == len("a-very-long-name-of-an-api-indeed")
