"""Fingerprints of cluster objects by (context, uid, resourceVersion): a warm start hashes nothing twice.

The context is a digest of everything else that decides a fingerprint: the schema, the rules and the
key. Bounded: what was written longest ago goes first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from reconciler.ledger.database import open_database
from reconciler.model.errors import LedgerError

_MIGRATIONS = (
    """
    CREATE TABLE fingerprint (
        context BLOB NOT NULL, uid TEXT NOT NULL, version TEXT NOT NULL, print BLOB NOT NULL,
        round INTEGER NOT NULL,
        PRIMARY KEY (context, uid)
    ) WITHOUT ROWID;
    CREATE TABLE round (number INTEGER NOT NULL);
    INSERT INTO round VALUES (1);
    """,
)
MAX_ENTRIES = 200_000


class DigestCache:
    """A cache of fingerprints; a broken or full one only costs time.

    Args:
        path: its SQLite file.
        max_entries: how many fingerprints are kept.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_entries: int = MAX_ENTRIES,
        warn: Callable[[LedgerError], None] = lambda _: None,
    ) -> None:
        self._max = max_entries
        self._db = open_database(path, _MIGRATIONS, warn=warn)
        self._round = int(self._db.execute("SELECT number FROM round").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def load(self, context: bytes) -> dict[str, tuple[str, bytes]]:
        """Every fingerprint of a context: uid → (resourceVersion, fingerprint)."""
        rows = self._db.execute("SELECT uid, version, print FROM fingerprint WHERE context=?", (context,))
        return {uid: (version, fingerprint) for uid, version, fingerprint in rows}

    def save(self, context: bytes, entries: Iterable[tuple[str, str, bytes]]) -> None:
        """Keep (uid, resourceVersion, fingerprint) of a context; a failing disk is passed over."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._round += 1
            self._db.execute("UPDATE round SET number=?", (self._round,))
            self._db.executemany(
                "INSERT OR REPLACE INTO fingerprint VALUES (?,?,?,?,?)",
                ((context, uid, version, fingerprint, self._round) for uid, version, fingerprint in entries),
            )
            self._prune()
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _prune(self) -> None:
        count = int(self._db.execute("SELECT count(*) FROM fingerprint").fetchone()[0])
        if count > self._max:
            self._db.execute(
                "DELETE FROM fingerprint WHERE (context, uid) IN "
                "(SELECT context, uid FROM fingerprint ORDER BY round LIMIT ?)",
                (count - self._max,),
            )
