"""Who may do what: 401, 403, rules, and the questions about oneself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Peer, until
from tests.contract.widgets import API_VERSION, GROUP, Widgets, assert_status, widget

SELF_ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def allowed(client: Any, **attributes: str) -> dict[str, Any]:
    """Ask whether the client's user may do something; return the status."""
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = client.post(SELF_ACCESS, json=body)
    assert answer.status_code == 201
    return answer.json()["status"]


def test_unknown_credentials_are_not_let_in(peer: Peer) -> None:
    answer = peer.nameless.get(f"/apis/{API_VERSION}/widgets", headers={"Authorization": "Bearer wrong"})
    assert_status(answer, 401, "Unauthorized", "Unauthorized")
    assert "details" not in answer.json()


def test_no_credentials_are_an_anonymous_user(peer: Peer) -> None:
    answer = peer.nameless.get(f"/apis/{API_VERSION}/widgets")
    told = (
        f'widgets.{GROUP} is forbidden: User "system:anonymous" cannot list resource "widgets" '
        f'in API group "{GROUP}" at the cluster scope'
    )
    assert_status(answer, 403, "Forbidden", told)


@pytest.mark.parametrize(
    ("method", "path", "verb", "resource", "where", "name"),
    [
        ("GET", "/namespaces/NS/widgets", "list", "widgets", 'in the namespace "NS"', ""),
        ("GET", "/widgets", "list", "widgets", "at the cluster scope", ""),
        ("GET", "/widgets?watch=1", "watch", "widgets", "at the cluster scope", ""),
        ("GET", "/namespaces/NS/widgets/x", "get", "widgets", 'in the namespace "NS"', "x"),
        ("POST", "/namespaces/NS/widgets", "create", "widgets", 'in the namespace "NS"', ""),
        ("PUT", "/namespaces/NS/widgets/x/status", "update", "widgets/status", 'in the namespace "NS"', "x"),
        ("PATCH", "/namespaces/NS/widgets/x", "patch", "widgets", 'in the namespace "NS"', "x"),
        ("DELETE", "/namespaces/NS/widgets/x", "delete", "widgets", 'in the namespace "NS"', "x"),
        ("DELETE", "/namespaces/NS/widgets", "deletecollection", "widgets", 'in the namespace "NS"', ""),
    ],
)
def test_a_stranger_is_told_what_is_missing(
    peer: Peer, method: str, path: str, verb: str, resource: str, where: str, name: str
) -> None:
    answer = peer.stranger.request(method, f"/apis/{API_VERSION}{path}", json=widget("x"))
    named = f'widgets.{GROUP} "{name}"' if name else f"widgets.{GROUP}"
    what = f'User "nobody" cannot {verb} resource "{resource}" in API group "{GROUP}" {where}'
    assert_status(answer, 403, "Forbidden", f"{named} is forbidden: {what}")
    details = {"name": name} if name else {}
    assert answer.json()["details"] == {**details, "group": GROUP, "kind": "widgets"}


def test_the_core_group_is_named_by_nothing(peer: Peer) -> None:
    secrets = peer.stranger.get("/api/v1/namespaces/default/secrets")
    told = (
        'secrets is forbidden: User "nobody" cannot list resource "secrets" in API group "" '
        'in the namespace "default"'
    )
    assert_status(secrets, 403, "Forbidden", told)
    assert secrets.json()["details"] == {"kind": "secrets"}
    namespace = peer.stranger.get("/api/v1/namespaces/default")
    told = (
        'namespaces "default" is forbidden: User "nobody" cannot get resource "namespaces" '
        'in API group "" in the namespace "default"'
    )
    assert_status(namespace, 403, "Forbidden", told)


def test_a_path_that_is_no_resource_is_forbidden_as_a_path(peer: Peer) -> None:
    answer = peer.stranger.get("/metrics")
    assert_status(answer, 403, "Forbidden", 'forbidden: User "nobody" cannot get path "/metrics"')


def test_discovery_is_open_to_everybody_with_a_name(peer: Peer) -> None:
    assert peer.stranger.get(f"/apis/{API_VERSION}").status_code == 200
    assert peer.stranger.get("/openapi/v3").status_code == 200
    answer = peer.nameless.get("/api")
    assert_status(answer, 403, "Forbidden", 'forbidden: User "system:anonymous" cannot get path "/api"')


def test_rights_hold_where_they_were_given(peer: Peer, widgets: Widgets) -> None:
    rule = {"apiGroups": [GROUP], "resources": ["widgets"], "verbs": ["get", "list"]}
    peer.grant([rule], widgets.namespace)
    guest = Widgets(peer.guest, widgets.namespace)
    # A real server learns of new rules through a watch of its own.
    until(lambda: guest.list().status_code == 200)
    assert guest.create(widget("one")).status_code == 403
    assert guest.list(watch="1").status_code == 403
    assert Widgets(peer.guest, "default").list().status_code == 403
    widgets.create(widget("one"))
    assert guest.get("one").status_code == 200
    assert guest.client.get(f"{guest.path}/one/status").status_code == 403


def test_one_may_ask_about_oneself(peer: Peer, widgets: Widgets) -> None:
    asked = {"group": GROUP, "resource": "widgets", "verb": "patch", "namespace": widgets.namespace}
    assert allowed(peer.client, **asked)["allowed"] is True
    refused = allowed(peer.stranger, **asked)
    assert refused["allowed"] is False
    peer.grant([{"apiGroups": [GROUP], "resources": ["widgets"], "verbs": ["patch"]}], widgets.namespace)
    until(lambda: allowed(peer.guest, **asked)["allowed"])
    assert allowed(peer.guest, **{**asked, "namespace": "default"})["allowed"] is False
    assert allowed(peer.guest, **{**asked, "verb": "delete"})["allowed"] is False


def test_one_may_ask_who_one_is(peer: Peer) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = peer.stranger.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json=body)
    info = answer.json()["status"]["userInfo"]
    assert (answer.status_code, info["username"]) == (201, "nobody")
    assert "system:authenticated" in info["groups"]


def test_one_may_ask_for_all_one_may(peer: Peer, widgets: Widgets) -> None:
    rule = {"apiGroups": [GROUP], "resources": ["widgets"], "verbs": ["get", "list"]}
    peer.grant([rule], widgets.namespace)
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": widgets.namespace},
    }

    def rules() -> list[dict[str, Any]]:
        return peer.guest.post(path, json=body).json()["status"]["resourceRules"]

    wanted = {"verbs": ["get", "list"], "apiGroups": [GROUP], "resources": ["widgets"]}
    until(lambda: wanted in rules())
