"""The table of actions: one source for keys, hints, help, commands and palette."""

from __future__ import annotations

from collections import Counter

import pytest

from gko_tui.actions import (
    ACTIONS,
    CONTEXT_TITLES,
    DETAIL,
    DIFF,
    GLOBAL,
    PLAN,
    TABLE,
    TEXT,
    actions_for,
    bindings_for,
    command_names,
    key_name,
)
from gko_tui.app import GkoApp
from gko_tui.screens.detail import DetailScreen
from gko_tui.screens.places import PlacesScreen
from gko_tui.screens.plan import PlanScreen
from gko_tui.screens.table import TableScreen

OWNERS = {
    TABLE: TableScreen,
    DETAIL: DetailScreen,
    DIFF: DetailScreen,
    PLAN: PlanScreen,
    TEXT: PlacesScreen,
    GLOBAL: GkoApp,
}


def test_ids_are_unique_and_name_a_known_context() -> None:
    assert all(count == 1 for count in Counter(action.id for action in ACTIONS).values())
    assert {action.context for action in ACTIONS} == set(CONTEXT_TITLES)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_done_by_its_screen_and_explains_itself(action) -> None:
    assert callable(getattr(OWNERS[action.context], f"do_{action.verb}", None))
    assert action.help.endswith(".") or ":" in action.help or "?" in action.help
    assert action.title
    assert action.keys or action.command, "an action nobody can reach"


@pytest.mark.parametrize(
    "contexts", [(TABLE, GLOBAL), (DETAIL, DIFF, TEXT, GLOBAL), (PLAN, TEXT, GLOBAL), (TEXT, GLOBAL)]
)
def test_no_two_actions_of_a_screen_share_a_key(contexts: tuple[str, ...]) -> None:
    keys = Counter(key for action in actions_for(*contexts) for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_no_two_commands_share_a_name() -> None:
    names = [name for action in ACTIONS for name in (action.command, *action.aliases) if name]
    assert len(names) == len(set(names)) == len(command_names())


def test_bindings_carry_ids_so_that_keys_can_be_remapped() -> None:
    for context in CONTEXT_TITLES:
        bindings = bindings_for(context)
        assert all(binding.id and binding.tooltip for binding in bindings)
        assert len({binding.id for binding in bindings}) == len(bindings)


def test_nothing_needs_alt_a_function_key_or_what_terminals_take() -> None:
    for action in ACTIONS:
        if action.keys:
            first = action.keys[0]
            assert not first.startswith(("alt+", "f1", "f2"))
            assert first not in ("ctrl+s", "ctrl+q", "ctrl+b", "ctrl+z") or len(action.keys) > 1


def test_ctrl_d_only_scrolls() -> None:
    meaning = {action.verb for action in ACTIONS if "ctrl+d" in action.keys}
    assert meaning == {"half_down"}


def test_keys_are_written_as_people_write_them() -> None:
    assert key_name("enter") == "⏎"
    assert key_name("enter", ascii_only=True) == "Enter"
    assert key_name("ctrl+r") == "^r"
    assert key_name("slash") == "/"
    assert key_name("N") == "N"
