"""One resource, opened: tabs, diff, documents, search; live like the table."""

from __future__ import annotations

import pytest

from gko_tui.screens.detail import DetailScreen
from gko_tui.view.tabs import TAB_ACTIONS
from reconciler.model.errors import ClusterError
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict
from tests.terminal.conftest import Opened, Opener
from tests.terminal.replay import Replay, diff_of, row

PAYMENTS = "prod-eu:apiv4definition/pay/payments-api"


async def open_diff(terminal: Opened) -> DetailScreen:
    await terminal.command(f"diff {PAYMENTS}")
    await terminal.shows("KEY_LESS")
    screen = terminal.app.screen
    assert isinstance(screen, DetailScreen)
    return screen


async def test_enter_opens_what_is_wrong_on_its_diff_and_what_is_well_on_its_places(
    open_terminal: Opener,
) -> None:
    async with open_terminal() as terminal:
        await terminal.command("sort state")
        await terminal.press("j", "enter")
        assert "Conflict" in terminal.text
        assert "[2 Diff]" in terminal.text
        await terminal.press("escape", "G", "enter")
        assert "[1 Hops]" in terminal.text


@pytest.mark.parametrize("tab", range(len(TAB_ACTIONS)))
async def test_a_second_that_passes_while_the_screen_is_being_built_tells_it_nothing(
    open_terminal: Opener, tab: int
) -> None:
    async with open_terminal() as terminal:
        screen = DetailScreen(next(iter(terminal.app.bridge.store.rows)), tab=tab)
        arrives = terminal.app.push_screen(screen)
        assert terminal.app.top is screen
        assert terminal.app.is_building
        terminal.replay.publish()
        terminal.app.tenth()
        terminal.app.second()
        await arrives
        await terminal.settle()
        terminal.app.second()
        assert f"[{tab + 1} " in terminal.text


async def test_what_failed_opens_where_the_reason_stands(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command("sort state")
        await terminal.press("enter")
        assert "[1 Hops]" in terminal.text
        assert "spec.type is immutable" in terminal.text


async def test_the_direction_is_written_and_both_values_and_the_manager(open_terminal: Opener) -> None:
    async with open_terminal(size=(140, 40)) as terminal:
        await open_diff(terminal)
        assert "Git → cluster prod-eu   ≠ Drifted   3 changed fields, 2 ignored" in terminal.text
        line = terminal.line_with("spec.plans[plan-3].security.type")
        assert "- API_KEY   + KEY_LESS   by kubectl-edit 5m ago" in line


async def test_split_from_120_cells_on_else_unified_and_the_bar_key_turns(open_terminal: Opener) -> None:
    async with open_terminal(size=(119, 40)) as terminal:
        await open_diff(terminal)
        assert "unified, context 3" in terminal.text
        await terminal.pilot.resize_terminal(120, 40)
        await terminal.shows("split, context 3")
        await terminal.press("vertical_line")
        assert "unified" in terminal.text
        await terminal.press("vertical_line")
        assert "semantic" in terminal.text
        assert "── lines" not in terminal.text


async def test_braces_change_the_context_down_to_none(open_terminal: Opener) -> None:
    async with open_terminal(size=(80, 60)) as terminal:
        await open_diff(terminal)
        await terminal.press("right_curly_bracket")
        assert "context 4" in terminal.text
        await terminal.press(*["left_curly_bracket"] * 4)
        assert "context 0" in terminal.text
        await terminal.press("left_curly_bracket")
        assert "no unchanged line is shown any more" in terminal.said[-1]


async def test_i_shows_what_was_ignored_and_by_which_rule(open_terminal: Opener) -> None:
    async with open_terminal(size=(80, 60)) as terminal:
        await open_diff(terminal)
        await terminal.press("i")
        assert "server-set" in terminal.line_with("metadata.generation")
        await terminal.press("i")
        assert "metadata.generation" not in terminal.text


async def test_n_goes_from_change_to_change(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        screen = await open_diff(terminal)
        await terminal.press("n")
        assert screen.pane._at == screen.pane._stops[0]
        await terminal.press("n", "n")
        assert screen.pane._at == screen.pane._stops[2]
        await terminal.press("N")
        assert screen.pane._at == screen.pane._stops[1]
        await terminal.press(*["n"] * (len(screen.pane._stops) - 1))
        assert screen.pane._at == screen.pane._stops[0]


async def test_a_search_counts_its_hits_and_n_goes_through_them(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        screen = await open_diff(terminal)
        await terminal.press("slash")
        await terminal.type("plan")
        await terminal.press("enter")
        total = screen.pane.hits
        assert total > 3
        assert f"/plan  1/{total}" in terminal.text
        await terminal.press("n")
        assert f"/plan  2/{total}" in terminal.text
        await terminal.press("N", "N")
        assert f"/plan  {total}/{total}" in terminal.text
        await terminal.press("escape")
        assert "/plan" not in terminal.text
        assert isinstance(terminal.app.screen, DetailScreen)


async def test_a_search_without_a_hit_says_so(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await open_diff(terminal)
        await terminal.press("slash")
        await terminal.type("zzz")
        await terminal.press("enter")
        assert "/zzz  no hit" in terminal.text


async def test_keys_of_the_diff_say_why_they_do_nothing_elsewhere(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await open_diff(terminal)
        await terminal.press("1", "i")
        assert "only on the diff: press 2" in terminal.said[-1]


async def test_tabs_by_number_letter_and_tab(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await open_diff(terminal)
        for key, shown in (
            ("3", "[3 YAML]"),
            ("tab", "[4 Trace]"),
            ("tab", "[1 Hops]"),
            ("shift+tab", "[4 Trace]"),
            ("d", "[2 Diff]"),
            ("t", "[4 Trace]"),
        ):
            await terminal.press(key)
            assert shown in terminal.text


async def test_secrets_never_reach_the_screen(open_terminal: Opener) -> None:
    async with open_terminal(size=(140, 50)) as terminal:
        await open_diff(terminal)
        assert "- ‹redacted›   + ‹redacted›" in terminal.line_with("configuration.password")
        await terminal.press("3")
        await terminal.shows("password: ‹redacted›")


async def test_a_change_of_the_resource_renews_the_diff_at_the_same_place(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        screen = await open_diff(terminal)
        await terminal.press("ctrl+d")
        place = screen.pane.scroll_offset.y
        asked = len(terminal.replay.questions)
        terminal.replay.put(row(verdict=Verdict.FAILED, version=5, causes=("refused now",)))
        await terminal.until(lambda: len(terminal.replay.questions) > asked)
        await terminal.until(lambda: "Failed" in terminal.text)
        await terminal.settle()
        assert screen.pane.scroll_offset.y == place > 0


async def test_a_resource_that_goes_says_so(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await open_diff(terminal)
        terminal.replay.put(removed=[row().key])
        await terminal.shows("No place has this resource any longer")


async def test_an_answer_that_cannot_be_given_is_shown_where_it_was_asked(open_terminal: Opener) -> None:
    def refuse(_row: Row):
        raise ClusterError("the connection was refused", subject="prod-eu", next_step="check the VPN")

    async with open_terminal(Replay(answer_diff=refuse)) as terminal:
        await terminal.command(f"diff {PAYMENTS}")
        await terminal.shows("prod-eu: the connection was refused; check the VPN")
        terminal.replay.answer_diff = diff_of
        await terminal.press("ctrl+r")
        await terminal.shows("KEY_LESS")


async def test_a_late_answer_never_paints_into_another_tab(open_terminal: Opener) -> None:
    replay = Replay(hold_diff=True)
    async with open_terminal(replay) as terminal:
        terminal.app.run_command(f"diff {PAYMENTS}")
        await terminal.until(lambda: bool(replay.questions))
        await terminal.pilot.press("1")
        await terminal.until(lambda: "Application" in terminal.text)
        replay.release()
        await terminal.settle()
        assert "[1 Hops]" in terminal.text
        assert "KEY_LESS" not in terminal.text


async def test_the_whole_text_can_be_copied(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await open_diff(terminal)
        await terminal.press("C", "end", "enter")
        assert "spec.plans[plan-3].security.type" in terminal.app.clipboard


async def test_help_lists_the_keys_of_this_screen_with_reasons_and_does_what_is_chosen(
    open_terminal: Opener,
) -> None:
    async with open_terminal(size=(110, 40)) as terminal:
        await open_diff(terminal)
        await terminal.press("question_mark")
        assert "One resource" in terminal.text
        await terminal.type("yaml")
        await terminal.press("enter")
        await terminal.shows("[3 YAML]")
        await terminal.press("question_mark")
        await terminal.type("ignored")
        assert "only on the diff: press 2" in terminal.text
        await terminal.press("escape")
        assert "[3 YAML]" in terminal.text


async def test_the_legend_explains_every_mark(open_terminal: Opener) -> None:
    async with open_terminal(size=(110, 60)) as terminal:
        await terminal.press("question_mark")
        await terminal.type("drifted")
        assert "behind the left one's back" in terminal.line_with("Drifted     ")


async def test_a_field_is_ignored_only_after_its_rule_was_shown_and_chosen(open_terminal: Opener) -> None:
    async with open_terminal(size=(100, 40)) as terminal:
        await open_diff(terminal)
        await terminal.press("n", "n", "I")
        await terminal.shows("Ignore which field from now on?")
        await terminal.press("enter")  # the change that is on show stands first
        await terminal.shows("rules.yaml?")
        assert "ignore:" in terminal.text
        assert "spec.plans[open]" in terminal.text
        assert not rules_put_down(terminal)
        await terminal.press("j", "enter")
        await terminal.until(lambda: "is ignored from now on" in "".join(terminal.said), "the word for it")
        (rule,) = rules_put_down(terminal)
        assert "spec.plans[open]" in rule
        assert "kind: ApiV4Definition" in rule
        assert "name: payments-api" not in rule


@pytest.mark.parametrize("answer", [("escape",), ("j", "j", "enter")])
async def test_who_thinks_again_has_changed_nothing(open_terminal: Opener, answer: tuple[str, ...]) -> None:
    async with open_terminal(size=(80, 24)) as terminal:
        await open_diff(terminal)
        await terminal.press("I")
        await terminal.shows("Ignore which field")
        await terminal.press("enter")
        await terminal.shows("for payments-api alone")  # the third choice is further down
        await terminal.press(*answer)
        assert not rules_put_down(terminal)


async def test_no_rule_is_offered_where_none_could_hide_anything(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command(f"trace {PAYMENTS}")
        await terminal.press("I")
        assert "only on the diff" in terminal.said[-1]


def rules_put_down(terminal: Opened) -> list[str]:
    return [what for what, _ in terminal.replay.questions if what.lstrip().startswith("- rule:")]
