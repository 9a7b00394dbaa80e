"""The whole strip on the command line: four cells, a diff for each hop, the way of one API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gko_tui.commands import diff, status, trace
from gko_tui.commands.selection import NothingSelected, Selection
from gko_tui.output.cells import cells
from reconciler.model.errors import UsageError
from reconciler.model.rows import PlaceState, Row
from reconciler.model.verdicts import Place, Verdict
from reconciler.settings.model import Platform
from tests.terminal.beyond import beyond, chain_story, console_made
from tests.terminal.story import row
from tests.unit.cli.fleets import NOW, READY, Run, fleet_of
from tests.unit.cli.schemas import validate

PLACES = (
    *READY,
    PlaceState(Place.CONTROL_PLANE, "apim-eu", "ready", observed_at=NOW - 1, detail="APIM 4.12"),
    PlaceState(Place.GATEWAY, "eu-gw", "ready", observed_at=NOW - 1, detail="4.12.14"),
)

PODS = {"namespace": "gateways", "selector": "app=gateway"}


def listed(line: str, rows: Sequence[Row] | None = None, **console: Any) -> tuple[int, Run]:
    run = Run(line.split(" "), fleet_of(chain_story() if rows is None else rows, PLACES), **console)
    return status.answer(run.invocation, run.reading, overview=line.startswith("status")), run


async def compared(line: str, rows: Sequence[Row] | None = None, **console: Any) -> tuple[int, Run]:
    run = Run(line.split(" "), fleet_of(chain_story() if rows is None else rows, PLACES), **console)
    return await diff.answer(run.invocation, run.reading), run


async def traced(line: str, rows: Sequence[Row] | None = None, **console: Any) -> tuple[int, Run]:
    run = Run(line.split(" "), fleet_of(chain_story() if rows is None else rows, PLACES), **console)
    return await trace.answer(run.invocation, run.reading), run


def names(run: Run) -> list[str]:
    return sorted(resource["name"] for resource in orjson.loads(run.written)["resources"])


# --- status and get ------------------------------------------------------------------------------


def test_the_table_shows_all_four_marks_and_how_many_gateways_run_it() -> None:
    _, run = listed("status")
    lines = {line.split()[3]: line for line in run.written.splitlines()[1:6] if "prod" in line}
    assert "= = ≠ = 3/3  Drifted" in lines["payments-api"]
    assert "= = = ≠ 2/3  Drifted" in lines["orders-v2"]
    assert "= = = ·      Synced" in lines["web-shop"]


def test_on_a_narrow_terminal_the_count_is_the_first_thing_to_go_and_no_mark_is() -> None:
    _, run = listed("status", width=60)
    assert max(map(cells, run.written.splitlines()[:12])) <= 60
    assert "= = ≠ =" in run.written and "3/3" not in run.written


def test_below_it_each_place_is_counted_for_itself_and_every_sort_of_place_is_named() -> None:
    _, run = listed("status")
    for line in (
        "  K cluster: = 4",
        "  C control plane: ≠ 1, u 1, = 3",
        "  W gateway: ≠ 1, = 3",
        "control plane apim-eu: ready, APIM 4.12",
        "gateway eu-gw: ready, 4.12.14",
    ):
        assert line in run.written.splitlines()


def test_json_carries_the_cells_the_control_planes_trace_and_the_count() -> None:
    _, run = listed("status -o json")
    document = orjson.loads(run.written)
    validate(document)
    by_name = {resource["name"]: resource for resource in document["resources"]}
    orders, flag = by_name["orders-v2"], by_name["Flag Trial"]
    assert orders["places"]["gateway"]["verdict"] == "Drifted"
    assert orders["gatewayCount"] == "2/3"
    assert orders["controlPlane"]["hrid"] == "shop-orders-v2"
    assert orders["controlPlane"]["name"] == "apim-eu"
    assert by_name["web-shop"]["gatewayCount"] is None
    assert (flag["cluster"], flag["namespace"], flag["places"]["cluster"]["verdict"]) == ("apim-eu", "", None)
    assert flag["controlPlane"]["origin"] == "MANAGEMENT"
    assert document["hops"]["control-plane"]["Unmanaged"] == 1
    assert document["hops"]["gateway"]["Synced"] == 3
    assert document["hops"]["gateway"]["Missing"] == 0


def test_causes_name_their_hop_where_more_than_one_is_broken() -> None:
    both = beyond(
        row(verdict=Verdict.DRIFTED, causes=("spec.name differs",)),
        control=Verdict.DRIFTED,
        causes=("spec.tags differs",),
    )
    _, run = listed("get payments-api", (both,))
    assert "    cluster: spec.name differs\n    control plane: spec.tags differs\n" in run.written


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("get payments-api", 3),
        ("get payments-api --hop cluster", 0),
        ("get payments-api --hop control-plane", 3),
        ("get payments-api --hop cluster --hop gateway", 0),
        ("get orders-v2 --hop gateway", 3),
        ("status --hop cluster --allow-unknown", 0),
    ],
)
def test_hop_chooses_what_the_exit_code_is_about(line: str, code: int) -> None:
    assert listed(line)[0] == code


def test_a_silent_control_plane_is_no_matter_of_the_cluster_hop() -> None:
    old = PlaceState(Place.CONTROL_PLANE, "apim-eu", "failed", "does not answer", NOW - 600)
    for line, code in (("get catalog", 5), ("get catalog --hop cluster", 0)):
        run = Run(line.split(), fleet_of(chain_story(), (*READY, old)))
        assert status.answer(run.invocation, run.reading, overview=False) == code


def test_a_silent_gateway_makes_an_answer_about_gateways_incomplete() -> None:
    silent = PlaceState(Place.GATEWAY, "eu-gw", "failed", "none of its pods answers", NOW - 600)
    for line, code in (("get catalog", 5), ("get catalog --hop control-plane", 0), ("get web-shop", 0)):
        run = Run(line.split(), fleet_of(chain_story(), (*PLACES[:-1], silent)))
        assert status.answer(run.invocation, run.reading, overview=False) == code, line


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("get -f gateway:behind -o json", ["orders-v2"]),
        ("get -f origin:console -o json", ["Flag Trial"]),
        ("get -f hop:control -o json", ["Flag Trial", "payments-api"]),
        ("get --filter=!sync:synced -o json", ["Flag Trial", "orders-v2", "payments-api"]),
        ("get --control-plane apim-* --kind applications -o json", ["web-shop"]),
    ],
)
def test_the_terminals_filter_and_the_control_plane_select(line: str, found: list[str]) -> None:
    assert names(listed(line)[1]) == found


def test_a_filter_or_a_control_plane_that_does_not_exist_is_said() -> None:
    with pytest.raises(UsageError, match="is not a field of a row"):
        listed("get -f colour:red")
    with pytest.raises(NothingSelected, match=r"--control-plane apim-us.*apim-eu"):
        listed("get --control-plane apim-us")


# --- diff ----------------------------------------------------------------------------------------


async def test_a_named_resource_shows_every_hop_it_has_each_with_its_direction() -> None:
    code, run = await compared("diff payments-api")
    assert code == 3
    blocks = run.written.split("\n\n")
    assert len(blocks) == 3
    assert "= Synced, Git → cluster: no difference" in blocks[0]
    assert "Cluster prod-eu → Control plane apim-eu, 4 differences" in blocks[1]
    assert "= Synced, Control plane: published revision 8 → gateway eu-gw/c revision 7" in blocks[2]


async def test_without_a_name_only_hops_that_differ_are_shown() -> None:
    code, run = await compared("diff")
    assert code == 3
    heads = [block.splitlines()[0] for block in run.written.split("\n\n")]
    assert heads == [
        "apim-eu:ApiV4Definition/Flag Trial  u Unmanaged",
        "prod-eu:ApiV4Definition/pay/payments-api  ≠ Drifted",
        "prod-eu:ApiV4Definition/shop/orders-v2  ≠ Drifted",
    ]


@pytest.mark.parametrize(("hop", "code"), [("cluster", 0), ("control-plane", 3), ("gateway", 0), ("all", 3)])
async def test_one_hop_alone_decides_the_exit_code_when_asked_for(hop: str, code: int) -> None:
    assert (await compared(f"diff payments-api --hop {hop}"))[0] == code


async def test_a_hop_that_was_asked_for_and_does_not_exist_is_said() -> None:
    code, run = await compared("diff web-shop --hop gateway")
    assert code == 0
    assert "the hop gateway does not exist here" in run.written


async def test_a_gateway_can_be_chosen() -> None:
    _, run = await compared("diff orders-v2 --hop gateway --gateway eu-gw/b")
    assert "gateway eu-gw/b" in run.written


async def test_the_json_of_all_hops_says_the_hop_of_each_diff() -> None:
    _, run = await compared("diff payments-api orders-v2 -o json")
    document = orjson.loads(run.written)
    validate(document)
    assert document["hop"] == "all"
    assert [(one["name"], one["hop"], one["verdict"]) for one in document["diffs"]] == [
        ("payments-api", "cluster", "Synced"),
        ("payments-api", "control-plane", "Drifted"),
        ("payments-api", "gateway", "Synced"),
        ("orders-v2", "cluster", "Synced"),
        ("orders-v2", "control-plane", "Synced"),
        ("orders-v2", "gateway", "Drifted"),
    ]


# --- trace ---------------------------------------------------------------------------------------


async def test_a_trace_is_the_way_then_what_happened_newest_first() -> None:
    code, run = await traced("trace orders-v2")
    assert code == 3
    lines = run.written.splitlines()
    assert lines[0] == "prod-eu:ApiV4Definition/shop/orders-v2  ≠ Drifted"
    places = [line.split()[1] for line in lines if line[:4] in ("  = ", "  ≠ ")]
    assert places == ["Git", "cluster", "control", "gateway", "gateway", "gateway"]
    assert "      runs revision 7, not 8" in lines
    story = [line.split() for line in lines[lines.index("newest first") + 1 :]]
    assert [words[0] for words in story] == ["5m", "10m", "2h"]
    assert "tom@example.org" in story[1]


async def test_what_only_a_control_plane_has_is_named_as_it_can_be_typed() -> None:
    run = Run(["trace", "apim-eu:ApiV4Definition/Flag Trial"], fleet_of(chain_story(), PLACES))
    code = await trace.answer(run.invocation, run.reading)
    assert code == 0  # listed, and no drift
    assert run.written.startswith("apim-eu:ApiV4Definition/Flag Trial  u Unmanaged\n")


async def test_the_json_of_a_trace_is_the_documented_document() -> None:
    code, run = await traced("trace payments-api catalog -o json")
    document = orjson.loads(run.written)
    validate(document)
    assert document["exitCode"] == code == 3
    payments, catalog = document["traces"]
    assert (payments["name"], payments["state"], payments["gatewayCount"]) == (
        "payments-api",
        "Drifted",
        "3/3",
    )
    assert [station["place"] for station in catalog["stations"]][:3] == ["git", "cluster", "control-plane"]
    assert payments["stations"][2]["facts"]["id"] == "2fa83b07"
    assert payments["happenings"][0]["who"] == "kubectl-edit"


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_the_way_fits_the_terminal(width: int) -> None:
    _, run = await traced("trace orders-v2", width=width)
    way = run.written.partition("newest first")[0]
    assert max(map(cells, way.splitlines())) <= width


async def test_hostile_text_in_a_trace_cannot_act_on_the_terminal() -> None:
    _, run = await traced("trace *", (console_made("a\x1b]0;owned\x07\u202e"),))
    assert not {"\x1b", "\x07", "\u202e"} & set(run.written)


# --- what is read --------------------------------------------------------------------------------


def test_reading_one_cluster_leaves_out_the_places_that_only_others_lead_to() -> None:
    platform = Platform.model_validate(
        {
            "clusters": [{"name": "eu", "context": "a"}, {"name": "us", "context": "b"}],
            "control_planes": [
                {"name": "apim-eu", "url": "https://eu.example.org", "clusters": ["eu"]},
                {"name": "apim-us", "url": "https://us.example.org", "clusters": ["us"]},
                {"name": "apim", "url": "https://apim.example.org"},
            ],
            "gateways": [
                {"name": "eu-gw", "cluster": "eu", **PODS, "control_plane": "apim-eu"},
                {"name": "us-gw", "url": "http://us.example.org", "control_plane": "apim-us"},
                {"name": "us-edge", "cluster": "us", **PODS},
            ],
        }
    )
    narrowed = Selection(clusters=("eu",)).narrow(platform)
    assert [plane.name for plane in narrowed.control_planes] == ["apim-eu", "apim"]
    assert [gateway.name for gateway in narrowed.gateways] == ["eu-gw"]
