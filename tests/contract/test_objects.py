"""Creating, reading, replacing and deleting objects."""

from __future__ import annotations

import re

import pytest

from tests.contract.conftest import Peer
from tests.contract.widgets import API_VERSION, GROUP, Widgets, assert_status, widget

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def test_a_new_object_is_given_its_identity(widgets: Widgets) -> None:
    answer = widgets.create(widget("one", labels={"team": "a"}))
    assert answer.status_code == 201
    body = answer.json()
    metadata = body["metadata"]
    assert (body["apiVersion"], body["kind"]) == (API_VERSION, "Widget")
    assert (metadata["name"], metadata["namespace"]) == ("one", widgets.namespace)
    assert metadata["labels"] == {"team": "a"}
    assert metadata["generation"] == 1
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert int(metadata["resourceVersion"]) > 0
    assert widgets.get("one").json() == body


def test_what_the_server_decides_cannot_be_sent(widgets: Widgets) -> None:
    sent = widget("one", uid="mine", generation=7, creationTimestamp="2001-01-01T00:00:00Z")
    metadata = widgets.create({**sent, "status": {"phase": "mine"}}).json()
    assert metadata["metadata"]["uid"] != "mine"
    assert metadata["metadata"]["generation"] == 1
    assert not metadata["metadata"]["creationTimestamp"].startswith("2001")
    assert "status" not in metadata


def test_a_name_is_taken_once(widgets: Widgets) -> None:
    widgets.create(widget("one"))
    answer = widgets.create(widget("one"))
    assert_status(answer, 409, "AlreadyExists", f'widgets.{GROUP} "one" already exists')
    assert answer.json()["details"] == {"name": "one", "group": GROUP, "kind": "widgets"}


def test_a_name_is_made_from_generate_name(widgets: Widgets) -> None:
    first, second = (widgets.create(widget("", generateName="gen-")).json()["metadata"] for _ in range(2))
    assert re.fullmatch(r"gen-[a-z0-9]{5}", first["name"])
    assert first["name"] != second["name"]
    assert first["generateName"] == "gen-"


def test_an_object_without_a_name_is_refused(widgets: Widgets) -> None:
    answer = widgets.create(widget(""))
    what = f'Widget.{GROUP} "" is invalid: metadata.name: Required value: name or generateName is required'
    assert_status(answer, 422, "Invalid", what)


def test_an_object_cannot_be_created_with_a_resource_version(widgets: Widgets) -> None:
    answer = widgets.create(widget("one", resourceVersion="5"))
    assert_status(answer, 500, None, "resourceVersion should not be set on objects to be created")


def test_an_object_needs_its_namespace(peer: Peer) -> None:
    answer = Widgets(peer.client, "nowhere").create(widget("one"))
    assert_status(answer, 404, "NotFound", 'namespaces "nowhere" not found')
    assert answer.json()["details"] == {"name": "nowhere", "kind": "namespaces"}


def test_body_and_path_agree(widgets: Widgets) -> None:
    elsewhere = widgets.create(widget("one", namespace="elsewhere"))
    what = "the namespace of the provided object does not match the namespace sent on the request"
    assert_status(elsewhere, 400, "BadRequest", what)
    other_group = widgets.create({**widget("one"), "apiVersion": "other/v1"})
    what = f"the API version in the data (other/v1) does not match the expected API version ({API_VERSION})"
    assert_status(other_group, 400, "BadRequest", what)
    other_kind = widgets.create({**widget("one"), "kind": "Gadget"})
    what = f'Gadget.{GROUP} "one" is invalid: kind: Invalid value: "Gadget": must be Widget'
    assert_status(other_kind, 422, "Invalid", what)
    widgets.create(widget("one"))
    other_name = widgets.client.put(f"{widgets.path}/one", json=widget("two"))
    what = "the name of the object (two) does not match the name on the URL (one)"
    assert_status(other_name, 400, "BadRequest", what)


def test_a_body_names_its_kind(widgets: Widgets) -> None:
    answer = widgets.client.post(widgets.path, json={"metadata": {"name": "one"}})
    assert_status(answer, 400, "BadRequest")
    assert "Object 'Kind' is missing in" in answer.json()["message"]


def test_a_body_is_json_or_yaml(widgets: Widgets) -> None:
    text = f"apiVersion: {API_VERSION}\nkind: Widget\nmetadata: {{name: one}}\nspec: {{colour: blue}}\n"
    headers = {"Content-Type": "application/yaml"}
    answer = widgets.client.post(widgets.path, content=text, headers=headers)
    assert (answer.status_code, answer.json()["spec"]["colour"]) == (201, "blue")
    broken = widgets.client.post(widgets.path, content="{no", headers={"Content-Type": "application/json"})
    assert_status(broken, 400, "BadRequest")
    other = widgets.client.post(widgets.path, content="x", headers={"Content-Type": "text/plain"})
    assert_status(other, 415, "UnsupportedMediaType")
    assert other.json()["message"].startswith(
        "the body of the request was in an unknown format - accepted media types include: application/json"
    )


def test_what_is_not_there_is_not_found(widgets: Widgets) -> None:
    for answer in (
        widgets.get("none"),
        widgets.replace(widget("none", resourceVersion="5")),
        widgets.merge("none", {"spec": {"size": 4}}),
        widgets.delete("none"),
    ):
        assert_status(answer, 404, "NotFound", f'widgets.{GROUP} "none" not found')
        assert answer.json()["details"] == {"name": "none", "group": GROUP, "kind": "widgets"}


def test_only_the_latest_version_can_be_replaced(widgets: Widgets) -> None:
    first = widgets.create(widget("one")).json()
    second = widgets.replace({**first, "spec": {"colour": "blue"}})
    assert second.status_code == 200
    answer = widgets.replace({**first, "spec": {"colour": "green"}})
    assert_status(
        answer, 409, "Conflict", f'Operation cannot be fulfilled on widgets.{GROUP} "one": {MODIFIED}'
    )
    assert answer.json()["details"] == {"name": "one", "group": GROUP, "kind": "widgets"}
    assert widgets.get("one").json()["spec"]["colour"] == "blue"


def test_a_replacement_names_the_version_it_replaces(widgets: Widgets) -> None:
    widgets.create(widget("one"))
    answer = widgets.replace(widget("one"))
    what = "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    assert_status(answer, 422, "Invalid", f'widgets.{GROUP} "one" is invalid: {what}')


def test_a_replacement_is_of_the_same_object(widgets: Widgets) -> None:
    body = widgets.create(widget("one")).json()
    answer = widgets.replace({**body, "metadata": {**body["metadata"], "uid": "other"}})
    assert_status(answer, 409, "Conflict")
    assert "Precondition failed: UID in precondition: other" in answer.json()["message"]


def test_the_generation_counts_changes_of_the_spec_only(widgets: Widgets) -> None:
    body = widgets.create(widget("one")).json()
    labelled = widgets.merge("one", {"metadata": {"labels": {"a": "b"}}}).json()
    assert labelled["metadata"]["generation"] == 1
    assert int(labelled["metadata"]["resourceVersion"]) > int(body["metadata"]["resourceVersion"])
    resized = widgets.merge("one", {"spec": {"size": 4}}).json()
    assert resized["metadata"]["generation"] == 2


def test_a_write_that_changes_nothing_leaves_no_trace(widgets: Widgets) -> None:
    widgets.create(widget("one"))
    body = widgets.get("one").json()
    assert widgets.replace(body, fieldManager="someone").json() == body
    assert widgets.merge("one", {"spec": {"colour": "red"}}).json() == body


def test_status_has_a_door_of_its_own(widgets: Widgets) -> None:
    body = widgets.create(widget("one")).json()
    through_main = widgets.merge("one", {"status": {"phase": "x"}}).json()
    assert "status" not in through_main
    assert through_main["metadata"]["resourceVersion"] == body["metadata"]["resourceVersion"]
    sent = {**body, "spec": {"colour": "blue"}, "status": {"phase": "ok"}}
    sent["metadata"] = {**body["metadata"], "labels": {"ignored": "yes"}}
    answer = widgets.replace(sent, sub="/status").json()
    assert answer["status"] == {"phase": "ok"}
    assert answer["spec"]["colour"] == "red"
    assert "labels" not in answer["metadata"]
    assert answer["metadata"]["generation"] == 1
    assert widgets.client.get(f"{widgets.path}/one/status").json() == answer
    kept = widgets.replace({**answer, "spec": {"colour": "green"}, "status": {}}).json()
    assert (kept["status"], kept["spec"]["colour"]) == ({"phase": "ok"}, "green")


def test_a_deleted_object_is_gone(widgets: Widgets) -> None:
    body = widgets.create(widget("one")).json()
    answer = widgets.delete("one")
    assert answer.status_code == 200
    assert answer.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "one", "group": GROUP, "kind": "widgets", "uid": body["metadata"]["uid"]},
    }
    assert widgets.get("one").status_code == 404


@pytest.mark.parametrize(
    ("precondition", "told"),
    [
        ({"uid": "other"}, "the UID in the precondition (other) does not match the UID in record"),
        (
            {"resourceVersion": "1"},
            "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record",
        ),
    ],
)
def test_a_delete_may_name_what_it_means(widgets: Widgets, precondition: dict[str, str], told: str) -> None:
    widgets.create(widget("one"))
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": precondition}
    answer = widgets.delete("one", options)
    assert_status(answer, 409, "Conflict")
    assert told in answer.json()["message"]
    assert widgets.get("one").status_code == 200


def test_finalizers_hold_a_deleted_object(widgets: Widgets) -> None:
    widgets.create(widget("one", finalizers=["example.dev/hold"]))
    answer = widgets.delete("one")
    metadata = answer.json()["metadata"]
    assert (answer.status_code, answer.json()["kind"]) == (200, "Widget")
    assert metadata["deletionGracePeriodSeconds"] == 0
    assert metadata["deletionTimestamp"]
    assert metadata["generation"] == 2
    again = widgets.delete("one").json()["metadata"]
    assert again["deletionTimestamp"] == metadata["deletionTimestamp"]
    another = widgets.merge("one", {"metadata": {"finalizers": ["example.dev/hold", "example.dev/more"]}})
    assert_status(another, 422, "Invalid")
    assert "no new finalizers can be added if the object is being deleted" in another.json()["message"]
    edited = widgets.merge("one", {"spec": {"size": 4}})
    assert edited.status_code == 200
    last = widgets.merge("one", {"metadata": {"finalizers": None}})
    assert (last.status_code, last.json()["kind"]) == (200, "Widget")
    assert widgets.get("one").status_code == 404


def test_a_deletion_timestamp_cannot_be_taken_back(widgets: Widgets) -> None:
    widgets.create(widget("one", finalizers=["example.dev/hold"]))
    stamp = widgets.delete("one").json()["metadata"]["deletionTimestamp"]
    kept = widgets.merge("one", {"metadata": {"deletionTimestamp": None}}).json()
    assert kept["metadata"]["deletionTimestamp"] == stamp


def test_many_objects_are_deleted_by_their_labels(widgets: Widgets) -> None:
    for name in "abc":
        widgets.create(widget(name, labels={"odd": str(name != "b").lower()}))
    answer = widgets.client.delete(widgets.path, params={"labelSelector": "odd=true"})
    assert answer.status_code == 200
    assert answer.json()["kind"] == "WidgetList"
    assert [item["metadata"]["name"] for item in answer.json()["items"]] == ["a", "c"]
    assert widgets.names() == ["b"]


def test_a_dry_run_answers_and_stores_nothing(widgets: Widgets) -> None:
    created = widgets.create(widget("one"), dryRun="All")
    assert (created.status_code, created.json()["spec"]["size"]) == (201, 3)
    assert "resourceVersion" not in created.json()["metadata"]
    assert widgets.get("one").status_code == 404
    widgets.create(widget("one"))
    assert widgets.merge("one", {"spec": {"size": 5}}, dryRun="All").json()["spec"]["size"] == 5
    assert widgets.delete("one", dryRun="All").json()["status"] == "Success"
    assert widgets.get("one").json()["spec"]["size"] == 3
    applied = widgets.apply("ci", widget("two"), dryRun="All")
    assert applied.status_code == 201
    assert widgets.get("two").status_code == 404


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"dryRun": "Some"}, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
        (
            {"fieldValidation": "Maybe"},
            'fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
        ),
        ({"fieldManager": "x" * 129}, "fieldManager: Too long: may not be more than 128 bytes"),
    ],
)
def test_options_that_do_not_exist_are_refused(widgets: Widgets, params: dict[str, str], told: str) -> None:
    answer = widgets.create(widget("one"), **params)
    assert_status(answer, 422, "Invalid", f'CreateOptions.meta.k8s.io "" is invalid: {told}')


@pytest.mark.parametrize("metadata", [{}, None])
def test_a_write_names_its_object(widgets: Widgets, metadata: dict[str, str] | None) -> None:
    widgets.create(widget("one"))
    told = "the name of the object (one based on URL) was undeterminable: name must be provided"
    body = {**widget("one"), "metadata": metadata}
    replaced = widgets.client.put(f"{widgets.path}/one", json=body)
    patched = widgets.merge("one", {"metadata": None})
    for answer in (replaced, patched):
        assert_status(answer, 400, "BadRequest", told)
    apply = "application/apply-patch+yaml"
    assert widgets.patch("one", apply, body, fieldManager="ci", force="true").status_code == 200
    new = widgets.patch("two", apply, body, fieldManager="ci")
    assert_status(new, 400, "BadRequest", told.replace("one", "two"))


@pytest.mark.parametrize("metadata", [[], {"name": 5}, {"name": "one", "labels": {"a": 1}}])
def test_metadata_of_another_form_cannot_be_decoded(widgets: Widgets, metadata: object) -> None:
    answer = widgets.client.post(widgets.path, json={**widget("one"), "metadata": metadata})
    assert_status(answer, 400, "BadRequest")
    told = 'Widget in version "v1" cannot be handled as a Widget: '
    assert answer.json()["message"].startswith(told)
