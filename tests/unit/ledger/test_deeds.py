"""What was done is noted before and after, survives the process, is bounded, and shared by two processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.ledger import deeds as room
from reconciler.ledger.deeds import Deed
from reconciler.ledger.store import Ledger
from reconciler.model.errors import LedgerError
from reconciler.model.keys import ResourceKey

KEY = ResourceKey("eu", "ApiV4Definition", "pay", "orders")
OTHER = KEY._replace(name="payments")


def deed(key: ResourceKey = KEY, step: str = "cluster/update/x", plan: str = "a" * 64) -> Deed:
    return Deed(
        plan, step, key, "cluster", "update", "sync", "person", "ann", "it was changed", "b" * 40, "00ff"
    )


def test_a_deed_is_noted_before_it_is_done_and_completed_afterwards(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.begin([deed(), deed(OTHER, "cluster/update/y")], at=10.0)
    (begun,) = ledger.deeds(KEY)
    assert (begun.begun, begun.ended, begun.did) == (10.0, 0.0, "")
    ledger.end("a" * 64, "cluster/update/x", "configured", "", "11ee", at=12.0)
    (ended,) = ledger.deeds(KEY)
    assert (ended.ended, ended.did, ended.before, ended.after) == (12.0, "configured", "00ff", "11ee")
    assert [one.key for one in ledger.deeds()] == [OTHER, KEY]
    assert ledger.deeds(OTHER)[0].did == ""


def test_a_step_that_is_done_twice_has_two_deeds_and_the_newer_one_ends(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.begin([deed()], at=1.0)
    ledger.begin([deed()], at=2.0)
    ledger.end("a" * 64, "cluster/update/x", "failed", "no", "", at=3.0)
    assert [(one.begun, one.did) for one in ledger.deeds(KEY)] == [(2.0, "failed"), (1.0, "")]


def test_the_oldest_leave_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 5)
    ledger = Ledger(tmp_path / "ledger.db")
    for at in range(9):
        ledger.begin([deed(step=f"s{at}")], at=float(at))
    assert [one.step for one in ledger.deeds(most=50)] == ["s8", "s7", "s6", "s5", "s4"]


def test_a_ledger_of_the_version_before_is_brought_up_and_keeps_what_it_knew(tmp_path: Path) -> None:
    from reconciler.ledger.store import _MIGRATIONS

    path = tmp_path / "ledger.db"
    old = sqlite3.connect(path)
    for statement in filter(str.strip, _MIGRATIONS[0].split(";")):
        old.execute(statement)
    old.execute("INSERT INTO verdict VALUES ('cluster','eu','ApiV4Definition','pay','orders','Synced',7.0)")
    old.execute("PRAGMA user_version=1")
    old.commit()
    old.close()
    ledger = Ledger(path)
    from reconciler.model.verdicts import Place

    assert ledger.verdicts(Place.CLUSTER)[KEY].since == 7.0
    ledger.begin([deed()], at=1.0)
    assert len(ledger.deeds()) == 1


def test_what_was_begun_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.unit.ledger.test_deeds import deed\n"
        "from reconciler.ledger.store import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "ledger.begin([deed()], at=1.0)\n"
        "print('begun', flush=True)\n"
        "time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert child.stdout is not None and child.stdout.readline() == b"begun\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert [one.did for one in Ledger(path).deeds()] == [""]


def test_two_processes_share_it(tmp_path: Path) -> None:
    one, other = Ledger(tmp_path / "ledger.db"), Ledger(tmp_path / "ledger.db")
    one.begin([deed(plan="1" * 64)], at=1.0)
    other.begin([deed(plan="2" * 64)], at=2.0)
    one.end("1" * 64, "cluster/update/x", "configured", "", "", at=3.0)
    assert {one_deed.plan[0]: one_deed.did for one_deed in other.deeds()} == {"1": "configured", "2": ""}


def test_a_full_disk_is_an_error_of_ours_and_loses_nothing_that_was_noted(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.begin([deed()], at=1.0)
    pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(LedgerError) as caught:
        ledger.begin([deed(step=f"s{at}") for at in range(5_000)], at=2.0)
    assert "full" in str(caught.value) and caught.value.next_step
    assert len(ledger.deeds(most=9)) == 1
