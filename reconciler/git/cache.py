"""What was learnt of blobs and commits, kept across restarts: keys, positions, keyed digests, never a value.

A blob's id is the digest of its bytes, so nothing here can go stale; losing the file costs only time. That
is why every failure of the disk is answered with "not known" instead of an error.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import orjson

from reconciler.git.contents import BlobContent, as_lists, from_lists
from reconciler.git.parse import PARSER_VERSION

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS blobs(blob BLOB PRIMARY KEY, day INTEGER, found BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS digests(context BLOB, blob BLOB, idx INTEGER, day INTEGER, digest BLOB,
    PRIMARY KEY(context, blob, idx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS touches(revision BLOB PRIMARY KEY, day INTEGER, packed BLOB) WITHOUT ROWID;
"""
_VERSION: Final = 100 * PARSER_VERSION + 1
_CHUNK: Final = 500
_KEPT_REVISIONS: Final = 64
_DAY_S: Final = 86_400


class ParseCache:
    """A SQLite file (mode 0600), shared by the threads of a process and by processes.

    Args:
        path: the file; made with its folder. Where that cannot be, the cache lives in memory only.
        max_bytes: the oldest quarter is dropped when the file holds more.
        clock: seconds since the epoch.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = 256 * 1024 * 1024, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.RLock()
        self._connection = self._open()

    def close(self) -> None:
        """Close the file; the cache cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    def documents(self, blobs: Iterable[str]) -> dict[str, BlobContent]:
        """What is known of these blobs (40-hex ids); the unknown ones are absent."""
        found: dict[str, BlobContent] = {}
        old: list[bytes] = []
        today = self._today()
        ids = [bytes.fromhex(blob) for blob in blobs]
        with self._reading() as connection:
            for some in _chunks(ids):
                marks = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT blob, day, found FROM blobs WHERE blob IN ({marks})", some)  # noqa: S608
                for blob, day, packed in rows:
                    found[blob.hex()] = _unpack(packed)
                    if day < today:
                        old.append(blob)
        if old:  # so that what is used is not what is dropped first
            self._write("UPDATE blobs SET day=? WHERE blob=?", [(today, blob) for blob in old])
        return found

    def put_documents(self, contents: Mapping[str, BlobContent]) -> None:
        """Remember what parsing these blobs gave."""
        today = self._today()
        self._write(
            "INSERT OR REPLACE INTO blobs VALUES(?,?,?)",
            [(bytes.fromhex(blob), today, _pack(content)) for blob, content in contents.items()],
        )

    def digests(self, context: bytes, refs: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
        """Keyed digests of documents, made under this context.

        Args:
            context: names what a digest depends on beside the document (key, rules, schema).
            refs: (blob, index) of the documents asked for.

        Returns:
            those that are known.
        """
        wanted = set(refs)
        found: dict[tuple[str, int], bytes] = {}
        blobs = sorted({bytes.fromhex(blob) for blob, _ in wanted})
        with self._reading() as connection:
            for some in _chunks(blobs):
                marks = ",".join("?" * len(some))
                query = f"SELECT blob, idx, digest FROM digests WHERE context=? AND blob IN ({marks})"  # noqa: S608
                for blob, index, digest in connection.execute(query, (context, *some)):
                    ref = (blob.hex(), index)
                    if ref in wanted:
                        found[ref] = digest
        return found

    def put_digests(self, context: bytes, digests: Mapping[tuple[str, int], bytes]) -> None:
        """Remember digests made under a context."""
        today = self._today()
        self._write(
            "INSERT OR REPLACE INTO digests VALUES(?,?,?,?,?)",
            [(context, bytes.fromhex(blob), index, today, d) for (blob, index), d in digests.items()],
        )

    def touched_revisions(self) -> set[str]:
        """The revisions whose history was walked."""
        found: set[str] = set()
        with self._reading() as connection:
            found.update(row[0].hex() for row in connection.execute("SELECT revision FROM touches"))
        return found

    def touches(self, revision: str) -> dict[str, str]:
        """Item → 40-hex commit that last changed it, as seen from this revision."""
        found: dict[str, str] = {}
        with self._reading() as connection:
            row = connection.execute(
                "SELECT packed FROM touches WHERE revision=?", (bytes.fromhex(revision),)
            ).fetchone()
            if row is not None:
                packed = orjson.loads(zlib.decompress(row[0]))
                found = {item: packed["commits"][at] for item, at in packed["items"].items()}
        return found

    def put_touches(self, revision: str, touches: Mapping[str, str]) -> None:
        """Remember who last changed what, as seen from this revision."""
        commits = {commit: at for at, commit in enumerate(dict.fromkeys(touches.values()))}
        items = {item: commits[commit] for item, commit in touches.items()}
        packed = zlib.compress(orjson.dumps({"commits": list(commits), "items": items}), 1)
        self._write(
            "INSERT OR REPLACE INTO touches VALUES(?,?,?)", [(bytes.fromhex(revision), self._now(), packed)]
        )
        self._write(
            "DELETE FROM touches WHERE revision NOT IN"
            " (SELECT revision FROM touches ORDER BY day DESC LIMIT ?)",
            [(_KEPT_REVISIONS,)],
        )

    def _now(self) -> int:
        return int(self._clock())

    def _today(self) -> int:
        return int(self._clock() // _DAY_S)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except (sqlite3.Error, zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
                self._recover(error)

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        if not rows:
            return
        with self._lock:
            try:
                with self._connection:
                    self._connection.executemany(statement, rows)
                if statement.startswith("INSERT"):
                    self._prune()
            except sqlite3.Error as error:
                self._recover(error)

    def _prune(self) -> None:
        connection = self._connection
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        if (pages - free) * size <= self._max_bytes:
            return
        with connection:
            for table in ("blobs", "digests"):
                ranked = (
                    f"SELECT day FROM {table} ORDER BY day LIMIT 1 OFFSET (SELECT count(*)/4 FROM {table})"  # noqa: S608
                )
                connection.execute(f"DELETE FROM {table} WHERE day < ({ranked})")  # noqa: S608
            pages, free = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count")
            )
            if (pages - free) * size > self._max_bytes:  # all of one day: nothing is older than the rest
                connection.execute("DELETE FROM blobs")
                connection.execute("DELETE FROM digests")

    def _recover(self, error: Exception) -> None:
        """A broken file is replaced; a busy or full disk only means that nothing is known this time."""
        if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
            return
        with suppress(sqlite3.Error):
            self._connection.close()
        self._remove()
        self._connection = self._open()

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        for attempt in range(2):
            try:
                return self._connect()
            except sqlite3.DatabaseError as error:
                if attempt or isinstance(error, sqlite3.OperationalError):
                    break
                self._remove()
            except OSError:
                break
        memory = sqlite3.connect(":memory:", check_same_thread=False)
        memory.executescript(_SCHEMA)
        return memory

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self._path, timeout=5.0, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                with connection:
                    for table in ("blobs", "digests", "touches"):
                        connection.execute(f"DROP TABLE IF EXISTS {table}")
                connection.executescript(_SCHEMA)
                connection.execute(f"PRAGMA user_version={_VERSION}")
            connection.execute("SELECT count(*) FROM touches").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection


def _chunks(ids: list[bytes]) -> Iterator[list[bytes]]:
    return (ids[at : at + _CHUNK] for at in range(0, len(ids), _CHUNK))


def _pack(content: BlobContent) -> bytes:
    return orjson.dumps(as_lists(content))


def _unpack(packed: bytes) -> BlobContent:
    return from_lists(orjson.loads(packed))
