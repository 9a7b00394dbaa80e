"""Lines of two YAML texts that belong together."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gko_tui.view.aligning import align


def shown(left: list[str], right: list[str]) -> list[str]:
    """The alignment as a unified diff without context."""
    out: list[str] = []
    for block in align(left, right):
        if not block.equal:
            out += [f"-{line}" for line in left[block.l0 : block.l1]]
            out += [f"+{line}" for line in right[block.r0 : block.r1]]
    return out


def plans(count: int) -> list[str]:
    lines = ["spec:", "  plans:"]
    for number in range(count):
        lines += [
            f"    plan-{number}:",
            "      security:",
            "        type: API_KEY",
            "      status: PUBLISHED",
        ]
    return lines


def test_equal_texts_are_one_equal_block() -> None:
    (block,) = align(plans(5), plans(5))
    assert block.equal
    assert align([], []) == []


def test_one_changed_line_among_repeated_ones_is_just_that_line() -> None:
    left, right = plans(300), plans(300)
    right[2 + 4 * 150 + 2] = "        type: KEY_LESS"
    assert shown(left, right) == ["-        type: API_KEY", "+        type: KEY_LESS"]


def test_an_inserted_element_is_shown_whole_not_smeared_over_its_neighbours() -> None:
    left, right = plans(4), plans(4)
    extra = ["    open:", "      security:", "        type: API_KEY", "      status: PUBLISHED"]
    right[2 + 4 * 2 : 2 + 4 * 2] = extra
    assert shown(left, right) == [f"+{line}" for line in extra]


def test_a_removed_element_is_shown_whole() -> None:
    left = plans(4)
    right = left[: 2 + 4] + left[2 + 8 :]
    assert shown(left, right) == [f"-{line}" for line in left[2 + 4 : 2 + 8]]


def test_a_renamed_parent_keeps_equal_children_equal() -> None:
    left = ["a:", "  x: 1", "  y: 2", "z: 3"]
    right = ["b:", "  x: 1", "  y: 2", "z: 3"]
    assert shown(left, right) == ["-a:", "+b:"]


def test_texts_with_nothing_in_common_are_replaced() -> None:
    assert shown(["a"], ["b", "c"]) == ["-a", "+b", "+c"]


LINES = st.lists(st.sampled_from(["a:", "  b: 1", "  c: 2", "    d: 3", "- e: 4", "  f: 5"]), max_size=40)


@settings(max_examples=150, deadline=None)
@given(LINES, LINES)
def test_blocks_cover_both_texts_in_order_and_equal_ones_are_equal(left: list[str], right: list[str]) -> None:
    at_left = at_right = 0
    for block in align(left, right):
        assert (block.l0, block.r0) == (at_left, at_right)
        if block.equal:
            assert left[block.l0 : block.l1] == right[block.r0 : block.r1]
        at_left, at_right = block.l1, block.r1
    assert (at_left, at_right) == (len(left), len(right))
