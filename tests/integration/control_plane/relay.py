"""A relay on loopback between a client and a server: it can speak TLS, and lose or never end an answer."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.peers.certificates import Pair

_CHUNK = 64 * 1024


class Relay:
    """Hands connections on to a server.

    Args:
        server: the URL of the server behind it.
        certificate: what it shows to clients; None for plain HTTP.

    Attributes:
        lose_answers: a request is handed on and done, then the connection breaks without a byte of answer.
        endless: an answer's header is followed by a body that never ends.
        begun: how many connections came in.
    """

    def __init__(self, server: str, certificate: Pair | None = None) -> None:
        parts = urlsplit(server)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._certificate = certificate
        self._listening: asyncio.Server | None = None
        self.lose_answers = False
        self.endless = False
        self.begun = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._listening is not None
        port = self._listening.sockets[0].getsockname()[1]
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{port}"

    async def __aenter__(self) -> Self:
        context = None
        if self._certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate.certificate, self._certificate.key)
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        return self

    async def __aexit__(self, *raised: object) -> None:
        assert self._listening is not None
        self._listening.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.begun += 1
        with contextlib.suppress(OSError, asyncio.CancelledError):
            if self.endless:
                await reader.readuntil(b"\r\n\r\n")
                await _never_end(writer)
            behind_reader, behind_writer = await asyncio.open_connection(self._host, self._port)
            up = asyncio.create_task(_pipe(reader, behind_writer))
            if self.lose_answers:
                await behind_reader.read(_CHUNK)
                writer.transport.abort()
            else:
                await _pipe(behind_reader, writer)
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            behind_writer.close()
            writer.close()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
        sink.close()


async def _never_end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b'{"data":[' + b" " * 1000
    while True:
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.sleep(0.01)


def pair_of(folder: Path, *hosts: str) -> tuple[Path, Pair]:
    """A new authority's file, and a certificate of it for these hosts."""
    from tests.peers.certificates import Authority

    folder.mkdir(parents=True, exist_ok=True)
    authority = Authority(folder)
    return authority.ca_file, authority.server("server", hosts)
