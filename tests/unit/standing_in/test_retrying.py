"""What fails is tried again when that can help, and parked where it cannot."""

from __future__ import annotations

import pytest

from reconciler.rules.apim.references import Missing, Problems
from reconciler.rules.apim.standing_in.retrying import Again, Parked, pause, retry_of
from reconciler.rules.apim.standing_in.told import (
    Failure,
    FailureClass,
    Told,
    deleted,
    failed,
    refused,
    unanswered,
    unresolved,
)

_URL = "http://apim/automation/organizations/DEFAULT/environments/DEFAULT/apis?dryRun=false"


def test_what_was_accepted_is_not_tried_again() -> None:
    assert retry_of(Told(sent=True)) is None
    assert retry_of(deleted()) is None


@pytest.mark.parametrize("status", [404, 409, 429, 500, 503])
def test_what_apim_cannot_do_now_is_tried_again_ever_more_rarely(status: int) -> None:
    told = failed(refused("PUT", _URL, status, ["not now"]))
    waits = [retry_of(told, attempt) for attempt in (1, 2, 3, 40)]
    assert waits == [Again(1.0), Again(2.0), Again(4.0), Again(300.0)]
    assert retry_of(told, 1, asked_s=20) == Again(20)


def test_a_silent_apim_is_tried_again() -> None:
    assert retry_of(failed(unanswered("PUT", _URL, "it did not answer within 5 s"))) == Again(1.0)


def test_an_invalid_spec_is_parked_until_it_changes() -> None:
    parked = retry_of(failed(refused("PUT", _URL, 400, ["name must not be null"])), attempt=7)
    assert parked == Parked("its spec has to change")


def test_wrong_credentials_are_looked_at_again_because_nobody_reports_a_new_secret() -> None:
    parked = retry_of(failed(refused("PUT", _URL, 401, ["Unauthorized"])))
    assert isinstance(parked, Parked)
    assert parked.look_again_s == pause(99)


def test_a_missing_resource_wakes_whoever_waits_for_it() -> None:
    problems = Problems([Missing("missing", "SharedPolicyGroup/ns/spg", "does not exist")])
    parked = retry_of(failed(unresolved(problems, "ApiV4Definition")))
    assert parked == Parked("what it refers to is missing", ("SharedPolicyGroup/ns/spg",), None)


def test_a_missing_secret_is_looked_for_again() -> None:
    problems = Problems([Missing("missing", "Secret/ns/tpl", "does not exist")])
    parked = retry_of(failed(unresolved(problems, "ApiV4Definition", {"Secret/ns/tpl"})))
    assert isinstance(parked, Parked)
    assert parked.woken_by == ("Secret/ns/tpl",)
    assert parked.look_again_s is not None


def test_a_key_that_a_template_misses_is_waited_for() -> None:
    problems = Problems([Missing("missing-key", "Secret/ns/tpl", "has no key 'a'")])
    failure = unresolved(problems, "ApiV4Definition", {"Secret/ns/tpl"})
    assert failure.cause is FailureClass.TEMPLATE
    parked = retry_of(failed(failure))
    assert isinstance(parked, Parked)
    assert parked.woken_by == ("Secret/ns/tpl",)


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_a_refused_deletion_is_always_tried_again(status: int) -> None:
    assert retry_of(failed(refused("DELETE", _URL, status, []), deleting=True)) == Again(1.0)


def test_a_deletion_of_what_is_used_waits_for_its_users() -> None:
    failure = Failure(FailureClass.IN_USE, "in use", ("ApiV4Definition/ns/api",))
    assert retry_of(failed(failure, deleting=True)) == Parked("it is still used", ("ApiV4Definition/ns/api",))
