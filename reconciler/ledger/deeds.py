"""What was done from this machine: by whom, why, with which plan, and what came of it.

A deed is noted before its step runs and completed afterwards: whatever ends the process in between leaves a
deed without an end, which tells that nobody saw whether it arrived. No value is kept, only digests.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model.keys import ResourceKey

DEEDS = """
    CREATE TABLE deed (
        id INTEGER PRIMARY KEY,
        plan TEXT NOT NULL, step TEXT NOT NULL,
        cluster TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
        stage TEXT NOT NULL, verb TEXT NOT NULL,
        purpose TEXT NOT NULL, actor TEXT NOT NULL, who TEXT NOT NULL,
        reason TEXT NOT NULL, revision TEXT NOT NULL, before TEXT NOT NULL, begun REAL NOT NULL,
        ended REAL NOT NULL, did TEXT NOT NULL, message TEXT NOT NULL, after TEXT NOT NULL
    );
    CREATE INDEX deed_of ON deed (cluster, kind, namespace, name, id);
    CREATE INDEX deed_step ON deed (plan, step, id)
"""
"""The schema; one statement ends at each semicolon."""
_COLUMNS = (
    "plan, step, cluster, kind, namespace, name, stage, verb, purpose, actor, who, reason, "
    "revision, before, begun, ended, did, message, after"
)
_OF_ALL = f"SELECT {_COLUMNS} FROM deed ORDER BY id DESC LIMIT ?"  # noqa: S608 - constants
_OF_ONE = _OF_ALL.replace("ORDER", "WHERE cluster=? AND kind=? AND namespace=? AND name=? ORDER")
MOST = 50_000
"""Deeds kept; with some 400 bytes each that is 20 MB."""
LONGEST = 2_000
"""Characters of a message that are kept."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One step that was begun, and how it ended.

    Attributes:
        plan: the plan's id, 64 hexadecimal digits.
        step: the step's id in it.
        key: the resource.
        stage, verb, purpose, actor: as the plan says them.
        who: the user of this machine; for the loop the name of the service.
        reason: the step's.
        revision: the 40-hex commit its content came from; empty where it has none.
        before, after: keyed digests of the resource, hexadecimal; empty where nothing was there.
        begun, ended: seconds since the epoch; `ended` is 0 while nobody knows.
        did: what came of it; empty while nobody knows.
        message: what was said of it.
    """

    plan: str
    step: str
    key: ResourceKey
    stage: str
    verb: str
    purpose: str
    actor: str
    who: str
    reason: str
    revision: str = ""
    before: str = ""
    begun: float = 0.0
    ended: float = 0.0
    did: str = ""
    message: str = ""
    after: str = ""


class Deeds:
    """The table of deeds in one open ledger.

    Args:
        db: the connection; for writing inside a transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def begin(self, deeds: Sequence[Deed], *, at: float) -> None:
        """Add deeds without an end, and drop the oldest beyond the bound."""
        self._db.executemany(
            "INSERT INTO deed (plan, step, cluster, kind, namespace, name, stage, verb, purpose, actor, who, "
            "reason, revision, before, begun, ended, did, message, after) "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,'','','')",
            (
                (
                    one.plan,
                    one.step,
                    *one.key,
                    one.stage,
                    one.verb,
                    one.purpose,
                    one.actor,
                    one.who,
                    one.reason[:LONGEST],
                    one.revision,
                    one.before,
                    at,
                )
                for one in deeds
            ),
        )
        self._db.execute("DELETE FROM deed WHERE id <= (SELECT max(id) FROM deed) - ?", (MOST,))

    def end(self, plan: str, step: str, did: str, message: str, after: str, *, at: float) -> None:
        """Complete the newest deed of a step."""
        self._db.execute(
            "UPDATE deed SET ended=?, did=?, message=?, after=? WHERE id="
            "(SELECT max(id) FROM deed WHERE plan=? AND step=?)",
            (at, did, message[:LONGEST], after, plan, step),
        )

    def newest(self, key: ResourceKey | None, most: int) -> tuple[Deed, ...]:
        """The newest deeds, of one resource or of all."""
        rows = self._db.execute(_OF_ONE if key else _OF_ALL, (*(key or ()), most)).fetchall()
        return tuple(Deed(row[0], row[1], ResourceKey(*row[2:6]), *row[6:]) for row in rows)
