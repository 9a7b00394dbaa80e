"""Keeping up with a control plane: what moved is read at once, what moves nothing in the deep round."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import httpx

from reconciler.control_plane.refs import ANY_API, API, API_V2, SUBSCRIPTION, StateRef
from reconciler.control_plane.schedule import LOOK_S, ROUND_S
from reconciler.control_plane.watching import LONGEST_POLL_S, POLL_S, ControlPlaneObserver
from reconciler.rules.identity import part_id, resource_id
from reconciler.simulator.apim import Apim, Costs
from tests.unit.control_plane.bodies import api_body, console_body, put_apis
from tests.unit.control_plane.in_process import InProcess, client_of
from tests.unit.control_plane.recording import Told
from tests.unit.control_plane.virtual_time import clock, until, virtually


@asynccontextmanager
async def running(observer: ControlPlaneObserver, told: Told) -> AsyncIterator[None]:
    task = asyncio.create_task(observer.run(told))
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def id_of(hrid: str) -> str:
    return resource_id("DEFAULT", "DEFAULT", hrid)


def test_once_reads_the_list_and_everything_expected() -> None:
    async def main() -> None:
        apim = Apim(clock)
        refs = put_apis(apim, "shop-orders", "shop-stock")
        absent = StateRef(API, "shop-gone")
        made = apim.make_console_api("DEFAULT", console_body("Console"))
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        observer.expect([*refs, absent])
        await observer.observe_once(told)
        assert told.body(refs[0])["plans"][0]["hrid"] == "free"  # type: ignore[index]
        assert told.states[absent] is None
        assert told.entries[id_of("shop-orders")].hrid == "shop-orders"
        assert told.entries[id_of("shop-orders")].as_code
        assert told.entries[made.id].origin == "MANAGEMENT"
        assert told.entries[made.id].owner == "admin"
        event = told.deployments[id_of("shop-orders")]
        assert event is not None
        assert event.number == "1"
        assert told.phase == "ready"
        assert told.places[-1].detail.startswith("APIM 4.12")

    virtually(main)


def test_what_is_as_code_but_not_expected_gets_its_hrid_from_its_publication() -> None:
    async def main() -> None:
        apim = Apim(clock)
        put_apis(apim, "shop-orphan")
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        await observer.observe_once(told)
        assert told.entries[id_of("shop-orphan")].hrid == "shop-orphan"

    virtually(main)


def test_a_hand_edit_that_moves_the_timestamp_is_read_within_one_poll() -> None:
    async def main() -> None:
        apim = Apim(clock)
        (ref, other) = put_apis(apim, "shop-orders", "shop-stock")
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim, Costs.real())))
        observer.expect([ref, other])
        async with running(observer, told):
            await until(lambda: told.phase == "ready")
            apim.edit_api("DEFAULT", id_of("shop-orders"), description="by hand")
            edited = clock()
            await until(lambda: told.body(ref).get("description") == "by hand")
            assert clock() - edited <= POLL_S * 1.5 + 1.0

    virtually(main)


def test_the_list_is_asked_for_less_and_less_while_nothing_moves() -> None:
    async def main() -> None:
        apim = Apim(clock)
        put_apis(apim, "shop-orders")
        transport = InProcess(apim)
        told = Told()
        async with running(ControlPlaneObserver(client_of(transport)), told):
            await asyncio.sleep(900)
        gaps = [later - earlier for earlier, later in pairwise(transport.lists())]
        assert gaps == sorted(gaps)
        assert abs(gaps[0] - POLL_S) < 0.5
        assert abs(gaps[-1] - LONGEST_POLL_S) < 0.5

    virtually(main)


def test_a_deleted_api_is_told_as_absent_and_one_that_comes_back_is_read() -> None:
    async def main() -> None:
        apim = Apim(clock)
        (ref, _) = put_apis(apim, "shop-orders", "shop-stock")
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        observer.expect([ref])
        async with running(observer, told):
            await until(lambda: told.phase == "ready")
            apim.delete_api("DEFAULT", "shop-orders")
            await until(lambda: told.states[ref] is None, POLL_S * 2)
            assert id_of("shop-orders") not in told.entries
            put_apis(apim, "shop-orders")
            await until(lambda: told.states[ref] is not None, POLL_S * 2)
            assert told.entries[id_of("shop-orders")].hrid == "shop-orders"

    virtually(main)


def test_a_hand_edited_plan_is_found_in_the_deep_round() -> None:
    async def main() -> None:
        apim = Apim(clock)
        (ref, *_) = refs = put_apis(apim, "shop-orders", "shop-stock", "shop-carts")
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        observer.expect(refs)
        async with running(observer, told):
            await until(lambda: told.phase == "ready")
            apim.edit_plan(
                "DEFAULT",
                id_of("shop-orders"),
                part_id("DEFAULT", "DEFAULT", "shop-orders", "free"),
                name="X",
            )
            await until(lambda: told.body(ref)["plans"][0]["name"] == "X", ROUND_S)  # type: ignore[index]

    virtually(main)


def test_what_somebody_looks_at_is_read_every_five_seconds_until_they_look_away() -> None:
    async def main() -> None:
        apim = Apim(clock)
        (ref, other) = put_apis(apim, "shop-orders", "shop-stock")
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        observer.expect([ref, other])
        async with running(observer, told):
            await until(lambda: told.phase == "ready")
            begun = len(told.read_at[ref])
            observer.look_at([ref])
            await asyncio.sleep(LOOK_S * 10 + 1)
            seen = len(told.read_at[ref]) - begun
            assert 11 <= seen <= 13
            assert told.subs[id_of("shop-orders")] == ()
            observer.look_at([])
            await asyncio.sleep(1)
            begun = len(told.read_at[ref])
            await asyncio.sleep(LOOK_S * 10)
            assert len(told.read_at[ref]) - begun <= 1

    virtually(main)


def test_what_was_written_is_read_at_once_and_again_in_the_next_seconds() -> None:
    async def main() -> None:
        apim = Apim(clock)
        refs = put_apis(apim, "shop-orders")
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        observer.expect(refs)
        async with running(observer, told):
            await asyncio.sleep(400)  # quiet: the list is rarely asked for
            lists = told.inventories
            apim.put_api("DEFAULT", {**api_body("shop-orders"), "description": "new"})
            observer.touched(refs[0])
            await asyncio.sleep(0.1)
            assert told.body(refs[0])["description"] == "new"
            begun = len(told.read_at[refs[0]])
            await asyncio.sleep(10)
            assert len(told.read_at[refs[0]]) - begun >= 3
            await asyncio.sleep(6)
            assert told.inventories > lists

    virtually(main)


def test_subscriptions_as_code_are_read_with_their_api_from_management() -> None:
    async def main() -> None:
        apim = Apim(clock)
        body = api_body("shop-orders", plan="keyed")
        body["plans"][0]["security"] = {"type": "API_KEY"}
        apim.put_api("DEFAULT", body)
        app = {"hrid": "shop-app", "name": "App", "description": "a", "settings": {"app": {}}}
        apim.put("DEFAULT", "applications", app)
        sub = {"hrid": "shop-sub", "applicationHrid": "shop-app", "planHrid": "keyed"}
        apim.put("DEFAULT", "subscriptions", sub, parent="shop-orders")
        refs = [StateRef(API, "shop-orders"), StateRef(SUBSCRIPTION, "shop-sub", "shop-orders")]
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        observer.expect([*refs, StateRef("Application", "shop-app")])
        async with running(observer, told):
            await until(lambda: told.phase == "ready")
            (status,) = told.subs[id_of("shop-orders")]
            assert status.id == part_id("DEFAULT", "DEFAULT", "shop-orders", "shop-sub")
            assert status.live
            assert told.body(refs[1])["planHrid"] == "keyed"
            apim.put_api("DEFAULT", api_body("shop-orders", plan="free"))  # closes it without a word
            await until(lambda: told.subs[id_of("shop-orders")][0].status == "CLOSED", POLL_S * 2)

    virtually(main)


def test_an_api_of_version_2_and_one_of_the_console_are_read_through_management() -> None:
    async def main() -> None:
        apim = Apim(clock)
        made = apim.make_console_api(
            "DEFAULT",
            console_body("Console"),
            plans=({"name": "Free", "security": {"type": "KEY_LESS"}, "validation": "AUTO"},),
        )
        ref = StateRef(ANY_API, made.id)
        old = StateRef(API_V2, "00000000-0000-0000-0000-000000000000")
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        observer.expect([ref, old])
        await observer.observe_once(told)
        assert told.body(ref)["plans"][0]["name"] == "Free"  # type: ignore[index]
        assert told.body(ref)["pages"] == []
        assert told.states[old] is None

    virtually(main)


def test_what_is_expected_no_longer_is_read_no_longer() -> None:
    async def main() -> None:
        apim = Apim(clock)
        (ref, other) = put_apis(apim, "shop-orders", "shop-stock")
        told = Told()
        observer = ControlPlaneObserver(client_of(InProcess(apim)))
        observer.expect([ref, other])
        async with running(observer, told):
            await until(lambda: told.phase == "ready")
            observer.expect([other])
            await asyncio.sleep(1)
            before = len(told.read_at[ref])
            await asyncio.sleep(1200)
            assert len(told.read_at[ref]) == before
            assert len(told.read_at[other]) > 2

    virtually(main)


def test_entries_that_did_not_move_are_the_same_objects() -> None:
    async def main() -> None:
        apim = Apim(clock)
        put_apis(apim, "shop-orders", "shop-stock")
        apim.make_console_api("DEFAULT", console_body("Console"))
        told = Told()
        async with running(ControlPlaneObserver(client_of(InProcess(apim))), told):
            await until(lambda: told.phase == "ready" and told.inventories > 1)
            before = dict(told.entries)
            apim.edit_api("DEFAULT", id_of("shop-orders"), description="by hand")
            await until(lambda: told.entries[id_of("shop-orders")] is not before[id_of("shop-orders")])
            changed = [key for key, entry in told.entries.items() if entry is not before[key]]
            assert changed == [id_of("shop-orders")]

    virtually(main)


def test_an_older_apim_says_so_and_still_tells_its_inventory() -> None:
    async def main() -> None:
        apim = Apim(clock)
        refs = put_apis(apim, "shop-orders")
        transport = InProcess(apim)

        def no_automation(request: httpx.Request) -> httpx.Response | None:
            if request.url.path.startswith("/automation"):
                return httpx.Response(404, html="<h1>Not Found</h1>")
            return None

        transport.interfere = no_automation
        told = Told()
        observer = ControlPlaneObserver(client_of(transport))
        observer.expect(refs)
        await observer.observe_once(told)
        assert told.entries[id_of("shop-orders")].state == "STARTED"
        assert told.errors[refs[0]].reason == "not-served"
        assert refs[0] not in told.states
        assert told.phase == "partial"
        assert "older than 4.12" in told.message

    virtually(main)
