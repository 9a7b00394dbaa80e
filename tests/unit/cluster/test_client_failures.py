"""What can go wrong on the way to a cluster: each has its own sentence, its reason and a next step."""

from __future__ import annotations

import asyncio
import gzip
import socket
from time import monotonic

import pytest
from aiohttp import web

from reconciler.cluster.kinds import served_kinds
from reconciler.model.errors import ClusterError
from tests.unit.cluster.asking import Open, answers, failure
from tests.unit.cluster.fake_api import FakeApi, status


async def test_a_refused_connection(connect: Open) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        error = await failure(await connect(f"http://127.0.0.1:{port}"))
    assert error.reason == "refused"
    assert f"http://127.0.0.1:{port} refused the connection" in str(error)


async def test_a_name_that_does_not_resolve(connect: Open) -> None:
    error = await failure(await connect("https://nowhere.invalid:6443"))
    assert error.reason == "refused"
    assert "cannot be resolved" in str(error) or "cannot be reached" in str(error)


async def test_a_server_that_hangs_is_left_after_the_clusters_limit(server: FakeApi, connect: Open) -> None:
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    server.every = hang
    client = await connect(server.url, timeout_s=0.1)
    began = monotonic()
    error = await failure(client)
    assert error.reason == "timeout"
    assert "did not answer in time (0.1 s)" in str(error)
    assert "request_timeout_s" in error.next_step
    assert monotonic() - began < 2
    never.set()


async def test_a_server_that_accepts_and_never_speaks_tls_is_left(connect: Open) -> None:
    with socket.socket() as mute:  # the kernel accepts, nobody reads
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        client = await connect(f"https://127.0.0.1:{mute.getsockname()[1]}", timeout_s=0.1)
        async with asyncio.timeout(8):
            assert (await failure(client)).reason == "timeout"


async def test_an_answer_that_drips_for_ever_is_left(server: FakeApi, connect: Open) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    server.every = drip
    error = await failure(await connect(server.url, timeout_s=0.05))
    assert error.reason == "timeout"


async def test_html_where_json_is_expected(server: FakeApi, connect: Open) -> None:
    answers(server, lambda: web.Response(text="<html>Sign in</html>", content_type="text/html"))
    error = await failure(await connect(server.url))
    assert error.reason == "protocol"
    assert "answered text/html (200) where JSON is expected" in str(error)
    assert "not of a proxy or login page" in error.next_step


async def test_a_redirect_to_a_login_page_is_not_followed(server: FakeApi, connect: Open) -> None:
    answers(server, lambda: web.Response(status=302, headers={"Location": "https://login.example.org"}))
    error = await failure(await connect(server.url))
    assert (error.reason, error.status) == ("protocol", 302)
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [403, 404, 502])
async def test_an_error_page_of_a_proxy_is_not_taken_for_the_api_servers_word(
    server: FakeApi, connect: Open, code: int
) -> None:
    answers(server, lambda: web.Response(status=code, text="<html>", content_type="text/html"))
    error = await failure(await connect(server.url))
    assert error.reason == "protocol"


async def test_json_that_is_cut_off(server: FakeApi, connect: Open) -> None:
    answers(server, lambda: web.Response(text='{"gitVersion": "v1.3', content_type="application/json"))
    error = await failure(await connect(server.url))
    assert error.reason == "protocol"
    assert "cut off or broken" in str(error)


async def test_a_body_shorter_than_announced(connect: Open) -> None:
    async def liar(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(liar, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    error = await failure(await connect(f"http://127.0.0.1:{port}"))
    assert "the connection to" in str(error) and "broke" in str(error)
    listening.close()


async def test_broken_gzip_is_a_failure_like_any_other(server: FakeApi, connect: Open) -> None:
    body = gzip.compress(b"{}")[:-6] + b"xxxxxx"
    answers(server, lambda: web.Response(body=b"no gzip" + body, headers={"Content-Encoding": "gzip"}))
    assert (await failure(await connect(server.url))).reason


async def test_an_internal_error_tells_the_servers_words_without_control_characters(
    server: FakeApi, connect: Open
) -> None:
    answers(server, lambda: status(500, "etcd\x1b[31m is\nleaderless \u202etxt " + "x" * 1000))
    error = await failure(await connect(server.url))
    assert (error.reason, error.status) == ("server", 500)
    assert "etcd [31m is leaderless  txt xxx" in str(error).replace("   ", "  ")
    assert len(str(error)) < 450


async def test_a_connection_that_the_server_closed_while_it_was_idle_is_replaced(
    server: FakeApi, connect: Open
) -> None:
    calls = 0

    async def reset_first(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        if calls == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"gitVersion": "v1"})

    server.every = reset_first
    client = await connect(server.url)
    assert await client.get("/version") == {"gitVersion": "v1"}


async def test_a_write_is_never_sent_twice(server: FakeApi, connect: Open) -> None:
    async def reset(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.every = reset
    client = await connect(server.url)
    with pytest.raises(ClusterError):
        await client.request("POST", "/apis", body={})
    assert len(server.requests) == 1


async def test_http_to_a_server_that_speaks_https_shows_what_the_server_says(
    server: FakeApi, connect: Open
) -> None:
    answers(
        server, lambda: web.Response(status=400, text="Client sent an HTTP request to an HTTPS server.\n")
    )
    error = await failure(await connect(server.url))
    assert "refused the request (400): Client sent an HTTP request to an HTTPS server." in str(error)


async def test_a_hanging_cluster_does_not_delay_another(server: FakeApi, connect: Open) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        hanging = await connect(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout_s=30)
        slow = asyncio.create_task(hanging.get("/version"))
        kinds = await served_kinds(await connect(server.url), "gravitee.io")
        assert [kind.kind for kind in kinds] == ["ApiV4Definition"]
        assert not slow.done()
        slow.cancel()
