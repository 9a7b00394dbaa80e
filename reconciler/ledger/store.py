"""What each hop of each resource looked like when it was last in sync, and since when a verdict holds.

Without the last synced state nobody can tell who moved (ENGINE §3): Ahead, Drifted and Conflict differ
only by it. Kept per leaf as keyed digests, so the file holds names and verdicts but no values.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from reconciler.ledger.database import open_database
from reconciler.ledger.deeds import DEEDS, Deed, Deeds
from reconciler.model.errors import LedgerError
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict

_MIGRATIONS = (
    """
    CREATE TABLE synced (
        hop TEXT NOT NULL, cluster TEXT NOT NULL, kind TEXT NOT NULL,
        namespace TEXT NOT NULL, name TEXT NOT NULL,
        digest BLOB NOT NULL, leaves BLOB,
        source TEXT NOT NULL, blob TEXT NOT NULL, position INTEGER NOT NULL,
        revision TEXT NOT NULL, application TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (hop, cluster, kind, namespace, name)
    ) WITHOUT ROWID;
    CREATE TABLE verdict (
        hop TEXT NOT NULL, cluster TEXT NOT NULL, kind TEXT NOT NULL,
        namespace TEXT NOT NULL, name TEXT NOT NULL,
        word TEXT NOT NULL, since REAL NOT NULL,
        PRIMARY KEY (hop, cluster, kind, namespace, name)
    ) WITHOUT ROWID;
    """,
    DEEDS,
)


@dataclass(frozen=True, slots=True)
class Synced:
    """The last state of a hop that was seen in sync: its digest, the Git revision, the instant."""

    digest: bytes
    revision: str
    application: str
    at: float


@dataclass(frozen=True, slots=True)
class TextInGit:
    """Where the text of a synced state stands in Git: source, 40-hex blob, position in it."""

    source: str
    blob: str
    position: int


@dataclass(frozen=True, slots=True)
class SyncedRecord:
    """One state to remember.

    `leaves` is opaque here (packed keyed digests per leaf); None where they can be made from the text in
    Git whenever they are asked for, which is what makes a first pass over a large fleet quick.
    """

    key: ResourceKey
    digest: bytes
    leaves: bytes | None
    text: TextInGit
    revision: str
    application: str


@dataclass(frozen=True, slots=True)
class Since:
    """A verdict and the instant since when it holds (seconds since the epoch)."""

    verdict: Verdict
    since: float


class Ledger:
    """The SQLite ledger of this machine.

    Args:
        path: its file.
        warn: told what went wrong when the ledger goes on without something.

    Raises:
        LedgerError: the file cannot be made or read.
    """

    def __init__(self, path: Path, *, warn: Callable[[LedgerError], None] = lambda _: None) -> None:
        self.path = path
        self._lock = Lock()
        self._keys: dict[ResourceKey, ResourceKey] = {}
        self._db = open_database(path, _MIGRATIONS, warn=warn)

    def close(self) -> None:
        """Close the file; the ledger cannot be used afterwards."""
        self._db.close()

    def synced(self, hop: Place) -> dict[ResourceKey, Synced]:
        """Every last synced state of a hop, without its leaves."""
        with self._lock:
            rows = self._db.execute(
                "SELECT cluster, kind, namespace, name, digest, revision, application, at "
                "FROM synced WHERE hop=?",
                (hop.value,),
            ).fetchall()
        return {self._key(row[:4]): Synced(*row[4:]) for row in rows}

    def synced_leaves(self, hop: Place, key: ResourceKey) -> bytes | TextInGit | None:
        """The leaf digests of the last synced state, or its text in Git; None if it was never in sync."""
        with self._lock:
            row = self._db.execute(
                "SELECT leaves, source, blob, position FROM synced "
                "WHERE hop=? AND cluster=? AND kind=? AND namespace=? AND name=?",
                (hop.value, *key),
            ).fetchone()
        if row is None:
            return None
        return row[0] if row[0] is not None else TextInGit(*row[1:])

    def record_synced(self, hop: Place, records: Sequence[SyncedRecord], *, at: float) -> None:
        """Remember these states as in sync at that instant, in one transaction.

        Raises:
            LedgerError: the disk is full or the file cannot be written; nothing was recorded.
        """
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO synced VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    (
                        hop.value,
                        *r.key,
                        r.digest,
                        r.leaves,
                        r.text.source,
                        r.text.blob,
                        r.text.position,
                        r.revision,
                        r.application,
                        at,
                    )
                    for r in records
                ),
            )

    def verdicts(self, hop: Place) -> dict[ResourceKey, Since]:
        """Every verdict that was last recorded for a hop, and since when it held."""
        with self._lock:
            rows = self._db.execute(
                "SELECT cluster, kind, namespace, name, word, since FROM verdict WHERE hop=?", (hop.value,)
            ).fetchall()
        known = {verdict.word: verdict for verdict in Verdict}
        return {self._key(row[:4]): Since(known[row[4]], row[5]) for row in rows if row[4] in known}

    def record_verdicts(self, hop: Place, verdicts: Iterable[tuple[ResourceKey, Since]]) -> None:
        """Remember these verdicts, in one transaction.

        Raises:
            LedgerError: the disk is full or the file cannot be written; nothing was recorded.
        """
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO verdict VALUES (?,?,?,?,?,?,?)",
                ((hop.value, *key, since.verdict.word, since.since) for key, since in verdicts),
            )

    def forget(self, hop: Place, keys: Iterable[ResourceKey]) -> None:
        """Drop what is known of these resources: they were seen to be gone from both sides."""
        gone = [(hop.value, *key) for key in keys]
        with self._transaction() as db:
            for table in ("synced", "verdict"):
                db.executemany(
                    f"DELETE FROM {table} WHERE hop=? AND cluster=? AND kind=? AND namespace=? AND name=?",  # noqa: S608
                    gone,
                )

    def begin(self, deeds: Sequence[Deed], *, at: float) -> None:
        """Note what is about to be done, before any of it.

        Raises:
            LedgerError: the disk is full or the file cannot be written; nothing was noted.
        """
        with self._transaction() as db:
            Deeds(db).begin(deeds, at=at)

    def end(self, plan: str, step: str, did: str, message: str, after: str, *, at: float) -> None:
        """Note what came of a step that was begun.

        Raises:
            LedgerError: as for `begin`.
        """
        with self._transaction() as db:
            Deeds(db).end(plan, step, did, message, after, at=at)

    def deeds(self, key: ResourceKey | None = None, *, most: int = 100) -> tuple[Deed, ...]:
        """What was done on this machine, newest first; of one resource, or of all."""
        with self._lock:
            return Deeds(self._db).newest(key, most)

    def _key(self, row: Sequence[str]) -> ResourceKey:
        """One object for one resource: a large fleet's names are read once a hop and table."""
        key = ResourceKey(*map(sys.intern, row))
        return self._keys.setdefault(key, key)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise LedgerError(
                    f"could not be written: {error}",
                    subject=self.path.name,
                    next_step="free some space or end the other gko-tui that holds it; verdicts stay right, "
                    "but Ahead and Drifted cannot be told apart for what was not recorded",
                ) from error
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
