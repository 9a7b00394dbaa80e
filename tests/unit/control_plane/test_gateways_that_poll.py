"""Which gateways poll a control plane: asked now and then; that it may not be read is a note, no failure."""

from __future__ import annotations

import asyncio

import httpx

from reconciler.control_plane.announced import EVERY_S, IN_VAIN_S
from reconciler.control_plane.watching import ControlPlaneObserver
from reconciler.simulator.apim import Apim, Gateway
from tests.unit.control_plane.bodies import put_apis
from tests.unit.control_plane.in_process import InProcess, client_of
from tests.unit.control_plane.recording import Told
from tests.unit.control_plane.test_observing import running
from tests.unit.control_plane.virtual_time import clock, until, virtually


class Observed:
    """An environment with one API that a gateway with tags polls."""

    def __init__(self) -> None:
        self.apim = Apim(clock)
        self.apim.environment("DEFAULT").tags.add("internal")
        self.refs = put_apis(self.apim, "shop-orders")
        self.gateway = Gateway(self.apim, "gw-0", tags=("internal", "!partner"))
        self.transport = InProcess(self.apim)
        self.told = Told()
        self.observer = ControlPlaneObserver(client_of(self.transport))
        self.observer.expect(self.refs)

    def refuse(self, status: int) -> None:
        def answer(request: httpx.Request) -> httpx.Response | None:
            refused = request.url.path.rstrip("/").endswith("/instances")
            return httpx.Response(status, json={"message": "no", "http_status": status}) if refused else None

        self.transport.interfere = answer


def test_once_tells_the_gateways_with_their_tags_in_one_request() -> None:
    async def main() -> None:
        it = Observed()
        await it.observer.observe_once(it.told)
        assert it.told.gateways is not None
        (one,) = it.told.gateways
        assert (one.id, one.hostname, one.tags) == (it.gateway.id, "gw-0", ("internal", "!partner"))
        assert one.state == "STARTED"
        assert it.transport.count("/instances") == 1

    virtually(main)


def test_they_are_asked_for_once_a_minute() -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await asyncio.sleep(EVERY_S * 5 + 1)
            assert it.transport.count("/instances") == 6

    virtually(main)


def test_without_the_right_to_read_them_the_place_is_ready_and_notes_it() -> None:
    async def main() -> None:
        it = Observed()
        it.refuse(403)
        async with running(it.observer, it.told):
            await until(lambda: it.told.phase == "ready" and it.told.message)
            assert "which gateways poll it cannot be read" in it.told.message
            assert "ENVIRONMENT_INSTANCE: read" in it.told.message
            assert it.told.gateways is None
            await asyncio.sleep(IN_VAIN_S - 1)
            assert it.transport.count("/instances") == 1
            it.transport.interfere = lambda _request: None
            await until(lambda: it.told.gateways is not None, IN_VAIN_S)
            assert it.told.message == ""

    virtually(main)


def test_once_without_the_right_is_complete_all_the_same() -> None:
    async def main() -> None:
        it = Observed()
        it.refuse(403)
        await it.observer.observe_once(it.told)
        assert it.told.phase == "ready"
        assert it.told.states[it.refs[0]] is not None

    virtually(main)


def test_something_else_than_a_list_is_a_note_too() -> None:
    async def main() -> None:
        it = Observed()
        it.transport.interfere = lambda request: (
            httpx.Response(200, json={"content": "none"}) if "/instances" in request.url.path else None
        )
        await it.observer.observe_once(it.told)
        assert it.told.phase == "ready"
        assert "no list" in it.told.message

    virtually(main)
