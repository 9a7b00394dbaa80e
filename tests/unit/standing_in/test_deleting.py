"""A deletion waits for whoever refers to the resource, and takes its steps in order."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rules.apim.standing_in.deleting import (
    DeletionStep,
    deletion_of,
    has_to_let_go,
    held,
    users_of,
)
from reconciler.rules.apim.standing_in.events import event_after, event_started
from reconciler.rules.apim.standing_in.marks import KINDS
from reconciler.rules.apim.standing_in.told import FailureClass, deleted, failed


def obj(kind: str, name: str, spec: dict[str, Any] | None = None, namespace: str = "ns") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": namespace, "name": name}, "spec": spec or {}}


_STEPS = {"flows": [{"request": [{"sharedPolicyGroupRef": {"name": "x", "namespace": "ns"}}]}]}
_SUBSCRIBED = {"api": {"name": "x", "kind": "ApiV4Definition"}, "application": {"name": "x"}, "plan": "p"}


@pytest.mark.parametrize(
    ("kind", "user"),
    [
        ("ManagementContext", obj("ApiV4Definition", "u", {"contextRef": {"name": "x"}})),
        ("ManagementContext", obj("Group", "u", {"contextRef": {"name": "x", "namespace": "ns"}}, "other")),
        ("ManagementContext", obj("Dictionary", "u", {"contextRef": {"name": "x"}})),
        (
            "ApiResource",
            obj("ApiDefinition", "u", {"resources": [{"ref": {"name": "x", "namespace": "ns"}}]}),
        ),
        ("Notification", obj("ApiV4Definition", "u", {"notificationsRefs": [{"name": "x"}]})),
        ("SharedPolicyGroup", obj("ApiV4Definition", "u", _STEPS)),
        ("SharedPolicyGroup", obj("ApiV4Definition", "u", {"plans": {"p": _STEPS}})),
        ("ApiV4Definition", obj("Documentation", "u", {"apiRef": {"name": "x"}})),
        ("ApiV4Definition", obj("PortalListing", "u", {"apis": [{"ref": {"name": "x"}}]})),
        ("ApiV4Definition", obj("Subscription", "u", _SUBSCRIBED)),
        ("Application", obj("Subscription", "u", _SUBSCRIBED)),
        ("Portal", obj("Documentation", "u", {"portalRef": {"name": "x"}})),
    ],
)
def test_what_is_used_is_not_deleted(kind: str, user: dict[str, Any]) -> None:
    named = f"{user['kind']}/{user['metadata']['namespace']}/u"
    assert users_of(obj(kind, "x"), [user]) == (named,)
    failure = held(obj(kind, "x"), [user])
    assert failure is not None
    assert failure.cause is FailureClass.IN_USE
    assert failure.waits_for == (named,)
    assert named in failure.message
    assert held(obj(kind, "y"), [user]) is None


def test_a_group_that_is_used_can_be_deleted() -> None:
    assert held(obj("Group", "x"), [obj("ApiV4Definition", "u", {"groupRefs": [{"name": "x"}]})]) is None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_finalizer_is_always_the_last_to_go(kind: str) -> None:
    steps = deletion_of(kind).steps
    assert steps[-1] is DeletionStep.FINALIZER
    assert list(steps) == sorted(steps, key=list(DeletionStep).index)
    assert deletion_of(kind).absent_is_done


def test_silent_kinds_delete_nothing_remote() -> None:
    for kind in ("ManagementContext", "Notification", "ApiResource"):
        assert DeletionStep.REMOTE not in deletion_of(kind).steps
    assert DeletionStep.CONFIG_MAP in deletion_of("ApiV4Definition").steps


def test_only_what_carries_our_finalizer_has_to_let_go() -> None:
    going = obj("Group", "x")
    going["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["others"]}
    assert not has_to_let_go(going)
    going["metadata"]["finalizers"].append("finalizers.gravitee.io/groups")
    assert has_to_let_go(going)
    assert not has_to_let_go(obj("Group", "x"))


def test_events_of_a_deletion_say_so() -> None:
    api = obj("ApiDefinition", "x")
    begun, ended = event_started(api, deleting=True), event_after(api, deleted())
    assert begun is not None
    assert ended is not None
    assert (begun.reason, ended.reason) == ("DeleteStarted", "DeleteSucceeded")
    assert ended.component == "apidefinitionv2-controller"
    failure = held(obj("Portal", "x"), [obj("PortalLink", "u" * 1500, {"portalRef": {"name": "x"}})])
    assert failure is not None
    blocked = event_after(obj("Portal", "x"), failed(failure, deleting=True))
    assert blocked is not None
    assert (blocked.type, blocked.reason) == ("Warning", "DeleteFailed")
    assert len(blocked.message.encode()) <= 1024
