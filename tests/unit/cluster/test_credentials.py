"""Tokens, token files and passwords: sent, renewed where that is possible, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from reconciler.model.errors import ClusterError
from tests.unit.cluster.asking import Open, failure
from tests.unit.cluster.fake_api import FakeApi, status


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


async def test_a_server_that_repeats_the_token_does_not_make_us_show_it(
    server: FakeApi, connect: Open
) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        return status(403, f"headers were {dict(request.headers)}")

    server.every = echo
    error = await failure(await connect(server.url, user={"token": "t0psecret"}))
    assert "Bearer ‹hidden›" in str(error) and "t0psecret" not in str(error)
