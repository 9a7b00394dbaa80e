"""Every id that the recordings show and the server did not draw is computed offline (bar 5)."""

from __future__ import annotations

from tests.fidelity.recordings import Exchange
from tests.fidelity.renaming import computed_ids, computed_in


def test_every_computed_id_follows_from_hrids_organization_and_environment(exchanges: list[Exchange]) -> None:
    # given what the recordings name, and the formulas of the engine
    known = computed_ids(exchanges)
    # when all UUIDs of version 3 are gathered from paths, requests and answers
    seen = set().union(*(computed_in([item.path, item.body, item.answer]) for item in exchanges))
    # then each of them was computed
    assert seen - set(known) == set()
    assert len(seen) > 50
