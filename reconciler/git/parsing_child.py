"""Parses blobs in a second process, where many are new and the machine has another core.

Parsing YAML is most of what a first look at a large repository costs, and one interpreter does it on one
core. The child gets texts and gives back what parsing them gave; it opens no file and no connection. Whatever
happens to it, the caller can do the same work itself.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any, Final

from reconciler.git.contents import BlobContent, as_lists, content_of, from_lists
from reconciler.git.parse import ParseLimits, parse_documents

_LENGTH: Final = struct.Struct("<Q")
_START: Final = "from reconciler.git.parsing_child import main; main()"
_ENDS_IN_S: Final = 2.0

ParsedBlob = tuple[BlobContent, bytes]
"""What may be kept of a blob, and the marshalled values of its documents (empty without documents)."""


def parse_blob(data: bytes, path: str, limits: ParseLimits) -> ParsedBlob:
    """Parse one blob."""
    parsed = parse_documents(data, path, limits=limits)
    values = marshal.dumps([one.body for one in parsed.documents]) if parsed.documents else b""
    return content_of(parsed), values


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


class ParsingChild:
    """A second process that parses; end it with `close`.

    Args:
        limits: bounds for one file.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, limits: ParseLimits) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to: IO[bytes] = self._process.stdin
        self._back: IO[bytes] = self._process.stdout
        self._limits = (limits.max_bytes, limits.max_nodes, limits.max_depth)

    def parse(self, texts: Sequence[tuple[str, bytes]]) -> list[ParsedBlob]:
        """Parse (path, text) pairs, in order.

        Raises:
            OSError: the child is gone.
        """
        _write(self._to, marshal.dumps((self._limits, list(texts))))
        answer = marshal.loads(_read(self._back))  # noqa: S302 - from our own child
        return [(from_lists(content), values) for content, values in answer]

    def close(self) -> None:
        """End it."""
        for pipe in (self._to, self._back):
            with contextlib.suppress(OSError):  # what was not sent to a dead child is of no use
                pipe.close()
        try:
            self._process.wait(_ENDS_IN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main() -> None:
    """Answer until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    gc.disable()  # parsing leaves no cycles behind, and looking for them takes a tenth of the time
    given, taken = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            request = _read(given)
        except OSError:
            return
        limits, texts = marshal.loads(request)  # noqa: S302 - from our own parent
        _write(taken, marshal.dumps(list(_answers(texts, ParseLimits(*limits)))))


def _answers(texts: Iterable[tuple[str, bytes]], limits: ParseLimits) -> Iterable[tuple[list[Any], bytes]]:
    for path, data in texts:
        content, values = parse_blob(data, path, limits)
        yield as_lists(content), values


def _write(pipe: IO[bytes], message: bytes) -> None:
    try:
        pipe.write(_LENGTH.pack(len(message)))
        pipe.write(message)
        pipe.flush()
    except ValueError as error:  # closed
        raise OSError(str(error)) from error


def _read(pipe: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise OSError("the other process is gone")
    return data
