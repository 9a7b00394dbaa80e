"""Two processes parse what one would, whatever becomes of the second."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.git import parsing_child, sharing_work
from reconciler.git.parse import ParseLimits
from reconciler.git.parsing_child import ParsingChild
from reconciler.git.sharing_work import parsed_by_two
from reconciler.model.errors import SourceError

LIMITS = ParseLimits()
BLOBS = [f"{number:040x}" for number in range(600)]
PATHS = {blob: f"apis/{blob[-4:]}.yaml" for blob in BLOBS}


def text(blob: str) -> bytes:
    number = int(blob, 16)
    if number % 50 == 7:
        return b"kind: [broken\n"
    return (
        f"apiVersion: gravitee.io/v1alpha1\nkind: ApiV4Definition\nmetadata: {{name: a{number}}}\n"
        f"spec: {{description: 'née {number}', on: yes, at: 2024-01-01, n: 0x1F, f: 1.5}}\n"
    ).encode()


def read(blob: str, path: str) -> bytes:
    if int(blob, 16) % 100 == 3:
        raise SourceError("is not in the repository", subject=path)
    return text(blob)


def parsed(limits: ParseLimits = LIMITS) -> Mapping[str, object]:
    found = list(parsed_by_two(BLOBS, PATHS, read, limits))
    assert len(found) == len(BLOBS), "each blob once"
    return {blob: str(one) if isinstance(one, SourceError) else one for blob, one in found}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, object]:
    """What one process makes of it."""
    with monkeypatch.context() as context:
        context.setattr(sharing_work, "cores", lambda: 1)
        return parsed()


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing_work, "cores", lambda: 2)


def test_a_child_gives_back_what_this_process_would_have_found(alone: Mapping[str, object]) -> None:
    assert parsed() == alone


def test_the_child_takes_its_share_and_obeys_the_limits(alone: Mapping[str, object]) -> None:
    child = ParsingChild(LIMITS)
    try:
        given = [(PATHS[blob], text(blob)) for blob in BLOBS[:20]]
        assert child.parse(given) == [alone[b] if b != BLOBS[3] else child_of(b) for b in BLOBS[:20]]
    finally:
        child.close()
    small = ParsingChild(ParseLimits(max_bytes=10))
    try:
        ((content, values),) = small.parse([("x.yaml", text(BLOBS[0]))])
    finally:
        small.close()
    assert (content.documents, values) == ((), b"") and content.complaints


def child_of(blob: str) -> object:
    return parsing_child.parse_blob(text(blob), PATHS[blob], LIMITS)


def test_a_child_that_is_killed_costs_only_its_share(
    alone: Mapping[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ParsingChild.parse

    def dying(self: ParsingChild, texts: object) -> object:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return honest(self, texts)  # type: ignore[arg-type]

    monkeypatch.setattr(ParsingChild, "parse", dying)
    assert parsed() == alone


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false"])
def test_a_child_that_cannot_start_or_ends_at_once_is_done_without(
    program: str, alone: Mapping[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    assert parsed() == alone


def test_few_blobs_start_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing_work, "ParsingChild", None)
    few = BLOBS[: sharing_work.MANY - 1]
    assert len(list(parsed_by_two(few, PATHS, read, LIMITS))) == len(few)


def children() -> set[str]:
    told = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return set(told.read_text().split()) if told.exists() else set()


def test_an_early_end_leaves_no_child_behind() -> None:
    before = children()
    reading = parsed_by_two(BLOBS, PATHS, read, LIMITS)
    next(iter(reading))
    reading.close()  # type: ignore[attr-defined]
    assert children() <= before
