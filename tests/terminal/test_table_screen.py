"""The table, driven by keys, mouse and commands, while rows change under it."""

from __future__ import annotations

import asyncio
from time import monotonic

from gko_tui.view.listing import Health
from gko_tui.widgets.api_table import ApiTable
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Verdict
from tests.terminal.conftest import Opened, Opener
from tests.terminal.replay import CLUSTERS, NOW, Replay, dead, row


def table_of(terminal: Opened) -> ApiTable:
    return terminal.app.table_screen.table


async def test_it_opens_on_the_apis_of_all_clusters_with_their_counts(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        assert "API 22" in terminal.text
        assert "= 16" in terminal.text
        assert {key.cluster for key in table_of(terminal).listing.order} == set(CLUSTERS)
        assert "web-shop" not in terminal.text
        assert "other kinds: ≠ 1  :resources" in terminal.text


async def test_a_change_is_painted_without_a_key(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        assert "Synced" in terminal.line_with("service-03")
        terminal.replay.put(row("service-03", namespace="core", verdict=Verdict.DRIFTED, version=1))
        await terminal.until(lambda: "Drifted" in terminal.line_with("service-03"))


async def test_the_cursor_stays_on_its_resource_when_rows_come_and_go(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("j", "j", "j", "j", "j")
        key = table_of(terminal).cursor_key
        assert key is not None
        terminal.replay.put(row("aaa-first"), removed=[row("catalog", namespace="shop", cluster="stage").key])
        await terminal.until(lambda: "aaa-first" in terminal.names and "catalog" not in terminal.names)
        assert table_of(terminal).cursor_key == key
        assert terminal.line_with("> ").split()[1] == key.name


async def test_rows_wait_to_move_while_the_reader_moves(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        instant = [monotonic() + 1000.0]
        table = table_of(terminal)
        table._timer = lambda: instant[0]
        await terminal.press("S", "j")
        order = list(terminal.names)
        terminal.replay.put(
            row("service-05", namespace="core", cluster="stage", verdict=Verdict.FAILED, version=1)
        )
        await terminal.until(
            lambda: "Failed" in terminal.line_with("service-05"), "the new state is painted at once"
        )
        assert terminal.names == order
        instant[0] += 1.0
        table.tick()
        assert terminal.names != order
        assert "service-05" in terminal.names[:3]


async def test_a_filter_applies_while_it_is_typed_and_escape_brings_all_back(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("slash")
        await terminal.type("shop !sync:synced")
        assert set(terminal.names) == {"orders-v2", "catalog", "checkout", "old-search"}
        await terminal.press("enter")
        assert "/shop !sync:synced" in terminal.text
        await terminal.press("escape")
        assert len(terminal.names) == 22


async def test_escape_while_typing_restores_the_filter_there_was(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command("filter checkout")
        assert set(terminal.names) == {"checkout"}
        await terminal.press("slash")
        await terminal.type("-no-such-thing")
        assert terminal.names == []
        await terminal.press("escape")
        assert set(terminal.names) == {"checkout"}


async def test_keys_are_letters_inside_the_prompt(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("slash", "q", "j", "k", "exclamation_mark", "question_mark", "0")
        assert terminal.app.table_screen.listing.filter.text == "qjk!?0"
        assert terminal.app.table_screen.listing.health is Health.ALL


async def test_a_field_that_does_not_exist_is_said_beside_the_prompt(open_terminal: Opener) -> None:
    async with open_terminal(size=(120, 30)) as terminal:
        await terminal.press("slash")
        await terminal.type("owners:x")
        assert "owners: is not a field of a row" in terminal.text


async def test_errors_only_and_all_again(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("exclamation_mark")
        assert len(terminal.names) == 6
        assert "unhealthy" in terminal.text
        await terminal.press("exclamation_mark")
        assert len(terminal.names) == 22


async def test_sorting_turns_round_and_resets_with_the_third_press(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        before = list(terminal.names)
        await terminal.press("S")
        assert terminal.names[0] == "orders-v2"
        assert "STATE↑" in terminal.text
        assert table_of(terminal).cursor == 0
        await terminal.press("S")
        assert terminal.names[-1] == "orders-v2"
        assert "STATE↓" in terminal.text
        await terminal.press("S")
        assert terminal.names == before


async def test_a_click_on_a_title_sorts_and_on_a_row_moves_and_a_double_click_opens(
    open_terminal: Opener,
) -> None:
    async with open_terminal() as terminal:
        await terminal.pilot.click("TableHeader", offset=(60, 0))
        assert terminal.app.table_screen.listing.sort.column == "state"
        await terminal.pilot.click("#table", offset=(10, 3))
        assert table_of(terminal).cursor == 3
        await terminal.pilot.click("#table", offset=(10, 2), times=2)
        await terminal.until(lambda: "[2 Diff]" in terminal.text)


async def test_digits_look_at_one_cluster_and_zero_at_all(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("3")
        assert {key.cluster for key in table_of(terminal).listing.order} == {"stage"}
        assert "cluster:stage" in terminal.text
        await terminal.press("9")
        assert "there are only 3 clusters" in terminal.said[-1]
        await terminal.press("0")
        assert len(terminal.names) == 22


async def test_commands_reach_everything_and_complete(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command("resources @prod-eu /web")
        assert terminal.names == ["web-shop"]
        assert "KIND" in terminal.text
        await terminal.command("all")
        assert len(terminal.names) == 24
        await terminal.command("apis")
        await terminal.command("sort -state")
        assert terminal.names[-1] == "orders-v2"
        await terminal.press("colon")
        await terminal.type("the")
        await terminal.press("tab")
        await terminal.type(" gko-l")
        await terminal.press("tab", "enter")
        assert terminal.app.theme == "gko-light"


async def test_wrong_commands_say_what_was_meant(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command("resorces")
        assert "did you mean :resources?" in terminal.said[-1]
        await terminal.command("apis @nowhere")
        assert "is not a cluster; there are prod-eu, prod-us, stage" in terminal.said[-1]
        await terminal.command("sort size")
        assert "is not a column" in terminal.said[-1]
        await terminal.command("theme pink")
        assert "is not a theme" in terminal.said[-1]
        await terminal.command("diff nothing-like-it")
        assert "no such resource is known" in terminal.said[-1]
        await terminal.command("sort")
        assert "write :sort COLUMN" in terminal.said[-1]


async def test_a_name_that_several_clusters_have_is_left_to_choose(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command("diff checkout")
        assert set(terminal.names) == {"checkout"}
        assert "2 resources match" in terminal.said[-1]


async def test_columns_can_be_chosen(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command("columns cluster owner")
        assert terminal.text.splitlines()[1].split() == ["API↑", "CLUSTER", "OWNER"]
        await terminal.command("columns default")
        assert "STATE" in terminal.text


async def test_a_dead_cluster_keeps_its_rows_in_grey_and_says_why(open_terminal: Opener) -> None:
    replay = Replay()
    replay.places[2] = dead("prod-us")
    async with open_terminal(replay, size=(120, 36)) as terminal:
        line = next(
            line for line in terminal.text.splitlines() if "payments-api" in line and "prod-us" in line
        )
        assert "⚠41s" in line
        assert "prod-us ⚠ stale 41s, retry 8s" in terminal.text
        await terminal.press("p")
        assert "check the VPN" in terminal.text
        assert "next try in 8s" in terminal.text
        await terminal.press("escape")
        await terminal.press("1")
        assert "prod-us ⚠" not in terminal.text.splitlines()[-2]


async def test_the_age_of_a_dead_cluster_goes_on(open_terminal: Opener) -> None:
    replay, instant = Replay(), [NOW]
    replay.places[2] = dead("prod-us")
    async with open_terminal(replay, clock=lambda: instant[0]) as terminal:
        instant[0] = NOW + 90
        terminal.app.second()
        await terminal.pilot.pause()
        assert "⚠2m" in terminal.line_with("service-01")


async def test_what_is_being_read_is_said_until_it_is_there(open_terminal: Opener) -> None:
    async with open_terminal(Replay(rows=[], places=[])) as terminal:
        assert "reading 3 clusters, 1 source…" in terminal.text
        assert "Rows appear as they are read." in terminal.text


async def test_no_row_matching_is_not_the_same_as_no_rows(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command("filter zzz")
        assert "No row matches the filter." in terminal.text
    async with open_terminal(Replay(rows=[row("g", kind="Group")])) as terminal:
        assert "There are no APIs here." in terminal.text
        assert "1 resources of other kinds" in terminal.text
    async with open_terminal(Replay(rows=[])) as terminal:
        assert "neither in Git nor anywhere else" in terminal.text


async def test_an_engine_that_cannot_start_is_said_and_the_terminal_stays(open_terminal: Opener) -> None:
    async with open_terminal(Replay(fails_with=RuntimeError("the ledger is on fire"))) as terminal:
        await terminal.shows("the ledger is on fire")
        await terminal.press("p")
        assert "The engine stopped" in terminal.text


async def test_actions_without_a_row_say_so(open_terminal: Opener) -> None:
    async with open_terminal(Replay(rows=[])) as terminal:
        for key in ("enter", "d", "y", "c", "C"):
            await terminal.press(key)
            assert "there is no row under the cursor" in terminal.said[-1]


async def test_hostile_names_are_shown_harmless_and_never_read_as_markup(open_terminal: Opener) -> None:
    names = [
        "[bold red]x[/]",
        "a\x1b]0;owned\x07b",
        "user\u202egnp",
        "x" * 200,
        "日本語の名前-api-with-a-long-tail",
    ]
    async with open_terminal(Replay(rows=[row(name) for name in names]), size=(160, 30)) as terminal:
        assert "[bold red]x[/]" in terminal.text
        assert "日本語の名前" in terminal.text
        await terminal.until(lambda: "[bold red]" in terminal.line_with("> ") or True)
        for _ in names:
            await terminal.press("enter", "1", "escape", "c", "j")
            await terminal.until(lambda: "CLUSTER" in terminal.text)
        assert not any(char in terminal.grid for char in "\x1b\x07\u202e")
        widths = {strip.cell_length for strip in terminal.app.screen._compositor.render_strips()}
        assert widths == {160}


async def test_many_moves_keep_the_cursor_on_the_screen(open_terminal: Opener) -> None:
    rows = [row(f"api-{number:04}") for number in range(500)]
    async with open_terminal(Replay(rows=rows)) as terminal:
        for key in (
            "G",
            "k",
            "pageup",
            "up",
            "ctrl+u",
            "g",
            "down",
            "ctrl+d",
            "ctrl+f",
            "j",
            "end",
            "home",
            "pagedown",
        ):
            await terminal.press(key)
            cursor = table_of(terminal).cursor
            assert f"> api-{cursor:04}" in terminal.text
            assert f"{cursor + 1}/500" in terminal.text


async def test_a_storm_of_resizes_leaves_a_whole_screen(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        for size in ((200, 60), (61, 17), (40, 10), (120, 36), (80, 24), (300, 70), (80, 24)):
            await terminal.pilot.resize_terminal(*size)
        await terminal.settle()
        await terminal.shows("⏎ Open")
        assert "REV" in terminal.text
        assert "scope" not in terminal.text


async def test_the_preview_follows_the_cursor_and_drops_late_answers(open_terminal: Opener) -> None:
    replay = Replay(hold_diff=True)
    async with open_terminal(replay, size=(200, 50)) as terminal:
        table = table_of(terminal)
        table.move_to(terminal.names.index("payments-api"))
        await terminal.until(lambda: ("diff", row().key) in replay.questions)
        table.move_to(terminal.names.index("service-00"))
        await terminal.until(lambda: "service-00.yaml" in terminal.text)
        replay.release()
        await terminal.settle()
        assert "KEY_LESS" not in terminal.text


async def test_a_click_in_the_side_list_looks_at_that_cluster(open_terminal: Opener) -> None:
    async with open_terminal(size=(180, 40)) as terminal:
        await terminal.pilot.click("#scopes", offset=(5, 3))
        assert {key.cluster for key in table_of(terminal).listing.order} == {"stage"} or {
            key.cluster for key in table_of(terminal).listing.order
        } == {"prod-us"}


async def test_copying_says_what_became_of_it(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("c")
        assert "copied the name" in terminal.said[-1]
        assert terminal.app.clipboard == "catalog"
        await terminal.press("C", "down", "enter")
        assert terminal.app.clipboard == "stage:ApiV4Definition/shop/catalog"


async def test_refresh_asks_the_engine(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("ctrl+r")
        assert ("refresh", None) in terminal.replay.questions


async def test_s_explains_itself_and_writes_nothing(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("s")
        assert "argonaut" in terminal.said[-1]


async def test_q_asks_at_the_table_and_goes_back_elsewhere(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("d", "q")
        assert "API↑" in terminal.text
        await terminal.press("q")
        assert "Quit gko-tui?" in terminal.text
        await terminal.press("n")
        assert "Quit gko-tui?" not in terminal.text
        await terminal.press("q", "q")
        await asyncio.sleep(0)
        assert terminal.app.return_value == 0


async def test_ctrl_c_ends_at_once(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("ctrl+c")
        assert terminal.app.return_value == 0


async def test_the_palette_offers_the_same_actions(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        titles = {command.title for command in terminal.app.get_system_commands(terminal.app.screen)}
        assert {"Errors", "Filter", "Places", "Help", "Theme gko-light"} <= titles
        await terminal.press("ctrl+p")
        await terminal.type("healthy")
        await terminal.until(
            lambda: "Only rows that are Synced" in terminal.text or "Healthy" in terminal.text
        )


async def test_ages_are_of_the_state(open_terminal: Opener) -> None:
    key = ResourceKey("stage", "ApiV4Definition", "shop", "catalog")
    async with open_terminal() as terminal:
        assert terminal.line_with(key.name).rstrip().endswith("2s")
