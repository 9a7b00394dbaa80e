"""What can go wrong on the way to a cluster: each has its own sentence, its reason and a next step."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

import pytest
from aiohttp import web

from reconciler.cluster.client import KubeClient
from reconciler.cluster.kinds import served_kinds
from reconciler.model.errors import ClusterError, ConfigurationError
from tests.peers.certificates import Authority
from tests.peers.kubeconfig import inline
from tests.unit.cluster.fake_api import FakeApi, status

Open = Callable[..., Awaitable[KubeClient]]


def answers(server: FakeApi, response: Callable[[], web.Response]) -> None:
    async def every(_: web.Request) -> web.StreamResponse:
        return response()

    server.every = every


async def failure(client: KubeClient, path: str = "/version") -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await client.get(path)
    assert caught.value.subject == "prod"
    assert caught.value.next_step
    return caught.value


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


# --- TLS -------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "authority"
    folder.mkdir()
    return Authority(folder)


def server_side(authority: Authority, *hosts: str, demand_client: bool = False) -> ssl.SSLContext:
    pair = authority.server("server", list(hosts))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if demand_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.ca_file)
    return context


async def test_tls_with_the_kubeconfigs_authority(authority: Authority, connect: Open) -> None:
    server = await FakeApi().start(server_side(authority, "127.0.0.1"))
    by_data = await connect(server.url, cluster={"certificate-authority-data": inline(authority.ca_file)})
    assert await by_data.get("/version") == {"gitVersion": "v1.33.1"}
    by_file = await connect(server.url, cluster={"certificate-authority": str(authority.ca_file)})
    assert await by_file.get("/version")
    await server.stop()


async def test_a_certificate_of_an_unknown_authority(authority: Authority, connect: Open) -> None:
    server = await FakeApi().start(server_side(authority, "127.0.0.1"))
    error = await failure(await connect(server.url))
    assert error.reason == "tls"
    assert "is not valid:" in str(error)
    assert "certificate-authority-data" in error.next_step

    insecure = await connect(server.url, cluster={"insecure-skip-tls-verify": True})
    assert await insecure.get("/version")
    await server.stop()


async def test_a_certificate_for_another_name_and_tls_server_name(
    authority: Authority, connect: Open
) -> None:
    server = await FakeApi().start(server_side(authority, "kubernetes.default.svc"))
    ca = {"certificate-authority-data": inline(authority.ca_file)}
    error = await failure(await connect(server.url, cluster=ca))
    assert error.reason == "tls"
    named = await connect(server.url, cluster={**ca, "tls-server-name": "kubernetes.default.svc"})
    assert await named.get("/version")
    wrong = await failure(await connect(server.url, cluster={**ca, "tls-server-name": "other.svc"}))
    assert wrong.reason == "tls"
    await server.stop()


async def test_a_client_certificate_is_presented(authority: Authority, connect: Open) -> None:
    server = await FakeApi().start(server_side(authority, "127.0.0.1", demand_client=True))
    ca = {"certificate-authority-data": inline(authority.ca_file)}
    pair = authority.client("sre", "sre")
    user = {"client-certificate": str(pair.certificate), "client-key-data": inline(pair.key)}
    assert await (await connect(server.url, user=user, cluster=ca)).get("/version")

    assert (await failure(await connect(server.url, cluster=ca))).reason in ("tls", "refused")
    await server.stop()


async def test_a_certificate_and_a_key_that_do_not_belong_together(
    authority: Authority, connect: Open
) -> None:
    one, other = authority.client("one", "one"), authority.client("other", "other")
    user = {"client-certificate-data": inline(one.certificate), "client-key-data": inline(other.key)}
    client = await connect("https://127.0.0.1:1", user=user)
    with pytest.raises(ConfigurationError, match="client certificate or its key cannot be used"):
        await client.get("/version")


async def test_https_to_a_server_that_speaks_http(server: FakeApi, connect: Open) -> None:
    error = await failure(await connect(server.url.replace("http:", "https:")))
    assert error.reason == "tls"
    assert "does not speak TLS" in str(error)


# --- credentials -----------------------------------------------------------------------------------


async def test_the_credentials_of_each_kind_are_sent(server: FakeApi, connect: Open, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    cases = [
        ({"token": "plain"}, "Bearer plain"),
        ({"tokenFile": "token", "token": "older"}, "Bearer from-file"),
        ({"username": "sre", "password": "pa:ss"}, "Basic c3JlOnBhOnNz"),
        ({}, None),
    ]
    for user, expected in cases:
        await (await connect(server.url, user=user)).get("/version")
        assert server.requests[-1].headers.get("Authorization") == expected


async def test_impersonation_is_sent(server: FakeApi, connect: Open) -> None:
    user = {"token": "t", "as": "alice", "as-groups": ["sre", "dev"], "as-user-extra": {"scope": ["x"]}}
    await (await connect(server.url, user=user)).get("/version")
    headers = server.requests[-1].headers
    assert headers["Impersonate-User"] == "alice"
    assert headers.getall("Impersonate-Group") == ["sre", "dev"]
    assert headers["Impersonate-Extra-scope"] == "x"


def demands(server: FakeApi, good: set[str]) -> None:
    async def guard(request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return web.json_response({"gitVersion": "v1"}) if token in good else status(401, "Unauthorized")

    server.every = guard


async def test_an_expired_token_says_where_it_is_kept_and_never_what_it_is(
    server: FakeApi, connect: Open, tmp_path: Path
) -> None:
    demands(server, set())
    error = await failure(await connect(server.url, user={"token": "s3cr3t-t0ken"}))
    assert (error.reason, error.status) == ("unauthorized", 401)
    assert str(tmp_path / "kubeconfig") in error.next_step
    assert "s3cr3t" not in str(error)
    assert len(server.requests) == 1, "the same token once more would change nothing"


async def test_a_token_file_that_was_renewed_is_read_again_after_a_401(
    server: FakeApi, connect: Open, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    demands(server, {"old"})
    client = await connect(server.url, user={"tokenFile": str(file)})
    await client.get("/version")
    demands(server, {"new"})
    file.write_text("new")
    await client.get("/version")
    assert len(server.requests) == 3

    demands(server, set())
    error = await failure(client)
    assert f"renew the token in {file}" in error.next_step


async def test_a_token_file_is_read_again_each_minute(server: FakeApi, connect: Open, tmp_path: Path) -> None:
    now = 1000.0
    file = tmp_path / "token"
    file.write_text("old")
    client = await connect(server.url, user={"tokenFile": str(file)}, clock=lambda: now)
    await client.get("/version")
    file.write_text("new")
    await client.get("/version")
    now = 1061.0
    await client.get("/version")
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer old", "Bearer old", "Bearer new"]


@pytest.mark.parametrize("content", [None, "", "two\nlines"])
async def test_a_token_file_that_is_no_token(
    connect: Open, server: FakeApi, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    client = await connect(server.url, user={"tokenFile": "token"})
    with pytest.raises(ClusterError, match="token file cannot be used") as caught:
        await client.get("/version")
    assert caught.value.reason == "credentials"
    assert "two" not in str(caught.value)


# --- proxies ---------------------------------------------------------------------------------------


async def test_a_proxy_of_the_kubeconfig_is_used(server: FakeApi, connect: Open) -> None:
    client = await connect("http://cluster.invalid", cluster={"proxy-url": server.url})
    assert await client.get("/version") == {"gitVersion": "v1.33.1"}
    assert server.requests[-1].host == "cluster.invalid"


async def test_a_proxy_of_the_environment_is_used_unless_no_proxy_says_otherwise(
    server: FakeApi, connect: Open
) -> None:
    environ = {"HTTP_PROXY": server.url}
    client = await connect("http://cluster.invalid", environ=environ)
    assert await client.get("/version")

    environ["NO_PROXY"] = ".invalid"
    direct = await connect("http://cluster.invalid", environ=environ)
    assert "cannot be" in str(await failure(direct))


async def test_a_proxy_that_is_not_one(connect: Open) -> None:
    with pytest.raises(ConfigurationError, match="not the URL of a proxy") as caught:
        await connect("http://cluster.invalid", cluster={"proxy-url": "ftp://u:pa55@proxy"})
    assert "pa55" not in str(caught.value)


async def test_a_proxy_that_refuses(connect: Open, server: FakeApi) -> None:
    answers(server, lambda: web.Response(status=407))
    error = await failure(await connect("https://cluster.invalid", cluster={"proxy-url": server.url}))
    assert "the proxy refused the way" in str(error)
    assert "proxy-url" in error.next_step


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


async def test_http_to_a_server_that_speaks_https_shows_what_the_server_says(
    server: FakeApi, connect: Open
) -> None:
    answers(
        server, lambda: web.Response(status=400, text="Client sent an HTTP request to an HTTPS server.\n")
    )
    error = await failure(await connect(server.url))
    assert "refused the request (400): Client sent an HTTP request to an HTTPS server." in str(error)


async def test_a_server_that_repeats_the_token_does_not_make_us_show_it(
    server: FakeApi, connect: Open
) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        return status(403, f"headers were {dict(request.headers)}")

    server.every = echo
    error = await failure(await connect(server.url, user={"token": "t0psecret"}))
    assert "Bearer ‹hidden›" in str(error) and "t0psecret" not in str(error)


async def test_a_new_client_certificate_does_not_break_what_is_under_way(
    server: FakeApi, connect: Open
) -> None:
    from reconciler.cluster.credentials import Credential
    from reconciler.cluster.endpoint import ClientCertificate

    class Rotating:
        advice = ""
        number = 0

        async def current(self) -> Credential:
            self.number += 1
            return Credential("", ClientCertificate(b"", b"%d" % self.number))

        async def refresh(self, refused: Credential) -> bool:
            return True

    client = await connect(server.url)
    plain_pool = client._connect
    client._credentials = Rotating()
    client._connect = lambda _: plain_pool(None)
    lines = client.stream_lines("/apis/gravitee.io/v1alpha1/apiv4definitions", {"watch": True})
    assert await anext(lines) == b""
    assert await client.get("/version") == {"gitVersion": "v1.33.1"}
    watch = await server.watch()
    watch.write(b"{}\n")
    assert await anext(lines) == b"{}"
    await lines.aclose()
