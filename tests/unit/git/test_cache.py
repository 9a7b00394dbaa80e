"""The parse cache: survives restarts and damage, holds no values, stays small."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.git.cache import ParseCache
from reconciler.git.contents import BlobContent, content_of
from reconciler.git.parse import parse_documents
from reconciler.model.keys import DocumentKey
from tests.unit.git.repository import manifest

BLOB, OTHER = "ab" * 20, "cd" * 20


def _content(name: str = "one") -> BlobContent:
    text = manifest(name, namespace="pay", extra="  password: s3cret-value\n") + "---\na: b: c\n"
    text = text.replace("  name:", "  labels: {team: pay, none: ~}\n  name:")
    return content_of(parse_documents(text.encode(), "a.yaml"))


def test_what_was_put_is_found_after_a_restart(tmp_path: Path) -> None:
    first = ParseCache(tmp_path / "deep" / "parse.sqlite")
    content = _content()
    first.put_documents({BLOB: content})
    first.put_digests(b"context", {(BLOB, 0): b"digest"})
    first.put_touches(OTHER, {"a.yaml": BLOB, "b.yaml": BLOB})
    first.close()
    again = ParseCache(tmp_path / "deep" / "parse.sqlite")
    assert again.documents([BLOB, OTHER]) == {BLOB: content}
    assert content.documents[0].key == DocumentKey("gravitee.io", "ApiV4Definition", "pay", "one")
    assert content.documents[0].labels == (("team", "pay"), ("none", ""))
    assert again.digests(b"context", [(BLOB, 0), (BLOB, 1), (OTHER, 0)]) == {(BLOB, 0): b"digest"}
    assert again.digests(b"other context", [(BLOB, 0)]) == {}
    assert again.touches(OTHER) == {"a.yaml": BLOB, "b.yaml": BLOB}
    assert again.touched_revisions() == {OTHER}


def test_the_file_is_private_and_holds_no_value(tmp_path: Path) -> None:
    cache = ParseCache(tmp_path / "parse.sqlite")
    cache.put_documents({BLOB: _content()})
    files = list(tmp_path.iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert not any(b"s3cret-value" in file.read_bytes() for file in files)


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b""])
def test_a_damaged_file_is_replaced(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "parse.sqlite"
    file.write_bytes(damage)
    cache = ParseCache(file)
    assert cache.documents([BLOB]) == {}
    cache.put_documents({BLOB: _content()})
    assert cache.documents([BLOB]) == {BLOB: _content()}


def test_damage_that_shows_only_later_is_replaced_too(tmp_path: Path) -> None:
    file = tmp_path / "parse.sqlite"
    cache = ParseCache(file)
    cache.put_documents({f"{n:040x}": _content() for n in range(300)})
    cache.close()
    with file.open("r+b") as stream:
        stream.seek(8192)
        stream.write(b"\xff" * (file.stat().st_size - 8192))
    again = ParseCache(file)
    again.documents([f"{n:040x}" for n in range(300)])
    again.put_documents({BLOB: _content()})
    assert again.documents([BLOB]) == {BLOB: _content()}


def test_where_no_file_can_be_made_it_works_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ParseCache(tmp_path / "file" / "parse.sqlite")
    cache.put_documents({BLOB: _content()})
    assert cache.documents([BLOB]) == {BLOB: _content()}


def test_two_caches_share_one_file(tmp_path: Path) -> None:
    one, two = (ParseCache(tmp_path / "parse.sqlite") for _ in range(2))
    one.put_documents({BLOB: _content("one")})
    two.put_documents({OTHER: _content("two")})
    assert set(one.documents([BLOB, OTHER])) == {BLOB, OTHER}


def test_the_oldest_is_dropped_when_the_file_grows_too_large(tmp_path: Path) -> None:
    days = [0.0]
    cache = ParseCache(tmp_path / "parse.sqlite", max_bytes=200_000, clock=lambda: days[0] * 86_400)
    for day in range(40):
        days[0] = float(day)
        cache.put_documents({f"{day:020x}{n:020x}": _content() for n in range(20)})
        cache.put_documents({BLOB: _content()})
    assert BLOB in cache.documents([BLOB])
    assert cache.documents([f"{0:020x}{n:020x}" for n in range(20)]) == {}
    assert len(cache.documents([f"{39:020x}{n:020x}" for n in range(20)])) == 20


def test_another_version_of_the_parser_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ParseCache(tmp_path / "parse.sqlite").put_documents({BLOB: _content()})
    monkeypatch.setattr("reconciler.git.cache._VERSION", 999_999)
    assert ParseCache(tmp_path / "parse.sqlite").documents([BLOB]) == {}
