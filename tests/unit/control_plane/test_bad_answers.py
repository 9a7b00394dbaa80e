"""What a control plane can answer wrongly: each a sentence with a next step; what was known stays known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from reconciler.control_plane.automation import AutomationApi
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.refs import API, StateRef
from reconciler.control_plane.watching import ControlPlaneObserver
from reconciler.rules.identity import resource_id
from reconciler.simulator.apim import Apim
from tests.unit.control_plane.bodies import put_apis
from tests.unit.control_plane.in_process import InProcess, client_of
from tests.unit.control_plane.recording import Told
from tests.unit.control_plane.test_observing import running
from tests.unit.control_plane.virtual_time import clock, until, virtually

ESCAPE = "\x1b[2J"
REF = StateRef(API, "shop-orders")


def html(status: int = 200) -> httpx.Response:
    return httpx.Response(status, html="<form action='/login'>")


def told(status: int, **body: object) -> httpx.Response:
    return httpx.Response(status, json={"httpStatus": status, "message": "no", "details": [], **body})


CASES: dict[str, tuple[httpx.Response, str, tuple[str, ...]]] = {
    "wrong credentials": (told(401), "unauthorized", ("refused the credentials (401)", "`auth`")),
    "no right": (told(403), "forbidden", ("no permission to read", "give this user the right")),
    "unknown environment": (
        httpx.Response(400, json={"httpStatus": 400, "message": "Invalid organization or environment"}),
        "environment",
        ("does not know this organization or environment", "correct `organization` and `environment`"),
    ),
    "another 400": (told(400, message="Validation error"), "protocol", ("(400): Validation error",)),
    "redirect to a login page": (
        httpx.Response(302, headers={"Location": "https://u:p@login.example.org/in?token=abc"}),
        "redirect",
        ("sends on to https://login.example.org/in (302)", "login page", "check that its URL"),
    ),
    "redirect to nowhere": (httpx.Response(303), "redirect", ("sends on to nowhere (303)",)),
    "a page instead of JSON": (html(), "html", ("answered text/html (200) where JSON is expected",)),
    "nothing": (httpx.Response(204), "protocol", ("answered nothing (204)",)),
    "JSON that is cut off": (
        httpx.Response(200, headers={"Content-Type": "application/json"}, content=b'{"hrid": "shop-or'),
        "protocol",
        ("cut off or broken",),
    ),
    "a list where an object is expected": (httpx.Response(200, json=[]), "protocol", ("no object",)),
    "another one's state": (
        httpx.Response(200, json={"hrid": "shop-other"}),
        "protocol",
        ("answered with another one",),
    ),
    "JSON nested too deeply": (
        httpx.Response(200, content=b'{"hrid":"shop-orders","a":' + b"[" * 400 + b"]" * 400 + b"}"),
        "protocol",
        ("nested too deeply",),
    ),
    "a fault": (told(500, message="boom"), "server", ("failed there (500): boom", "look at APIM's log")),
    "a fault as a page": (html(502), "server", ("failed there (502)",)),
    "too busy": (
        httpx.Response(429, headers={"Retry-After": "7"}),
        "busy",
        ("is too busy (429)", "asks to wait 7 s"),
    ),
    "not available": (httpx.Response(503), "busy", ("is not available (503)", "more slowly")),
    "escape sequences": (told(500, message=f"{ESCAPE}boom"), "server", ("\\e[2Jboom",)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_answer_is_a_sentence_with_a_cause(case: str) -> None:
    answer, reason, words = CASES[case]

    async def main() -> ControlPlaneError:
        transport = InProcess(Apim(clock))
        transport.interfere = lambda request: answer
        with pytest.raises(ControlPlaneError) as caught:
            await AutomationApi(client_of(transport)).state(REF)
        return caught.value

    error = virtually(main)
    assert error.reason == reason
    assert error.status == answer.status_code
    sentence = error.sentence()
    assert sentence.startswith("prod: ")
    for word in words:
        assert word in sentence, sentence
    assert "\x1b" not in sentence
    assert "token=abc" not in sentence
    assert "u:p" not in sentence


def test_an_answer_after_thirty_seconds_is_not_waited_for() -> None:
    async def main() -> None:
        transport = InProcess(Apim(clock))
        transport.delay_s = 30.0
        begun = clock()
        with pytest.raises(ControlPlaneError) as caught:
            await AutomationApi(client_of(transport)).state(REF)
        assert caught.value.reason == "timeout"
        assert "within 10 s" in caught.value.what
        assert clock() - begun == pytest.approx(10.0, abs=0.1)

    virtually(main)


def page(number: int, ids: list[str], *, pages: int = -1, total: int = -1) -> httpx.Response:
    pagination: dict[str, Any] = {"page": number, "totalCount": total}
    if pages >= 0:
        pagination["pageCount"] = pages
    return httpx.Response(200, json={"data": [{"id": name} for name in ids], "pagination": pagination})


async def listed(answer: Callable[[int], httpx.Response]) -> list[str]:
    transport = InProcess(Apim(clock))
    transport.interfere = lambda request: answer(int(request.url.params["page"]))
    found: list[str] = []
    async for one in ManagementApi(client_of(transport)).apis(per_page=2):
        found += [item["id"] for item in one.items]
    return found


def test_a_list_of_unknown_length_is_read_to_its_end() -> None:
    pages = {1: ["a", "b"], 2: ["c", "d"], 3: ["e"], 4: []}
    for known in (-1, 3):
        found = virtually(lambda known=known: listed(lambda number: page(number, pages[number], pages=known)))  # type: ignore[misc]
        assert found == ["a", "b", "c", "d", "e"]


def test_a_list_that_claims_more_than_it_has_ends_where_nothing_comes() -> None:
    pages = {1: ["a", "b"], 2: ["c", "d"]}
    found = virtually(lambda: listed(lambda number: page(number, pages.get(number, []), pages=number + 1)))
    assert found == ["a", "b", "c", "d"]


@pytest.mark.parametrize("total", [-1, 1000])
def test_a_list_that_repeats_its_first_page_for_ever_is_an_error(total: int) -> None:
    with pytest.raises(ControlPlaneError, match="repeats itself on page 2: it never ends") as caught:
        virtually(lambda: listed(lambda number: page(number, ["a", "b"], pages=99, total=total)))
    assert caught.value.reason == "endless"


def test_a_list_that_always_has_one_more_is_an_error() -> None:
    with pytest.raises(ControlPlaneError, match="more than 2000 pages: it never ends"):
        virtually(lambda: listed(lambda number: page(number, [f"a{number}", f"b{number}"])))
    with pytest.raises(ControlPlaneError, match="says that it has 500000000 pages"):
        virtually(lambda: listed(lambda number: page(number, ["a", "b"], total=10**9)))


def test_a_server_that_gives_smaller_pages_than_asked_for_is_read_whole() -> None:
    names = [f"n{number}" for number in range(7)]
    found = virtually(lambda: listed(lambda number: page(number, names[number - 1 : number], total=7)))
    assert found == names


# -- observing one that misbehaves --------------------------------------------------------------------


class Observed:
    """An environment with three APIs that was read in good order."""

    def __init__(self) -> None:
        self.apim = Apim(clock)
        self.refs = put_apis(self.apim, "shop-orders", "shop-stock", "shop-carts")
        self.transport = InProcess(self.apim)
        self.told = Told()
        self.observer = ControlPlaneObserver(client_of(self.transport))
        self.observer.expect(self.refs)

    async def ready(self) -> None:
        await until(lambda: self.told.phase == "ready")


FAULTS: dict[str, Callable[[], httpx.Response]] = {
    "500s": lambda: told(500),
    "HTML": html,
    "401": lambda: told(401),
    "a redirect": lambda: httpx.Response(302, headers={"Location": "/login"}),
    "503": lambda: httpx.Response(503, headers={"Retry-After": "40"}),
    "half JSON": lambda: httpx.Response(
        200, content=b'{"data": [', headers={"content-type": "application/json"}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_known_stays_known_and_comes_back_when_it_is_over(fault: str) -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await it.ready()
            entries, states = dict(it.told.entries), dict(it.told.states)
            it.transport.interfere = lambda request: FAULTS[fault]()
            await until(lambda: it.told.phase == "failed")
            state = it.told.places[-1]
            assert state.message.startswith("prod: ")
            assert state.retry_at is not None
            assert state.retry_at >= clock()
            await asyncio.sleep(600)
            assert it.told.entries == entries, "nothing is told as absent"
            assert it.told.states == states
            it.transport.interfere = lambda request: None
            await it.ready()

    virtually(main)


def test_a_server_that_takes_thirty_seconds_is_told_as_such() -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await it.ready()
            it.transport.delay_s = 30.0
            await until(lambda: it.told.phase == "failed")
            assert "did not answer within 10 s" in it.told.message
            it.transport.delay_s = 0.0
            await it.ready()

    virtually(main)


def test_credentials_refused_halfway_stop_the_reading_and_are_told_once_at_the_place() -> None:
    async def main() -> None:
        it = Observed()
        answered = 0

        def refuse_later(request: httpx.Request) -> httpx.Response | None:
            nonlocal answered
            if "/automation/" not in request.url.path:
                return None
            answered += 1
            return told(401) if answered > 2 else None

        it.transport.interfere = refuse_later
        async with running(it.observer, it.told):
            await until(lambda: it.told.phase == "partial")
            assert "cannot be read: prod: refused the credentials" in it.told.message
            assert it.told.errors == {}
            await asyncio.sleep(1)  # what is on its way ends
            before = it.transport.count("/automation/")
            await asyncio.sleep(13)
            assert it.transport.count("/automation/") == before, "they are not tried again at once"
            assert it.told.phase == "partial"
            it.transport.interfere = lambda request: None
            await it.ready()
            assert len(it.told.states) == 3

    virtually(main)


def test_one_thing_that_cannot_be_read_leaves_the_others_alone() -> None:
    async def main() -> None:
        it = Observed()
        it.transport.interfere = lambda request: (
            told(500) if request.url.path.endswith("/shop-stock") else None
        )
        async with running(it.observer, it.told):
            await until(lambda: it.told.phase == "partial")
            assert "ApiV4Definition shop-stock cannot be read" in it.told.message
            assert it.told.errors[it.refs[1]].reason == "server"
            assert {it.refs[0], it.refs[2]} == set(it.told.states)
            it.transport.interfere = lambda request: None
            await it.ready()
            assert it.refs[1] in it.told.states

    virtually(main)


def test_one_thing_that_never_answers_does_not_keep_the_others_from_being_read() -> None:
    async def main() -> None:
        it = Observed()
        inner = it.transport.handle_async_request

        async def slow(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/shop-orders"):
                await asyncio.sleep(3600)
            return await inner(request)

        it.transport.handle_async_request = slow  # type: ignore[method-assign]
        async with running(it.observer, it.told):
            await until(lambda: len(it.told.states) == 2, 60)
            await until(lambda: it.refs[0] in it.told.errors, 120)
            assert it.told.errors[it.refs[0]].reason == "timeout"
            before = len(it.told.read_at[it.refs[1]])
            await asyncio.sleep(1200)
            assert len(it.told.read_at[it.refs[1]]) >= before + 2

    virtually(main)


def test_retry_after_is_obeyed_to_the_second() -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await it.ready()
            await asyncio.sleep(5)  # nothing is on its way any more
            it.transport.interfere = lambda request: httpx.Response(429, headers={"Retry-After": "90"})
            await until(lambda: it.told.phase == "failed")
            it.transport.interfere = lambda request: None
            begun = clock()
            await asyncio.sleep(85)
            assert it.transport.count(since=begun + 1) == 0
            await it.ready()

    virtually(main)


def test_once_tells_of_everything_that_it_could_not_read() -> None:
    async def main() -> None:
        it = Observed()
        it.transport.interfere = lambda request: (
            told(500) if request.url.path.endswith("/shop-stock") else None
        )
        await it.observer.observe_once(it.told)
        assert set(it.told.errors) == {it.refs[1]}
        assert len(it.told.states) == 2
        assert it.told.phase == "partial"

    virtually(main)


def test_once_ends_soon_where_nothing_can_be_read() -> None:
    async def main() -> None:
        it = Observed()
        it.transport.interfere = lambda request: told(401) if "/automation/" in request.url.path else None
        await it.observer.observe_once(it.told)
        assert len(it.told.entries) == 3
        assert it.told.phase == "partial"
        other = Observed()
        other.transport.delay_s = 30.0
        begun = clock()
        await other.observer.observe_once(other.told)
        assert other.told.phase == "failed"
        assert clock() - begun < 25

    virtually(main)


def test_items_that_are_no_apis_are_counted_and_passed_over() -> None:
    async def main() -> None:
        it = Observed()

        def with_rubbish(request: httpx.Request) -> httpx.Response | None:
            if not request.url.path.endswith("/apis"):
                return None
            data: list[object] = [None, 7, {"id": ""}, {"name": "no id"}]
            data.append(
                {"id": resource_id("DEFAULT", "DEFAULT", "shop-orders"), "tags": 3, "updatedAt": "soon"}
            )
            body = {"data": data, "pagination": {"totalCount": len(data)}}
            return httpx.Response(200, content=orjson.dumps(body))

        it.transport.interfere = with_rubbish
        await it.observer.observe_once(it.told)
        assert len(it.told.entries) == 1
        assert it.told.phase == "partial"
        assert "4 items of its list are no APIs" in it.told.message

    virtually(main)


def test_an_api_that_a_page_missed_is_asked_for_before_it_is_believed_gone() -> None:
    async def main() -> None:
        it = Observed()
        async with running(it.observer, it.told):
            await it.ready()
            before = dict(it.told.entries)

            def missed(request: httpx.Request) -> httpx.Response | None:
                if not request.url.path.endswith("/apis"):
                    return None
                return page(1, list(before)[:2], total=2)

            it.transport.interfere = missed
            asked = len(it.transport.lists())
            await until(lambda: len(it.transport.lists()) > asked)
            await asyncio.sleep(1)
            assert it.told.entries.keys() == before.keys()

    virtually(main)
