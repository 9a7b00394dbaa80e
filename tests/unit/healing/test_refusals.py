"""What failed for good and what may pass, held against what the writers of both hops really say."""

from __future__ import annotations

import orjson
import pytest

from reconciler.cluster.failures import Refused, status_failure, transport_failure
from reconciler.cluster.written import refusal
from reconciler.control_plane import outcomes
from reconciler.control_plane.judging_answers import outcome_of_put
from reconciler.control_plane.sending import Answer
from reconciler.engine.healing.refusals import blocks_for_good, is_for_good


@pytest.mark.parametrize(
    ("status", "for_good"),
    [(400, True), (403, True), (422, True), (409, False), (429, False), (500, False), (503, False)],
)
def test_answers_of_an_api_server(status: int, for_good: bool) -> None:
    told = orjson.dumps({"kind": "Status", "message": "no"})
    error = status_failure("eu", status, told, "application/json")
    assert isinstance(error, Refused)
    assert is_for_good(refusal(error).next_step) is for_good


def test_no_answer_may_pass() -> None:
    error = transport_failure("eu", "https://eu", TimeoutError(), 10.0)
    assert not is_for_good(error.next_step)


@pytest.mark.parametrize(
    ("status", "for_good"), [(400, True), (403, True), (404, True), (409, False), (429, False), (500, False)]
)
def test_answers_of_apim(status: int, for_good: bool) -> None:
    answer = Answer(status, {"content-type": "application/json"}, b'{"message": "no"}', None)
    told = outcome_of_put(answer, "/automation/organizations/DEFAULT", "apim", ())
    assert isinstance(told, outcomes.Refused) is for_good
    next_step = told.next_step if isinstance(told, (outcomes.Refused, outcomes.Retry)) else ""
    assert is_for_good(next_step) is for_good


def test_blocks_of_the_resource_itself_stay_and_those_of_the_world_around_it_pass() -> None:
    assert all(map(blocks_for_good, ("mode", "owner", "policy", "defined-twice", "take-over")))
    assert not any(map(blocks_for_good, ("suspended", "reference", "namespace", "subscriptions-unknown")))
