"""The status after an attempt: what is taken over, what stays, and when a condition's time moves."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rules.apim.standing_in.status import (
    instant,
    status_after,
    subscriptions_on,
    with_subscriptions,
)
from reconciler.rules.apim.standing_in.told import Failure, FailureClass, Told, failed, kept_here

_EARLIER, _NOW = 1_795_000_000.0, 1_795_000_600.9
_TOLD = Told(sent=True, organization="O", environment="E", id="i", cross_id="c")


def api(**status: Any) -> dict[str, Any]:
    return {
        "kind": "ApiV4Definition",
        "metadata": {"namespace": "shop", "name": "pets"},
        "spec": {"state": "STARTED", "plans": {"Free plan.": {}}},
        "status": status,
    }


def conditions(status: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["type"]: item for item in status["conditions"]}


def test_an_accepted_api_tells_where_it_is() -> None:
    status = status_after(api(), _TOLD, 3, _NOW)
    assert {name: value for name, value in status.items() if name != "conditions"} == {
        "organizationId": "O",
        "environmentId": "E",
        "id": "i",
        "crossId": "c",
        "plans": {"Free-plan-": ""},
        "state": "STARTED",
        "errors": {},
        "processingStatus": "Completed",
    }
    assert conditions(status)["Accepted"] == {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "Successfully reconciled",
        "observedGeneration": 3,
        "lastTransitionTime": instant(_NOW),
    }
    assert {item["observedGeneration"] for item in status["conditions"]} == {3}


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    first = api(**status_after(api(), _TOLD, 1, _EARLIER))
    same = conditions(status_after(first, _TOLD, 2, _NOW))
    assert same["Accepted"]["lastTransitionTime"] == instant(_EARLIER)
    assert same["Accepted"]["observedGeneration"] == 2
    refused = failed(Failure(FailureClass.REFUSED, "no", status=400))
    turned = conditions(status_after(first, refused, 2, _NOW))
    assert turned["Accepted"]["lastTransitionTime"] == instant(_NOW)
    assert turned["ResolvedRefs"]["lastTransitionTime"] == instant(_EARLIER)


def test_a_failure_keeps_what_identifies_the_object() -> None:
    first = api(**status_after(api(), _TOLD, 1, _EARLIER))
    status = status_after(first, failed(Failure(FailureClass.TRANSPORT, "gone")), 2, _NOW)
    assert (status["id"], status["crossId"], status["processingStatus"]) == ("i", "c", "Failed")
    managed = conditions(status)["AutomationAPIManaged"]
    assert (managed["status"], managed["observedGeneration"]) == ("True", 1)


def test_a_missing_reference_is_told_where_references_are_told() -> None:
    failure = Failure(FailureClass.REFERENCE, "Group/shop/team is referred to but does not exist")
    said = conditions(status_after(api(), failed(failure), 1, _NOW))
    assert (said["Accepted"]["reason"], said["Accepted"]["message"]) == ("ReconcileFailed", "ReconcileFailed")
    assert (said["ResolvedRefs"]["status"], said["ResolvedRefs"]["message"]) == ("False", failure.message)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (FailureClass.TEMPLATE, "CompileTemplateError"),
        (FailureClass.ILLEGAL, "IllegalStateError"),
        (FailureClass.REFUSED, "ControlPlaneError"),
        (FailureClass.TRANSPORT, "ControlPlaneError"),
    ],
)
def test_each_class_of_failure_has_its_reason(cause: FailureClass, reason: str) -> None:
    said = conditions(status_after(api(), failed(Failure(cause, "why")), 1, _NOW))["Accepted"]
    assert (said["status"], said["reason"], said["message"]) == ("False", reason, "why")
    in_deletion = failed(Failure(cause, "why"), deleting=True)
    assert conditions(status_after(api(), in_deletion, 1, _NOW))["Accepted"]["reason"] == "ReconcileFailed"


def test_a_group_that_is_left_out_is_no_failure() -> None:
    told = Told(sent=True, id="i", missing_groups=("shop/team",))
    status = status_after(api(), told, 1, _NOW)
    said = conditions(status)
    assert said["Accepted"]["status"] == "True"
    assert (said["ResolvedRefs"]["status"], said["ResolvedRefs"]["reason"]) == ("False", "GroupNotFound")
    assert "shop/team" in said["ResolvedRefs"]["message"]


def test_an_object_known_by_its_uuid_stays_one() -> None:
    legacy = api(id="0a1b")
    status = status_after(legacy, Told(sent=True, legacy=True, id="0a1b"), 1, _NOW)
    assert "AutomationAPIManaged" not in conditions(status)


def test_plans_that_are_gone_leave_the_status() -> None:
    before = api(plans={"Old": ""})
    before["spec"]["plans"] = {}
    assert "plans" not in status_after(before, _TOLD, 2, _NOW)


def test_a_subscription_keeps_the_moment_it_began() -> None:
    sub = {"kind": "Subscription", "metadata": {"namespace": "a", "name": "s"}, "spec": {}}
    told = Told(sent=True, id="i", starting_at="2026-11-22T12:56:02.916+01:00")
    first = status_after(sub, told, 1, _NOW)
    assert first["startedAt"] == "2026-11-22T11:56:02Z"
    assert "errors" not in first
    later = status_after({**sub, "status": first}, Told(sent=True, id="i"), 2, _NOW)
    assert later["startedAt"] == first["startedAt"]


def test_a_plugin_resource_has_no_status() -> None:
    assert status_after({"kind": "ApiResource", "metadata": {"name": "r"}}, kept_here(), 1, _NOW) == {}


def test_subscriptions_are_counted_and_never_drift() -> None:
    def subscription(name: str, accepted: bool, namespace: str = "") -> dict[str, Any]:
        spec = {
            "api": {"name": "pets", "kind": "ApiV4Definition", "namespace": namespace or "shop"},
            "application": {"name": "web", "namespace": "shop"},
        }
        status = {"id": "x"} if accepted else {}
        return {
            "kind": "Subscription",
            "metadata": {"namespace": "subs", "name": name},
            "spec": spec,
            "status": status,
        }

    subscriptions = [subscription("a", True), subscription("b", False), subscription("c", True, "other")]
    web = {"kind": "Application", "metadata": {"namespace": "shop", "name": "web"}}
    assert subscriptions_on(api(), subscriptions) == 1
    assert subscriptions_on(web, subscriptions) == 2
    assert with_subscriptions({"id": "i"}, 2) == {"id": "i", "subscriptions": 2}
    assert with_subscriptions({"id": "i", "subscriptions": 2}, 0) == {"id": "i"}


def test_a_status_of_any_shape_is_written_over() -> None:
    for status in ("text", {"conditions": "text"}, {"conditions": [None, 3, {"type": 4}]}, None):
        made = status_after({**api(), "status": status}, _TOLD, 1, _NOW)
        assert len(made["conditions"]) == 3
