"""The recordings against the simulated APIM: same status always, same body in at least 98 of 100."""

from __future__ import annotations

import pytest

from tests.fidelity.operations import is_traffic
from tests.fidelity.recordings import Exchange
from tests.fidelity.replay import Outcome, kind_of

HASH_ORDER = "20c-gw-node-apis"
"""A gateway lists its APIs in the order of a hash map over their ids, of which one is drawn at random."""


def _of(outcomes: list[Outcome], *kinds: str) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.kind in kinds]


def _told(label: str, outcomes: list[Outcome]) -> str:
    count = len(outcomes)
    status = sum(outcome.same_status for outcome in outcomes)
    body = sum(not outcome.wrong for outcome in outcomes)
    return (
        f"{label}: status {status}/{count} = {status / count:.1%}, body {body}/{count} = {body / count:.1%}"
    )


@pytest.mark.parametrize("names", ["outcomes", "renamed_outcomes"])
def test_what_the_product_calls_answers_as_recorded(
    request: pytest.FixtureRequest, names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # given all recordings, replayed in order from an empty server
    product = _of(request.getfixturevalue(names), "product")
    with capsys.disabled():
        print(f"\n  {_told(names.replace('_', ' '), product)}")
    # then every status is the recorded one
    assert [outcome.exchange.name for outcome in product if not outcome.same_status] == []
    # and all bodies are, but for the one whose order is a matter of chance
    differing = {outcome.exchange.name: outcome.wrong for outcome in product if outcome.wrong}
    assert set(differing) <= {HASH_ORDER}, differing
    assert len(differing) <= 0.02 * len(product)


@pytest.mark.parametrize("names", ["outcomes", "renamed_outcomes"])
def test_what_people_do_by_hand_answers_as_recorded(request: pytest.FixtureRequest, names: str) -> None:
    outcomes = _of(request.getfixturevalue(names), "hand", "absent")
    assert {outcome.kind for outcome in outcomes} == {"hand", "absent"}
    wrong = {o.exchange.name: o.wrong for o in outcomes if o.wrong or not o.same_status}
    assert wrong == {}


def test_other_operations_answer_501_and_name_themselves(outcomes: list[Outcome]) -> None:
    others = _of(outcomes, "other")
    assert others
    for outcome in others:
        method, path = outcome.exchange.method, outcome.exchange.path.partition("?")[0]
        assert outcome.status == 501, outcome.exchange.name
        assert outcome.answer["message"].startswith(f"Not modelled by the simulator: {method} /"), path


def test_every_recording_is_replayed_or_a_consumers_call(
    exchanges: list[Exchange], outcomes: list[Outcome]
) -> None:
    replayed = {outcome.exchange.name for outcome in outcomes}
    left_out = [item for item in exchanges if item.name not in replayed]
    assert all(is_traffic(item.path) for item in left_out)
    assert len(exchanges) == 309
    assert len(left_out) == 5


def test_the_hash_map_order_holds_but_for_the_random_id(outcomes: list[Outcome]) -> None:
    # given the recorded list of a gateway, without the API whose id is drawn at random
    outcome = next(item for item in outcomes if item.exchange.name == HASH_ORDER)
    recorded = [item["id"] for item in outcome.exchange.answer if item["id"][14] == "3"]
    # then the others stand in the same order
    assert [item["id"] for item in outcome.answer if item["id"][14] == "3"] == recorded


def test_the_list_of_operations_covers_most_recordings(exchanges: list[Exchange]) -> None:
    kinds = [kind_of(item) for item in exchanges]
    assert kinds.count("product") >= 270
