"""The technical API of one pod: what it tells, and a clear sentence for everything that it may do instead."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
from aiohttp import web

from reconciler.gateways.credentials import Authorization, BasicAuth
from reconciler.gateways.facts import sync_facts
from reconciler.gateways.failures import GatewayError
from reconciler.gateways.places import Access, UrlPlace
from reconciler.gateways.technical_api import TechnicalApi
from reconciler.settings.model import GatewaySpec
from tests.unit.gateways.fake_gateway import Answer, FakeGateway, cut_off, data, hanging, text

PASSWORD = "s3cret-of-the-gateway"


def api_of(url: str, access: Access | None = None, environ: dict[str, str] | None = None) -> TechnicalApi:
    place = UrlPlace(GatewaySpec(name="edge", url=url), access or Access(), environ or {})
    return place.api("", 18082)


async def refusal(api: TechnicalApi) -> GatewayError:
    """The error that asking for the list of APIs ends with."""
    with pytest.raises(GatewayError) as caught:
        await api.apis()
    await api.aclose()
    return caught.value


async def test_a_node_tells_who_it_is_and_what_it_runs(gateway: FakeGateway) -> None:
    gateway.tags, gateway.environments = ["internal", "!beta"], ["prod"]
    api = api_of(gateway.url)

    node, health, sync = await api.node(), await api.health(), await api.sync()
    listed, orders = await api.apis(), await api.api("orders")
    await api.aclose()

    assert (node.id, node.version, node.tags, node.environments) == (
        "node-1", "4.12.14", ("internal", "!beta"), ("prod",)
    )  # fmt: skip
    assert health.healthy
    assert sync is not None
    assert (sync.initial_done, sync.counter, sync.next_at) == (True, 7, 1_700_000_005.0)
    assert [item.id for item in listed] == ["orders", "stock"]
    assert orders is not None
    assert (orders.revision, orders.deployed_at, orders.sync_from) == ("3", 1_700_000_000.0, "MANAGEMENT")
    assert orders.definition()["plans"][0]["id"] == "orders-free"


async def test_an_unhealthy_node_still_answers(gateway: FakeGateway) -> None:
    gateway.unhealthy = {"management-repository": "no connection"}
    api = api_of(gateway.url)
    health = await api.health()
    await api.aclose()
    assert not health.healthy
    assert health.failed == {"management-repository": "no connection"}


async def test_an_api_that_is_not_deployed_is_absent_and_no_error(gateway: FakeGateway) -> None:
    api = api_of(gateway.url)
    assert await api.api("stopped") is None
    await api.aclose()


@pytest.mark.parametrize(
    ("answer", "done"),
    [
        (text("", status=503), False),
        (data({"initialDone": False}, status=503), False),
        (data({"initialDone": True}), True),
    ],
    ids=["503 without a body", "503 with a body", "done"],
)
async def test_the_first_synchronisation_may_not_be_done_yet(
    gateway: FakeGateway, answer: Answer, done: bool
) -> None:
    gateway.instead["/_node/sync"] = answer
    api = api_of(gateway.url)
    sync = await api.sync()
    await api.aclose()
    assert sync is not None and sync.initial_done is done


@pytest.mark.parametrize("done", [True, False])
async def test_where_no_repository_is_read_a_hidden_probe_tells_of_the_first_round(
    gateway: FakeGateway, done: bool
) -> None:
    gateway.sync, gateway.first_round_done = None, done
    api = api_of(gateway.url)
    sync = await api.sync()
    await api.aclose()
    assert sync is not None and sync.initial_done is done


async def test_a_gateway_that_knows_no_such_probe_leaves_its_synchronisation_unknown(
    gateway: FakeGateway,
) -> None:
    gateway.sync = None
    gateway.instead["/_node/health"] = data({"http-server": {"healthy": True}})
    api = api_of(gateway.url)
    assert await api.sync() is None
    await api.aclose()


@pytest.mark.parametrize(
    ("told", "failing", "at"), [(True, True, None), (False, False, None), (1_700_000_000_000, False, 1.7e9)]
)
def test_a_failed_round_is_told_as_a_truth_value_or_by_its_instant(
    told: object, failing: bool, at: float | None
) -> None:
    facts = sync_facts({"initialDone": True, "lastOnError": told, "lastErrorMessage": "no connection"})
    assert (facts.failing, facts.last_error_at) == (failing, at)


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (text("<html>Log in</html>", "text/html"), "protocol", "answered text/html where JSON is expected"),
        (text("<html>", "text/html", 502), "protocol", "text/html (502) where JSON is expected"),
        (text("", status=302, Location="https://login.example"), "protocol", "redirects somewhere else"),
        (text('[{"id": "orders"'), "protocol", "JSON that is cut off or broken"),
        (cut_off, "refused", "broke before the answer was complete"),
        (data({"no": "list"}), "protocol", "JSON that is not a list"),
        (data([{"name": "no id"}]), "protocol", "a list of APIs with ids"),
        (data({"message": "no"}, 403), "unauthorized", "refused this user"),
        (data({}, 500), "server", "answered with an error (500)"),
        (text("", status=404), "not-found", "does not exist there (404)"),
    ],
)
async def test_every_wrong_answer_is_named_with_gateway_and_next_step(
    gateway: FakeGateway, answer: Answer, reason: str, words: str
) -> None:
    gateway.instead["/_node/apis"] = answer
    error = await refusal(api_of(gateway.url))
    assert error.reason == reason
    assert error.subject == "edge"
    assert words in error.what
    assert error.next_step


async def test_a_gateway_that_hangs_is_given_up_in_time(gateway: FakeGateway) -> None:
    release = asyncio.Event()
    gateway.instead["/_node/apis"] = hanging(release)
    error = await refusal(api_of(gateway.url, Access(timeout_s=0.2)))
    release.set()
    assert error.reason == "timeout"
    assert "did not answer in time (0.2 s)" in error.what


async def test_an_answer_that_never_ends_is_given_up_in_time(gateway: FakeGateway) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b" " * 1024)
                await asyncio.sleep(0)
        return response

    gateway.instead["/_node/apis"] = endless
    error = await refusal(api_of(gateway.url, Access(timeout_s=0.2)))
    assert error.reason == "timeout"


async def test_a_definition_that_is_nested_absurdly_deep_is_refused(gateway: FakeGateway) -> None:
    gateway.instead["/_node/apis/orders"] = text('{"definition": ' + "[" * 500 + "]" * 500 + "}")
    api = api_of(gateway.url)
    with pytest.raises(GatewayError, match="nested too deeply"):
        await api.api("orders")
    await api.aclose()


async def test_what_a_gateway_says_of_itself_is_safe_to_show(gateway: FakeGateway) -> None:
    gateway.version = "4.12\x1b[31m"
    gateway.sync = {"initialDone": True, "lastOnError": 1, "lastErrorMessage": "\x1b]0;title\x07"}
    api = api_of(gateway.url)
    node, sync = await api.node(), await api.sync()
    await api.aclose()
    assert sync is not None
    assert "\x1b" not in node.version + sync.last_error
    assert node.version == "4.12\\e[31m"


async def test_a_closed_port_is_refused_in_a_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = await refusal(api_of(f"http://127.0.0.1:{port}"))
    assert error.reason == "refused"
    assert error.what == "refused the connection"
    assert "services.core.http" in error.next_step


async def test_a_port_without_tls_is_told_from_one_that_is_closed(gateway: FakeGateway) -> None:
    error = await refusal(api_of(gateway.url.replace("http:", "https:")))
    assert error.reason == "tls"


async def test_another_api_than_was_asked_for_is_refused(gateway: FakeGateway) -> None:
    gateway.instead["/_node/apis/orders"] = data({"definition": {"id": "stock"}, "revision": "1"})
    api = api_of(gateway.url)
    with pytest.raises(GatewayError, match="asked for API orders, it answered with API stock"):
        await api.api("orders")
    await api.aclose()


async def test_an_escape_sequence_in_an_answer_reaches_no_message(gateway: FakeGateway) -> None:
    gateway.instead["/_node/apis/orders"] = data({"definition": {"id": "\x1b[2Jgone"}})
    api = api_of(gateway.url)
    with pytest.raises(GatewayError) as caught:
        await api.api("orders")
    await api.aclose()
    assert "\x1b" not in str(caught.value)


# -- credentials ------------------------------------------------------------------------------


async def test_credentials_come_from_the_environment_a_file_or_a_command(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    ways = [
        BasicAuth(password_env="GATEWAY_PASSWORD"),
        BasicAuth(username="admin", password_file=tmp_path / "password"),
        BasicAuth(username_env="GATEWAY_USER", password_command=("echo", PASSWORD)),
    ]
    environ = {"GATEWAY_PASSWORD": PASSWORD, "GATEWAY_USER": "admin", "PATH": "/usr/bin:/bin"}
    async with FakeGateway(password=PASSWORD).serving() as gateway:
        for way in ways:
            api = api_of(gateway.url, Access(auth=way), environ)
            assert await api.apis() == ()
            await api.aclose()


async def test_wrong_and_missing_credentials_say_so_and_show_nothing() -> None:
    async with FakeGateway(password=PASSWORD).serving() as gateway:
        wrong = BasicAuth(password_env="GATEWAY_PASSWORD")
        refused = await refusal(api_of(gateway.url, Access(auth=wrong), {"GATEWAY_PASSWORD": "wr0ng-one"}))
        none = await refusal(api_of(gateway.url))
        unset = await refusal(api_of(gateway.url, Access(auth=wrong), {}))
    assert (refused.status, none.status, unset.status) == (401, 401, None)
    assert refused.reason == none.reason == "unauthorized"
    assert "wr0ng-one" not in repr(refused.__dict__) + str(refused)
    assert unset.reason == "credentials"
    assert "GATEWAY_PASSWORD is not set" in unset.what


async def test_a_password_that_was_changed_is_read_again_after_a_401(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old")
    async with FakeGateway(password=PASSWORD).serving() as gateway:
        api = api_of(gateway.url, Access(auth=BasicAuth(password_file=file)))
        with pytest.raises(GatewayError):
            await api.apis()
        file.write_text(PASSWORD)
        assert await api.apis() == ()
        await api.aclose()


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        (BasicAuth(password_file=Path("/nonexistent/password")), "No such file or directory"),
        (BasicAuth(password_command=("/nonexistent/command",)), "cannot be started"),
        (BasicAuth(password_command=("false",)), "ended with code 1"),
        (BasicAuth(password_command=("true",)), "printed nothing"),
    ],
)
async def test_a_source_of_credentials_that_gives_nothing_names_itself(auth: BasicAuth, words: str) -> None:
    with pytest.raises(GatewayError, match=words) as caught:
        await Authorization("edge", auth, {"PATH": "/usr/bin:/bin"}).header()
    assert caught.value.reason == "credentials"
    assert caught.value.next_step
