"""The ledger keeps what was seen in sync, across restarts, processes, upgrades and broken files."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.ledger.digest_cache import DigestCache
from reconciler.ledger.store import Ledger, Since, SyncedRecord, TextInGit
from reconciler.model.errors import LedgerError
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict

KEY = ResourceKey("prod-eu", "ApiV4Definition", "pay", "payments-api")
TEXT = TextInGit("repo", "b" * 40, 0)
OTHER = ResourceKey("prod-us", "ApiV4Definition", "pay", "payments-api")


def record(key: ResourceKey, digest: bytes = b"d" * 16) -> SyncedRecord:
    return SyncedRecord(key, digest, b"leaves", TEXT, "8f21c0a", "payments")


def test_a_synced_state_is_there_after_a_restart(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.record_synced(Place.CLUSTER, [record(KEY)], at=5.0)
    ledger.close()
    again = Ledger(tmp_path / "ledger.db")
    assert again.synced(Place.CLUSTER)[KEY].revision == "8f21c0a"
    assert again.synced_leaves(Place.CLUSTER, KEY) == b"leaves"
    assert again.synced_leaves(Place.CLUSTER, OTHER) is None
    assert again.synced(Place.CONTROL_PLANE) == {}


def test_leaves_that_git_can_give_are_remembered_by_their_text(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.record_synced(Place.CLUSTER, [replace(record(KEY), leaves=None)], at=5.0)
    assert ledger.synced_leaves(Place.CLUSTER, KEY) == TEXT


def test_a_verdict_keeps_since_when_it_holds(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.record_verdicts(
        Place.CLUSTER, [(KEY, Since(Verdict.DRIFTED, 7.0)), (OTHER, Since(Verdict.SYNCED, 1.0))]
    )
    assert ledger.verdicts(Place.CLUSTER) == {
        KEY: Since(Verdict.DRIFTED, 7.0),
        OTHER: Since(Verdict.SYNCED, 1.0),
    }


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.record_synced(Place.CLUSTER, [record(KEY), record(OTHER)], at=5.0)
    ledger.record_verdicts(Place.CLUSTER, [(KEY, Since(Verdict.SYNCED, 7.0))])
    ledger.forget(Place.CLUSTER, [KEY])
    assert set(ledger.synced(Place.CLUSTER)) == {OTHER}
    assert ledger.verdicts(Place.CLUSTER) == {}


def test_the_file_is_private(tmp_path: Path) -> None:
    Ledger(tmp_path / "deep" / "ledger.db")
    assert stat.S_IMODE((tmp_path / "deep" / "ledger.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700


def test_a_broken_file_is_moved_aside_and_said(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is no database, " * 400)
    said: list[LedgerError] = []
    ledger = Ledger(path, warn=said.append)
    assert ledger.synced(Place.CLUSTER) == {}
    assert "moved aside" in str(said[0])
    assert (tmp_path / "ledger.db.broken").exists()


def test_a_ledger_of_a_newer_program_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version=99")
    newer.close()
    with pytest.raises(LedgerError, match="newer gko-tui"):
        Ledger(path)
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (99,)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerError, match="GKO_TUI_STATE"):
        Ledger(tmp_path / "file" / "ledger.db")


def test_a_full_disk_records_nothing_and_says_so(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.record_synced(Place.CLUSTER, [record(KEY)], at=1.0)
    pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.execute(f"PRAGMA max_page_count={pages}")
    many = [record(ResourceKey("c", "k", "n", f"name-{i}")) for i in range(5000)]
    with pytest.raises(LedgerError, match="free some space"):
        ledger.record_synced(Place.CLUSTER, many, at=2.0)
    assert set(ledger.synced(Place.CLUSTER)) == {KEY}


def test_two_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    script = (
        "import sys; from pathlib import Path\n"
        "from reconciler.ledger.store import *; from reconciler.model.keys import ResourceKey\n"
        "from reconciler.model.verdicts import Place\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "for i in range(100):\n"
        "    key = ResourceKey(sys.argv[2], 'k', 'n', str(i))\n"
        "    one = SyncedRecord(key, b'd', b'l', TextInGit('s', 'b', 0), 'r', 'a')\n"
        "    ledger.record_synced(Place.CLUSTER, [one], at=1.0)\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, str(path), name]) for name in ("one", "two")]
    assert [process.wait(30) for process in both] == [0, 0]
    assert len(Ledger(path).synced(Place.CLUSTER)) == 200


def test_fingerprints_are_found_by_context_and_uid(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path / "digests.db")
    cache.save(b"ctx", [("uid-1", "17", b"print")])
    cache.close()
    again = DigestCache(tmp_path / "digests.db")
    assert again.load(b"ctx") == {"uid-1": ("17", b"print")}
    assert again.load(b"other rules") == {}


def test_the_fingerprint_cache_is_bounded_and_drops_the_oldest(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path / "digests.db", max_entries=10)
    cache.save(b"ctx", [(f"old-{i}", "1", b"p") for i in range(8)])
    cache.save(b"ctx", [(f"new-{i}", "1", b"p") for i in range(8)])
    kept = cache.load(b"ctx")
    assert len(kept) == 10
    assert all(f"new-{i}" in kept for i in range(8))
