"""The whole strip in the terminal: a diff for each hop, the pods behind it, the way and who did what."""

from __future__ import annotations

from dataclasses import replace

from gko_tui.screens.detail import DetailScreen
from gko_tui.widgets.hop_bar import HopBar
from reconciler.model.errors import ClusterError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState, Row
from reconciler.model.trace import Trace
from reconciler.model.verdicts import Place, Verdict
from tests.terminal.beyond import beyond, console_made
from tests.terminal.conftest import Opened, Opener
from tests.terminal.replay import chain_replay
from tests.terminal.story import NOW, row

PAYMENTS = "prod-eu:apiv4definition/pay/payments-api"
ORDERS = "prod-eu:apiv4definition/shop/orders-v2"


def hop_bar(terminal: Opened) -> str:
    """What the line of hops says."""
    return terminal.line_with("Git = Cluster").strip()


# --- the table -----------------------------------------------------------------------------------


async def test_the_number_of_gateways_stands_beside_the_strip_where_there_is_room(
    open_terminal: Opener,
) -> None:
    async with open_terminal(chain_replay()) as terminal:
        assert "= = = ≠  Drifted" in terminal.line_with("orders-v2")
        await terminal.pilot.resize_terminal(140, 30)
        await terminal.shows("= = = ≠ 2/3")
        assert "= = ≠ = 3/3" in terminal.line_with("payments-api")


async def test_what_only_a_control_plane_has_stands_under_its_name(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(220, 40)) as terminal:
        line = terminal.line_with("Flag Trial")
        assert "apim-eu" in line and "· · u =" in line and "lea" in line
        assert "4 apim-eu" in terminal.text  # in the list of scopes, behind the clusters
        await terminal.press("4")
        assert terminal.names == ["Flag Trial"]


async def test_the_header_names_clusters_and_counts_every_row(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(120, 30)) as terminal:
        header = terminal.text.splitlines()[0]
        assert "prod-eu,prod-us,stage  RO  API 4  = 1  ≠ 2  u 1" in header


async def test_filters_find_what_is_broken_beyond_the_cluster(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay()) as terminal:
        for text, names in (
            ("control:drifted", ["payments-api"]),
            ("gateway:behind", ["orders-v2"]),
            ("origin:console", ["Flag Trial"]),
            ("owner:lea", ["Flag Trial"]),
            ("hop:gateway", ["orders-v2"]),
            ("plane:apim sync:synced", ["catalog"]),
        ):
            await terminal.command(f"filter {text}")
            assert terminal.names == names, text
            assert "API 4  = 1  ≠ 2  u 1" in terminal.text  # the header counts the scope, not the filter


async def test_a_control_plane_in_trouble_is_on_the_banner_with_its_next_try(open_terminal: Opener) -> None:
    replay = chain_replay()
    replay.places[4] = PlaceState(
        Place.CONTROL_PLANE, "apim-eu", "failed", "apim-eu: answered 503", NOW - 41, NOW + 8
    )
    async with open_terminal(replay, size=(120, 30)) as terminal:
        assert "apim-eu ⚠ stale 41s, retry 8s" in terminal.text
        assert terminal.app.table_screen.table.stale_planes == {"apim-eu": 41.0}
        assert "⚠41s" in terminal.line_with("Flag Trial")  # all that is known of it is old
        assert "⚠" not in terminal.line_with("orders-v2")  # of this, only one cell is
        await terminal.press("p")
        assert "stale 41s" in terminal.line_with(" apim-eu ")
        assert "answered 503" in terminal.text
        assert "eu-gw" in terminal.text


async def test_what_the_cursor_rests_on_is_read_more_often_and_what_it_passes_is_not(
    open_terminal: Opener,
) -> None:
    replay = chain_replay()
    async with open_terminal(replay) as terminal:
        table = terminal.app.table_screen.table
        table.move_to(terminal.names.index("orders-v2"))
        terminal.app.second()
        table.move_to(terminal.names.index("payments-api"))
        terminal.app.second()
        terminal.app.second()
        looked_at = ("look", row().key)
        await terminal.until(lambda: looked_at in replay.questions, "the row is looked at")
        assert [key.name for what, key in replay.questions if what == "look" and key] == ["payments-api"]
        terminal.app.second()
        await terminal.settle()
        assert replay.questions.count(looked_at) == 1


# --- one resource --------------------------------------------------------------------------------


async def test_enter_opens_the_first_hop_that_differs_with_its_direction(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(120, 30)) as terminal:
        await terminal.command(f"diff {PAYMENTS}")
        await terminal.shows("Cluster prod-eu → Control plane apim-eu")
        assert hop_bar(terminal) == "Git = Cluster  [Cluster ≠ Control 1]  Control = Gateway 3/3"
        assert "- MANUAL   + AUTO   by tom@example.org 10m ago" in terminal.line_with("validation   -")


async def test_brackets_and_d_go_from_hop_to_hop_and_round(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(120, 30)) as terminal:
        await terminal.command(f"diff {PAYMENTS}")
        for key, chosen in (
            ("right_square_bracket", "[Control = Gateway 3/3]"),
            ("right_square_bracket", "[Git = Cluster]"),
            ("left_square_bracket", "[Control = Gateway 3/3]"),
            ("left_square_bracket", "[Cluster ≠ Control 1]"),
            ("d", "[Control = Gateway 3/3]"),
        ):
            await terminal.press(key)
            assert chosen in hop_bar(terminal)


async def test_a_hop_is_chosen_by_a_click(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(120, 30)) as terminal:
        await terminal.command(f"diff {PAYMENTS}")
        await terminal.pilot.click(HopBar, offset=(hop_bar(terminal).index("Control =") + 2, 0))
        await terminal.shows("[Control = Gateway 3/3]")


async def test_the_worst_pod_is_compared_until_another_is_chosen(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(120, 30)) as terminal:
        await terminal.command(f"diff {ORDERS}")
        await terminal.shows("Control plane: published revision 8 → gateway eu-gw/eu-gw-7d9f-c revision 7")
        assert "another version of the whole document" in terminal.text
        assert "- security: KEY_LESS" in terminal.text
        await terminal.press("w")
        assert "≠ eu-gw/eu-gw-7d9f-c   revision 7" in terminal.text
        await terminal.press("down", "enter")
        await terminal.shows("gateway eu-gw/eu-gw-7d9f-a revision 8")
        assert "no field differs" in terminal.text
        await terminal.press("w", "enter")
        await terminal.shows("eu-gw-7d9f-c revision 7")


async def test_without_a_gateway_there_is_nothing_to_choose_and_the_reason_is_said(
    open_terminal: Opener,
) -> None:
    async with open_terminal(chain_replay()) as terminal:
        await terminal.command("diff web-shop")
        await terminal.press("2", "w")
        assert "no gateway is asked to run it" in terminal.said[-1]


async def test_a_turn_of_hops_drops_the_answer_for_the_hop_before(open_terminal: Opener) -> None:
    replay = chain_replay()
    replay.hold_diff = True
    async with open_terminal(replay, size=(120, 30)) as terminal:
        terminal.app.run_command(f"diff {PAYMENTS}")
        await terminal.until(lambda: ("diff control-plane", row().key) in replay.questions)
        await terminal.pilot.press("right_square_bracket")
        await terminal.until(lambda: ("diff gateway", row().key) in replay.questions)
        replay.release()
        await terminal.shows("published revision 8")
        await terminal.settle()
        assert "plans[gold]" not in terminal.text


async def test_the_hops_show_the_facts_of_all_four_places(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(100, 40)) as terminal:
        await terminal.command(f"yaml {ORDERS}")
        await terminal.press("1")
        await terminal.shows("revision 7")
        for fact in (
            "8f21c0a  ana",
            "prod-eu  generation 14",
            "apim-eu  APIM 4.12  started",
            "id 2fa83b07-7d26-3661-a4ad-224aee29e78a",
            "hrid shop-orders-v2, from Kubernetes",
            "created 30d ago, updated 10m ago, deployed 1h ago",
            "≠ eu-gw/eu-gw-7d9f-c  revision 7",
            "runs revision 7, not 8",
            "W≠ 2/3  Drifted",
        ):
            assert fact in terminal.text, fact


async def test_the_hops_stand_even_if_the_pods_cannot_be_told(open_terminal: Opener) -> None:
    def refuse(_row: Row) -> Trace:
        raise ClusterError("does not answer", subject="apim-eu")

    replay = chain_replay()
    replay.answer_trace = refuse
    async with open_terminal(replay, size=(100, 40)) as terminal:
        await terminal.command(f"trace {ORDERS}")
        await terminal.shows("apim-eu: does not answer")
        await terminal.press("1")
        await terminal.shows("hrid shop-orders-v2")
        assert "apim-eu: does not answer" not in terminal.text


async def test_the_documents_of_every_place_stand_one_below_the_other(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(100, 50)) as terminal:
        await terminal.command(f"yaml {ORDERS}")
        await terminal.shows("── Gateway")
        text = terminal.text
        heads = ["── Git  apis/shop/orders-v2.yaml:1", "── Cluster prod-eu", "── Control plane apim-eu"]
        places = [text.index(head) for head in heads]
        assert places == sorted(places)


async def test_t_shows_the_way_and_what_happened_newest_first(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(120, 30)) as terminal:
        await terminal.command("sort name")
        await terminal.press("j", "j", "t")
        await terminal.shows("[4 Trace]")
        order = [
            terminal.text.index(said)
            for said in ("wrote the spec", "PLAN_UPDATED Gold", "commit 8f21c0a: raise")
        ]
        assert order == sorted(order)
        assert "≠ W eu-gw/eu-gw-7d9f-c  Drifted  revision 7" in terminal.text
        assert "tom@example.org" in terminal.line_with("PLAN_UPDATED Gold")


async def test_that_a_row_was_only_seen_again_asks_for_nothing(open_terminal: Opener) -> None:
    replay = chain_replay()
    async with open_terminal(replay, size=(120, 30)) as terminal:
        await terminal.command(f"diff {PAYMENTS}")
        await terminal.shows("plans[gold]")
        known = terminal.app.bridge.store.rows[row().key]
        asked = len(replay.questions)
        seen = replace(known, control_plane=replace(known.control_plane, observed_at=NOW), version=9)
        replay.put(seen)
        await terminal.until(lambda: terminal.app.bridge.store.rows[row().key].version == 9)
        screen = terminal.app.screen
        assert isinstance(screen, DetailScreen) and screen._later is None
        replay.put(beyond(row(version=10)))
        await terminal.until(lambda: len(replay.questions) > asked)
        await terminal.shows("no field differs")


async def test_what_only_a_control_plane_has_opens_on_its_places(open_terminal: Opener) -> None:
    async with open_terminal(chain_replay(), size=(100, 40)) as terminal:
        await terminal.press("enter")
        await terminal.shows("no Git source and no cluster defines it")
        assert "made in the Console, owned by lea" in terminal.text
        assert "not there" not in terminal.text
        await terminal.press("d")
        await terminal.shows("[Cluster u Control]")
        await terminal.press("C")
        assert "gko-tui diff --hop control-plane" in terminal.text
        await terminal.press("escape", "3")
        await terminal.shows("── Control plane apim-eu")
        assert "── Git" not in terminal.text


async def test_hostile_names_beyond_the_cluster_cannot_act_on_the_terminal(open_terminal: Opener) -> None:
    replay = chain_replay()
    bad = console_made("x")
    assert bad.control_plane_trace is not None
    trace = replace(bad.control_plane_trace, owner="a\x1b]0;owned\x07", hrid="[bold red]x[/]")
    replay.rows.append(
        replace(bad, key=ResourceKey("apim-eu", "ApiV4Definition", "", "zz"), control_plane_trace=trace)
    )
    async with open_terminal(replay, size=(140, 40)) as terminal:
        await terminal.press("G", "enter")
        await terminal.shows("hrid [bold red]x[/]")
        assert "\x1b" not in terminal.text


async def test_the_diff_of_a_hop_beyond_is_asked_for_again_while_it_is_on_show(
    open_terminal: Opener,
) -> None:
    replay = chain_replay()
    async with open_terminal(replay, size=(120, 30)) as terminal:
        await terminal.command(f"diff {PAYMENTS}")
        await terminal.shows("plans[gold]")
        asked = replay.questions.count(("diff control-plane", row().key))
        for _ in range(5):
            terminal.app.second()
        await terminal.until(
            lambda: replay.questions.count(("diff control-plane", row().key)) > asked, "asked again"
        )
        assert Verdict.DRIFTED.word in terminal.text
