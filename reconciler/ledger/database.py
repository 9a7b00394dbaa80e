"""Opening the SQLite files of this machine: private, shared by processes, replaced when broken.

A ledger is a history and a cache (ENGINE §2): losing one loses no decision, so a file that cannot be
read is moved aside, never a reason to stop.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from reconciler.model.errors import LedgerError

Migration = str
"""SQL that takes the schema from one version to the next."""

BUSY_TIMEOUT_S = 5.0


def open_database(
    path: Path, migrations: Sequence[Migration], *, warn: Callable[[LedgerError], None]
) -> sqlite3.Connection:
    """Open (or make) a database at the newest schema version.

    Args:
        path: the file; made with mode 0600.
        migrations: one SQL script per schema version, in order.
        warn: told when a broken file was moved aside.

    Raises:
        LedgerError: the file cannot be made, or was written by a newer version of the program.
    """
    try:
        return _open(path, migrations)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
            raise _cannot_open(path, error) from error
        aside = path.with_name(f"{path.name}.broken")
        _move_aside(path, aside)
        warn(
            LedgerError(
                f"was not readable ({error}) and was moved aside",
                subject=path.name,
                next_step=f"what was seen in sync is learnt anew; {aside.name} may be deleted",
            )
        )
        try:
            return _open(path, migrations)
        except sqlite3.Error as again:
            raise _cannot_open(path, again) from again
    except OSError as error:
        raise _cannot_open(path, error) from error


def _open(path: Path, migrations: Sequence[Migration]) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    # The engine's own thread is the only user at a time; workers borrow the connection one by one.
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        _migrate(connection, path, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        have = _version(connection)  # again, now that no other process can migrate
        if have > len(migrations):
            raise LedgerError(
                f"was written by a newer gko-tui (schema {have}, this one knows {len(migrations)})",
                subject=path.name,
                next_step="upgrade this gko-tui or point GKO_TUI_STATE at another folder",
            )
        for migration in migrations[have:]:
            for statement in filter(str.strip, migration.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _move_aside(path: Path, aside: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))


def _cannot_open(path: Path, error: Exception) -> LedgerError:
    return LedgerError(
        f"cannot be opened: {error}",
        subject=str(path),
        next_step="check the folder's rights and free space, or set GKO_TUI_STATE to another folder",
    )
