"""The public OpenAPI files against what the simulator answers, and against the recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fidelity.described import Descriptions
from tests.fidelity.recordings import Exchange
from tests.fidelity.replay import Outcome

DEVIATIONS_OF_THE_REAL_SERVER: frozenset[tuple[str, str]] = frozenset()
"""Where the recorded server breaks its own description: nowhere (each `oneOf` read by its discriminator)."""


@pytest.fixture(scope="module")
def descriptions(shared_data: Path) -> Descriptions:
    return Descriptions(shared_data)


def test_the_recordings_are_as_described(exchanges: list[Exchange], descriptions: Descriptions) -> None:
    found = set()
    looked_at = 0
    for item in exchanges:
        complaints = descriptions.complaints(item.method, item.path, item.status, item.answer)
        if complaints is not None and isinstance(item.answer, dict | list):
            looked_at += 1
            found |= {(str(descriptions.operation(item.method, item.path)), text) for text in complaints}
    assert found == DEVIATIONS_OF_THE_REAL_SERVER
    assert looked_at > 240


def test_the_simulators_answers_are_as_described(outcomes: list[Outcome], descriptions: Descriptions) -> None:
    looked_at = 0
    for outcome in outcomes:
        item = outcome.exchange
        if outcome.kind == "other" or not isinstance(outcome.answer, dict | list):
            continue
        complaints = descriptions.complaints(item.method, item.path, outcome.status, outcome.answer)
        if complaints is not None:
            looked_at += 1
            assert complaints == set(), item.name
    assert looked_at > 240


def test_a_broken_answer_is_noticed(descriptions: Descriptions) -> None:
    path = "/automation/organizations/O/environments/E/apis/some-api"
    assert descriptions.complaints("GET", path, 200, {"hrid": "some-api", "type": "NOPE"})
