"""Port-forwards: the framing against a far end that forwards to real TCP servers, and every way it can fail.

One small server, written after the kubelet's framing, stands for API server and kubelet. That a real
kube-apiserver hands the protocol through is tested in tests/integration/gateways; a real kubelet is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from reconciler.cluster.port_forward import CHUNK, ForwardedStream, PortForwards, open_port_forwards
from reconciler.model.errors import ClusterError, ConfigurationError
from reconciler.settings.model import Cluster
from tests.unit.cluster.fake_kubelet import FakeKubelet

TOKEN = "t0ken-of-a-user"


def kubeconfig(folder: Path, server: str, **user: object) -> Path:
    path = folder / "config"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": user or {"token": TOKEN}}],
            }
        )
    )
    return path


def forwards(kubelet: FakeKubelet, folder: Path, **user: object) -> PortForwards:
    path = kubeconfig(folder, f"http://127.0.0.1:{kubelet.port}", **user)
    return open_port_forwards(Cluster(name="prod", kubeconfig=path, request_timeout_s=5), environ={})


@pytest.fixture
async def kubelet() -> AsyncIterator[FakeKubelet]:
    """Give the far end, serving."""
    async with FakeKubelet().serving() as fake:
        yield fake


@asynccontextmanager
async def tcp_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def read_exactly(stream: ForwardedStream, size: int) -> bytes:
    data = b""
    async with asyncio.timeout(10):
        while len(data) < size:
            part = await stream.read(size - len(data))
            assert part, "the connection ended early"
            data += part
    return data


async def failure(work: Awaitable[object]) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await work
    return caught.value


async def test_bytes_go_there_and_come_back_whole(kubelet: FakeKubelet, tmp_path: Path) -> None:
    everything = bytes(range(256)) * 1024  # 256 KiB: several messages in both directions
    assert len(everything) > 2 * CHUNK
    async with tcp_server(echo) as port:
        kubelet.targets["gw-0"] = port
        stream = await forwards(kubelet, tmp_path).dial("gravitee", "gw-0", 18082)
        await stream.write(everything)
        assert await read_exactly(stream, len(everything)) == everything
        await stream.aclose()
    assert kubelet.asked == [("gravitee", "gw-0", "ports=18082")]
    assert kubelet.authorizations == [f"Bearer {TOKEN}"]


async def test_the_end_of_the_far_side_is_the_end_here(kubelet: FakeKubelet, tmp_path: Path) -> None:
    async def goodbye(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        await writer.drain()

    async with tcp_server(goodbye) as port:
        kubelet.targets["gw-0"] = port
        stream = await forwards(kubelet, tmp_path).dial("gravitee", "gw-0", 18082)
        assert await read_exactly(stream, 3) == b"bye"
        assert await stream.read(10) == b""
        await stream.aclose()
        await stream.aclose()


async def test_connections_are_independent_of_one_another(kubelet: FakeKubelet, tmp_path: Path) -> None:
    async with tcp_server(echo) as port:
        kubelet.targets["gw-0"] = port
        way = forwards(kubelet, tmp_path)
        first, second = await way.dial("gravitee", "gw-0", 1), await way.dial("gravitee", "gw-0", 2)
        await first.write(b"one")
        await second.write(b"two")
        await first.aclose()
        assert await read_exactly(second, 3) == b"two"
        await second.aclose()


async def test_a_port_where_nothing_listens_is_told_with_the_kubelets_words(
    kubelet: FakeKubelet, tmp_path: Path
) -> None:
    stream = await forwards(kubelet, tmp_path).dial("gravitee", "gw-0", 18082)
    error = await failure(stream.read(10))
    await stream.aclose()
    assert error.subject == "prod: pod gravitee/gw-0"
    assert "nothing answers on port 18082: error forwarding port 18082" in error.what
    assert error.next_step


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        (401, "unauthorized", "token may have expired"),
        (403, "forbidden", "get and create on pods/portforward"),
        (404, "not-found", "the pod has gone"),
        (500, "server", "whether the pod runs"),
    ],
)
async def test_a_refused_upgrade_is_told_with_the_next_step(
    kubelet: FakeKubelet, tmp_path: Path, status: int, reason: str, advice: str
) -> None:
    kubelet.status = status
    error = await failure(forwards(kubelet, tmp_path).dial("gravitee", "gw-0", 18082))
    assert (error.status, error.reason) == (status, reason)
    assert advice in error.next_step
    assert TOKEN not in str(error) + repr(error.__cause__) + repr(error.__dict__)


async def test_a_token_that_was_renewed_in_its_file_is_used_after_a_401(
    kubelet: FakeKubelet, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    kubelet.tokens = {"Bearer old"}
    way = forwards(kubelet, tmp_path, tokenFile=str(file))
    async with tcp_server(echo) as port:
        kubelet.targets["gw-0"] = port
        await (await way.dial("gravitee", "gw-0", 18082)).aclose()
        file.write_text("new")
        kubelet.tokens = {"Bearer new"}
        await (await way.dial("gravitee", "gw-0", 18082)).aclose()
    assert kubelet.authorizations == ["Bearer old", "Bearer old", "Bearer new"]


async def test_a_server_that_does_not_speak_the_protocol_is_named(
    kubelet: FakeKubelet, tmp_path: Path
) -> None:
    kubelet.protocols = ()
    error = await failure(forwards(kubelet, tmp_path).dial("gravitee", "gw-0", 18082))
    assert error.reason == "protocol"
    assert "does not speak v4.channel.k8s.io" in error.what


def saying(*messages: bytes | str) -> Callable[[web.WebSocketResponse], Awaitable[None]]:
    async def misbehave(socket: web.WebSocketResponse) -> None:
        for message in messages:
            if isinstance(message, str):
                await socket.send_str(message)
            else:
                await socket.send_bytes(message)
        await socket.receive()

    return misbehave


@pytest.mark.parametrize(
    "messages",
    [
        (b"\x00\x01\x00",),  # another port than 18082
        (b"\x00\x01",),  # a greeting cut off
        (b"\x07data",),  # no such channel
        (b"",),
        ("text",),
    ],
)
async def test_a_far_end_that_breaks_the_framing_is_an_error_and_no_data(
    kubelet: FakeKubelet, tmp_path: Path, messages: tuple[bytes | str, ...]
) -> None:
    kubelet.misbehave = saying(*messages)
    stream = await forwards(kubelet, tmp_path).dial("gravitee", "gw-0", 18082)
    error = await failure(stream.read(10))
    await stream.aclose()
    assert error.reason == "protocol"


async def test_a_server_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    async with FakeKubelet().serving() as kubelet:
        way = forwards(kubelet, tmp_path)
    error = await failure(way.dial("gravitee", "gw-0", 18082))
    assert error.reason == "refused"
    assert "refused the connection" in error.what


async def test_a_server_that_never_answers_the_upgrade_is_given_up(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with tcp_server(silent) as port:
        path = kubeconfig(tmp_path, f"http://127.0.0.1:{port}")
        way = open_port_forwards(Cluster(name="prod", kubeconfig=path, request_timeout_s=0.2), environ={})
        error = await failure(way.dial("gravitee", "gw-0", 18082))
    assert error.reason == "timeout"


def test_a_socks_proxy_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "https://api.example.org")
    with pytest.raises(ConfigurationError):
        open_port_forwards(
            Cluster(name="prod", kubeconfig=path), environ={"HTTPS_PROXY": "socks5://127.0.0.1:1080"}
        )
