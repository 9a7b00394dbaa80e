"""What a server says that it serves."""

from __future__ import annotations

import httpx
import pytest

from tests.contract.conftest import Peer, until
from tests.contract.widgets import API_VERSION, GROUP

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def test_the_version_names_major_and_minor(peer: Peer) -> None:
    version = peer.client.get("/version").json()
    assert version["gitVersion"].startswith(f"v{version['major']}.{version['minor']}.")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health_is_told_to_anybody(peer: Peer, path: str) -> None:
    answer = peer.nameless.get(path)
    assert (answer.status_code, answer.text) == (200, "ok")


def test_the_core_group_has_one_version(peer: Peer) -> None:
    answer = peer.client.get("/api").json()
    assert (answer["kind"], answer["versions"]) == ("APIVersions", ["v1"])


def test_groups_name_their_versions_and_the_preferred_one(peer: Peer) -> None:
    answer = peer.client.get("/apis").json()
    group = next(each for each in answer["groups"] if each["name"] == GROUP)
    version = {"groupVersion": API_VERSION, "version": "v1"}
    assert answer["kind"] == "APIGroupList"
    assert group == {"name": GROUP, "versions": [version], "preferredVersion": version}
    alone = peer.client.get(f"/apis/{GROUP}").json()
    assert alone == {"kind": "APIGroup", "apiVersion": "v1", **group}


def test_a_group_lists_its_resources_with_their_verbs(peer: Peer) -> None:
    answer = peer.client.get(f"/apis/{API_VERSION}").json()
    assert (answer["kind"], answer["groupVersion"]) == ("APIResourceList", API_VERSION)
    resources = {each["name"]: each for each in answer["resources"]}
    kind = resources["widgets"]
    assert (kind["kind"], kind["namespaced"], kind["singularName"]) == ("Widget", True, "widget")
    assert kind["shortNames"] == ["wi"]
    assert set(kind["verbs"]) == {
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    }  # fmt: skip
    assert resources["widgets/status"]["verbs"] == ["get", "patch", "update"]


@pytest.mark.parametrize(
    ("path", "plural", "namespaced"),
    [
        ("/api/v1", "secrets", True),
        ("/api/v1", "configmaps", True),
        ("/api/v1", "events", True),
        ("/api/v1", "namespaces", False),
        ("/apis/coordination.k8s.io/v1", "leases", True),
        ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
        ("/apis/authorization.k8s.io/v1", "selfsubjectaccessreviews", False),
        ("/apis/authentication.k8s.io/v1", "selfsubjectreviews", False),
    ],
)
def test_the_built_in_kinds_are_discovered(peer: Peer, path: str, plural: str, namespaced: bool) -> None:
    resources = peer.client.get(path).json()["resources"]
    assert next(each for each in resources if each["name"] == plural)["namespaced"] is namespaced


def test_all_groups_come_at_once_for_those_who_ask(peer: Peer) -> None:
    answer = peer.client.get("/apis", headers={"Accept": f"{AGGREGATED},application/json"})
    assert answer.headers["Content-Type"] == AGGREGATED
    group = next(each for each in answer.json()["items"] if each["metadata"]["name"] == GROUP)
    resource = next(r for r in group["versions"][0]["resources"] if r["resource"] == "widgets")
    assert resource["responseKind"] == {"group": GROUP, "version": "v1", "kind": "Widget"}
    assert (resource["scope"], resource["singularResource"]) == ("Namespaced", "widget")
    assert [each["subresource"] for each in resource["subresources"]] == ["status"]


def test_schemas_are_published_with_their_kind(peer: Peer) -> None:
    def published() -> dict[str, dict[str, str]]:
        return peer.client.get("/openapi/v3").json()["paths"]

    # A real server publishes the schema of a new kind a little after it serves the kind.
    name = f"apis/{API_VERSION}"
    until(lambda: name in published() and peer.client.get(published()[name]["serverRelativeURL"]).content)
    document = peer.client.get(published()[name]["serverRelativeURL"]).json()
    meaning = [{"group": GROUP, "kind": "Widget", "version": "v1"}]
    schema = next(
        each
        for each in document["components"]["schemas"].values()
        if each.get("x-kubernetes-group-version-kind") == meaning
    )
    colour = schema["properties"]["spec"]["properties"]["colour"]
    assert colour == {"type": "string", "enum": ["red", "green", "blue"]}
    assert schema["properties"]["spec"]["properties"]["size"]["default"] == 3
    reference = schema["properties"]["metadata"]["allOf"][0]["$ref"]
    assert reference.rpartition("/")[2] in document["components"]["schemas"]


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/apis/nowhere.example", f"/apis/{GROUP}/v2/widgets", f"/apis/{GROUP}/v1/nowheres"],
)
def test_a_path_that_is_not_served_is_not_found_in_plain_text(peer: Peer, path: str) -> None:
    answer = peer.client.get(path)
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")


def test_types_that_nobody_writes_are_not_acceptable(peer: Peer) -> None:
    answer: httpx.Response = peer.client.get(f"/apis/{API_VERSION}/widgets", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["reason"]) == (406, "NotAcceptable")
