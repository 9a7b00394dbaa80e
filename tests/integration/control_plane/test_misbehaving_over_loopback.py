"""A control plane that misbehaves on real sockets: the reason is at its line, what was known stays known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reconciler.control_plane.places import Target
from reconciler.control_plane.watching import ControlPlaneObserver
from reconciler.simulator.apim import ApimServer, Faults
from tests.integration.control_plane.relay import Relay, pair_of
from tests.integration.control_plane.scene import EVERYTHING, ORDERS, PASSWORD, declared, opened
from tests.integration.control_plane.waking import Waking


@asynccontextmanager
async def observed(target: Target) -> AsyncIterator[tuple[ControlPlaneObserver, Waking]]:
    """One control plane that is observed."""
    client = opened(target)
    told = Waking()
    observer = ControlPlaneObserver(client)
    observer.expect(EVERYTHING)
    watching = asyncio.create_task(observer.run(told))
    try:
        yield observer, told
        assert not watching.done()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await client.aclose()


async def once(target: Target) -> Waking:
    client = opened(target)
    told = Waking()
    observer = ControlPlaneObserver(client)
    observer.expect(EVERYTHING)
    await observer.observe_once(told)
    await client.aclose()
    return told


def slow(faults: Faults) -> None:
    faults.delay_s = 30.0


def failing(faults: Faults) -> None:
    faults.status = 500


def html(faults: Faults) -> None:
    faults.page = "login"


def redirect(faults: Faults) -> None:
    faults.redirect_to = "https://login.example.org/?token=abc"


def cut(faults: Faults) -> None:
    faults.truncated = True


def endless(faults: Faults) -> None:
    faults.endless = True


def refused(faults: Faults) -> None:
    faults.unauthorized_after = 0


CASES: dict[str, tuple[Callable[[Faults], None], str]] = {
    "an answer that takes 30 s": (slow, "did not answer within 0.5 s"),
    "500s": (failing, "failed there (500): simulated fault"),
    "HTML": (html, "answered text/html (200) where JSON is expected"),
    "a redirect to a login page": (redirect, "sends on to https://login.example.org/ (302)"),
    "JSON cut off": (cut, "JSON that is cut off or broken"),
    "a page that never ends": (endless, "it never ends"),
    "wrong credentials": (refused, "refused the credentials (401)"),
}


@pytest.mark.parametrize("case", CASES)
async def test_the_reason_is_told_at_the_control_planes_line_with_what_to_do(
    served: ApimServer, case: str
) -> None:
    misbehave, words = CASES[case]
    misbehave(served.faults)
    told = await once(declared(served.url, timeout_s=0.5))
    assert told.phase == "failed"
    assert told.message.startswith("prod: ")
    assert words in told.message
    assert "; " in told.message, "there is a next step"
    assert "token=abc" not in told.message
    assert told.states == {}, "nothing is told as absent"
    assert told.inventories == 0


@pytest.mark.parametrize("case", CASES)
async def test_what_was_known_stays_known_and_another_control_plane_is_not_slowed_down(
    served: ApimServer, case: str
) -> None:
    misbehave, _ = CASES[case]
    other = ApimServer(served.apim)
    await other.start()
    bad, good = declared(served.url, timeout_s=0.5), declared(other.url, name="other")
    async with observed(bad) as (observer, told), observed(good) as (neighbour, beside):
        await told.until(lambda: told.phase == "ready")
        await beside.until(lambda: beside.phase == "ready")
        states = dict(told.states)
        misbehave(served.faults)
        observer.touched(ORDERS)
        await told.until(lambda: told.phase != "ready" or told.errors)
        assert told.states.keys() == states.keys()
        assert told.body(ORDERS)["name"] == "Shop-Orders"
        read = len(beside.read_at[ORDERS])
        neighbour.touched(ORDERS)
        await beside.until(lambda: len(beside.read_at[ORDERS]) > read, seconds=1.0)
        assert beside.phase == "ready"
        assert beside.errors == {}
    await other.stop()


async def test_a_401_halfway_is_told_once_and_what_was_read_stays(served: ApimServer) -> None:
    served.faults.unauthorized_after = 4
    told = await once(declared(served.url))
    assert told.phase == "partial"
    assert "refused the credentials (401)" in told.message
    assert len(told.entries) == 3, "the list was read"
    assert None not in told.states.values()


async def test_a_body_that_never_ends_is_given_up(served: ApimServer) -> None:
    async with Relay(served.url) as relay:
        relay.endless = True
        told = await once(declared(relay.url, timeout_s=0.5))
    assert told.phase == "failed"
    assert "did not answer within 0.5 s" in told.message


async def test_a_connection_that_breaks_in_the_middle_of_an_answer_is_told(served: ApimServer) -> None:
    async with Relay(served.url) as relay:
        relay.lose_answers = True
        told = await once(declared(relay.url))
        # the list of APIs, and beside it the gateways
        assert relay.begun == 2 * 2, "reading is tried once more, on a new connection"
    assert told.phase == "failed"
    assert "the connection to" in told.message


# -- TLS ----------------------------------------------------------------------------------------------


async def test_over_tls_with_the_authority_of_the_certificate_it_is_read(
    served: ApimServer, tmp_path: Path
) -> None:
    ca_file, pair = pair_of(tmp_path, "127.0.0.1")
    async with Relay(served.url, pair) as relay:
        told = await once(declared(relay.url, ca_file=ca_file))
    assert told.phase == "ready"
    assert ORDERS in told.states


async def test_a_certificate_for_another_name_is_refused_before_credentials_are_sent(
    served: ApimServer, tmp_path: Path
) -> None:
    ca_file, pair = pair_of(tmp_path, "apim.example.org")
    async with Relay(served.url, pair) as relay:
        told = await once(declared(relay.url, ca_file=ca_file))
    assert told.phase == "failed"
    assert "the certificate of https://127.0.0.1" in told.message
    assert "is not valid" in told.message
    assert "127.0.0.1" in told.message
    assert served.requests == []


async def test_a_certificate_of_an_unknown_authority_names_ca_file(
    served: ApimServer, tmp_path: Path
) -> None:
    _, pair = pair_of(tmp_path / "theirs", "127.0.0.1")
    other, _ = pair_of(tmp_path / "ours", "127.0.0.1")
    async with Relay(served.url, pair) as relay:
        told = await once(declared(relay.url, ca_file=other))
    assert told.phase == "failed"
    assert "is not valid" in told.message
    assert "`ca_file`" in told.message
    assert served.requests == []


async def test_an_unchecked_certificate_has_to_be_asked_for(served: ApimServer, tmp_path: Path) -> None:
    _, pair = pair_of(tmp_path, "apim.example.org")
    async with Relay(served.url, pair) as relay:
        told = await once(declared(relay.url, insecure=True))
    assert told.phase == "ready"


async def test_https_at_a_port_that_speaks_http_says_so(served: ApimServer) -> None:
    told = await once(declared(served.url.replace("http://", "https://")))
    assert told.phase == "failed"
    assert "does not speak TLS" in told.message


async def test_a_ca_file_that_is_no_certificate_is_told(served: ApimServer, tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("not a certificate")
    told = await once(declared("https://127.0.0.1:9", ca_file=broken))
    assert told.phase == "failed"
    assert f"its ca_file {broken} cannot be used" in told.message


async def test_nobody_at_the_address_is_told_with_the_way_out(served: ApimServer) -> None:
    url = served.url
    await served.stop()
    told = await once(declared(url))
    assert told.phase == "failed"
    assert "refused the connection" in told.message
    assert "only pods can reach" in told.message


async def test_no_message_ever_holds_the_password(served: ApimServer) -> None:
    for misbehave, _ in CASES.values():
        served.faults.clear()
        misbehave(served.faults)
        told = await once(declared(served.url, timeout_s=0.2))
        assert told.places
        assert not [place for place in told.places if PASSWORD in place.message]
