"""The built-in kinds that the program meets: leases, events, secrets, config maps, namespaces, CRDs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Peer, until
from tests.contract.widgets import (
    CRD_PATH,
    GROUP,
    STRATEGIC_PATCH,
    Widgets,
    assert_status,
    causes,
    definition,
    owners,
    widget,
)


def core(namespace: str, plural: str) -> str:
    return f"/api/v1/namespaces/{namespace}/{plural}"


def leases(namespace: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


def lease(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec,
    }  # fmt: skip


def secret(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **more}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


# -- leases -------------------------------------------------------------------------------------------


def test_a_lease_is_won_by_one(peer: Peer, namespace: str) -> None:
    """Given two that read the same lease, when both renew it, the second is told that it lost."""
    path = leases(namespace)
    mine = peer.client.post(path, json=lease("leader", holderIdentity="a", leaseDurationSeconds=15)).json()
    first = {**mine, "spec": {**mine["spec"], "holderIdentity": "b"}}
    second = {**mine, "spec": {**mine["spec"], "holderIdentity": "c"}}
    assert peer.client.put(f"{path}/leader", json=first).status_code == 200
    answer = peer.client.put(f"{path}/leader", json=second)
    assert_status(answer, 409, "Conflict")
    assert answer.json()["details"] == {"name": "leader", "group": "coordination.k8s.io", "kind": "leases"}
    assert peer.client.get(f"{path}/leader").json()["spec"]["holderIdentity"] == "b"


def test_the_times_of_a_lease_have_microseconds(peer: Peer, namespace: str) -> None:
    body = lease("leader", renewTime="2026-01-02T04:04:05.123456+01:00")
    spec = peer.client.post(leases(namespace), json=body).json()["spec"]
    assert spec["renewTime"] == "2026-01-02T03:04:05.123456Z"
    for text in ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5Z", "soon"):
        answer = peer.client.post(leases(namespace), json=lease("other", renewTime=text))
        assert_status(answer, 400, "BadRequest")
        assert answer.json()["message"].startswith('Lease in version "v1" cannot be handled as a Lease: ')


def test_a_lease_lasts(peer: Peer, namespace: str) -> None:
    answer = peer.client.post(leases(namespace), json=lease("leader", leaseDurationSeconds=0))
    assert_status(answer, 422, "Invalid")
    told = "Invalid value: 0: must be greater than 0"
    assert causes(answer) == {("spec.leaseDurationSeconds", "FieldValueInvalid", told)}


def test_a_lease_can_be_made_by_replacing_it(peer: Peer, namespace: str) -> None:
    answer = peer.client.put(f"{leases(namespace)}/leader", json=lease("leader", holderIdentity="a"))
    assert (answer.status_code, answer.json()["spec"]) == (201, {"holderIdentity": "a"})


def test_a_field_of_another_type_cannot_be_decoded(peer: Peer, namespace: str) -> None:
    answer = peer.client.post(leases(namespace), json=lease("leader", leaseDurationSeconds="long"))
    assert_status(answer, 400, "BadRequest")
    assert answer.json()["message"].startswith('Lease in version "v1" cannot be handled as a Lease: ')


# -- secrets and config maps --------------------------------------------------------------------------


def test_a_secret_keeps_base64_whatever_it_was_given(peer: Peer, namespace: str) -> None:
    body = secret("s", data={"a": "eA=="}, stringData={"b": "y"})
    answer = peer.client.post(core(namespace, "secrets"), json=body).json()
    assert (answer["data"], answer["type"]) == ({"a": "eA==", "b": "eQ=="}, "Opaque")
    assert "stringData" not in answer
    assert "generation" not in answer["metadata"]


def test_a_secret_must_be_base64(peer: Peer, namespace: str) -> None:
    answer = peer.client.post(core(namespace, "secrets"), json=secret("s", data={"a": "***"}))
    assert_status(answer, 400, "BadRequest")
    assert answer.json()["message"].startswith('Secret in version "v1" cannot be handled as a Secret: ')


def test_the_type_of_a_secret_stays(peer: Peer, namespace: str) -> None:
    path = core(namespace, "secrets")
    peer.client.post(path, json=secret("s"))
    answer = peer.client.put(f"{path}/s", json=secret("s", type="other"))
    assert_status(answer, 422, "Invalid")
    assert ("type", "FieldValueInvalid", 'Invalid value: "other": field is immutable') in causes(answer)


def test_a_config_map_can_be_replaced_whatever_it_was(peer: Peer, namespace: str) -> None:
    path = core(namespace, "configmaps")
    peer.client.post(path, json=config_map("c", a="1"))
    answer = peer.client.put(f"{path}/c", json=config_map("c", b="2"))
    assert (answer.status_code, answer.json()["data"]) == (200, {"b": "2"})


def test_a_config_map_changes_only_at_the_version_that_was_read(peer: Peer, namespace: str) -> None:
    path = core(namespace, "configmaps")
    first = peer.client.post(path, json=config_map("c", a="1")).json()
    peer.client.put(f"{path}/c", json={**first, "data": {"a": "2"}})
    assert_status(peer.client.put(f"{path}/c", json={**first, "data": {"a": "3"}}), 409, "Conflict")


def test_an_immutable_config_map_stays(peer: Peer, namespace: str) -> None:
    path = core(namespace, "configmaps")
    peer.client.post(path, json={**config_map("c", a="1"), "immutable": True})
    answer = peer.client.put(f"{path}/c", json={**config_map("c", a="2"), "immutable": True})
    assert_status(answer, 422, "Invalid")
    told = "Forbidden: field is immutable when `immutable` is set"
    assert causes(answer) == {("data", "FieldValueForbidden", told)}


def test_the_keys_of_a_config_map_have_owners(peer: Peer, namespace: str) -> None:
    path = core(namespace, "configmaps")
    made = peer.client.post(path, json=config_map("c", a="1"), params={"fieldManager": "maker"})
    assert owners(made) == {("maker", "Update", ""): {"f:data": {".": {}, "f:a": {}}}}
    applied = peer.client.patch(
        f"{path}/c",
        json=config_map("c", b="2"),
        params={"fieldManager": "ci"},
        headers={"Content-Type": "application/apply-patch+yaml"},
    )
    assert owners(applied)["ci", "Apply", ""] == {"f:data": {"f:b": {}}}
    assert applied.json()["data"] == {"a": "1", "b": "2"}


def test_built_in_kinds_take_strategic_patches(peer: Peer, namespace: str) -> None:
    path = core(namespace, "configmaps")
    body = config_map("c", a="1", b="2")
    body["metadata"]["finalizers"] = ["example.dev/a"]
    peer.client.post(path, json=body)
    patch = {"metadata": {"finalizers": ["example.dev/b"]}, "data": {"a": None, "c": "3"}}
    answer = peer.client.patch(f"{path}/c", json=patch, headers={"Content-Type": STRATEGIC_PATCH}).json()
    assert answer["data"] == {"b": "2", "c": "3"}
    assert set(answer["metadata"]["finalizers"]) == {"example.dev/a", "example.dev/b"}
    less = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.dev/a"]}}
    answer = peer.client.patch(f"{path}/c", json=less, headers={"Content-Type": STRATEGIC_PATCH}).json()
    assert answer["metadata"]["finalizers"] == ["example.dev/b"]


def test_items_of_built_in_lists_do_not_repeat_their_kind(peer: Peer, namespace: str) -> None:
    path = core(namespace, "configmaps")
    peer.client.post(path, json=config_map("c", a="1"))
    body = peer.client.get(path).json()
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert [("kind" in item, item["data"]) for item in body["items"]] == [(False, {"a": "1"})]


# -- events -------------------------------------------------------------------------------------------


def event(name: str, namespace: str, about: str, **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name},
        "involvedObject": {"kind": "Widget", "namespace": namespace, "name": about},
        "reason": "Drifted",
        "message": "spec.size was changed",
        "type": "Warning",
        "firstTimestamp": "2026-01-02T03:04:05Z",
        **more,
    }


def test_events_are_found_by_what_they_are_about(peer: Peer, namespace: str) -> None:
    path = core(namespace, "events")
    for name, about in (("a", "one"), ("b", "two"), ("c", "one")):
        answer = peer.client.post(path, json=event(name, namespace, about, count=1))
        assert answer.status_code == 201, answer.text
    assert answer.json()["firstTimestamp"] == "2026-01-02T03:04:05Z"
    found = peer.client.get(path, params={"fieldSelector": "involvedObject.name=one,type=Warning"}).json()
    assert [item["metadata"]["name"] for item in found["items"]] == ["a", "c"]
    counted = {"count": 2, "lastTimestamp": "2026-01-02T03:05:05Z"}
    headers = {"Content-Type": "application/merge-patch+json"}
    assert peer.client.patch(f"{path}/a", json=counted, headers=headers).json()["count"] == 2


def test_an_event_has_its_fields_even_where_they_say_nothing(peer: Peer, namespace: str) -> None:
    about = {"namespace": namespace}
    body = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a"}, "involvedObject": about}
    answer = peer.client.post(core(namespace, "events"), json=body, params={"fieldManager": "maker"})
    made = answer.json()
    for name in ("metadata", "apiVersion", "kind"):
        del made[name]
    assert made == {
        "involvedObject": about, "source": {}, "firstTimestamp": None, "lastTimestamp": None,
        "eventTime": None, "reportingComponent": "", "reportingInstance": "",
    }  # fmt: skip
    assert owners(answer) == {("maker", "Update", ""): {"f:involvedObject": {}}}


def test_the_keys_of_a_config_map_are_file_names(peer: Peer, namespace: str) -> None:
    answer = peer.client.post(core(namespace, "configmaps"), json=config_map("c", **{"a b": "1"}))
    assert_status(answer, 422, "Invalid")
    assert [field for field, _, _ in causes(answer)] == ["data[a b]"]


def test_an_event_lies_where_its_object_does(peer: Peer, namespace: str) -> None:
    answer = peer.client.post(core(namespace, "events"), json=event("a", "elsewhere", "one"))
    assert_status(answer, 422, "Invalid")
    told = 'Invalid value: "elsewhere": does not match event.namespace'
    assert ("involvedObject.namespace", "FieldValueInvalid", told) in causes(answer)


# -- namespaces ---------------------------------------------------------------------------------------


def test_a_namespace_is_made_active(peer: Peer, namespace: str) -> None:
    body = peer.client.get(f"/api/v1/namespaces/{namespace}").json()
    assert body["metadata"]["labels"] == {"kubernetes.io/metadata.name": namespace}
    assert body["spec"] == {"finalizers": ["kubernetes"]}
    assert body["status"] == {"phase": "Active"}


@pytest.mark.parametrize(
    ("name", "part"),
    [("a.b", "must not contain dots"), ("A_b", "a lowercase RFC 1123 label must consist of")],
)
def test_a_namespace_is_a_single_label(peer: Peer, name: str, part: str) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    answer = peer.client.post("/api/v1/namespaces", json=body)
    assert_status(answer, 422, "Invalid")
    ((field, _, told),) = causes(answer)
    assert (field, part in told) == ("metadata.name", True)


def test_a_namespace_that_ends_takes_nothing_new(peer: Peer, namespace: str, widgets: Widgets) -> None:
    widgets.create(widget("one"))
    answer = peer.client.delete(f"/api/v1/namespaces/{namespace}")
    body = answer.json()
    assert (answer.status_code, body["kind"], body["status"]["phase"]) == (200, "Namespace", "Terminating")
    assert body["metadata"]["deletionTimestamp"]

    # A real server's admission learns of it through a watch of its own.
    until(lambda: widgets.create(widget("two"), dryRun="All").status_code == 403)
    refused = widgets.create(widget("two"))
    assert_status(refused, 403, "Forbidden")
    assert refused.json()["message"] == (
        f'widgets.{GROUP} "two" is forbidden: unable to create new content in namespace {namespace} '
        "because it is being terminated"
    )
    assert widgets.get("one").status_code == 200


def test_some_namespaces_stay(peer: Peer) -> None:
    answer = peer.client.delete("/api/v1/namespaces/default")
    told = 'namespaces "default" is forbidden: this namespace may not be deleted'
    assert_status(answer, 403, "Forbidden", told)


# -- definitions --------------------------------------------------------------------------------------


def test_a_definition_comes_into_service_and_says_so(peer: Peer, namespace: str) -> None:
    gadget = definition("Gadget", status=False)
    answer = peer.client.post(CRD_PATH, json=gadget)
    assert answer.status_code == 201, answer.text
    path = f"{CRD_PATH}/gadgets.{GROUP}"

    def established() -> bool:
        conditions = peer.client.get(path).json().get("status", {}).get("conditions") or []
        return {"Established", "NamesAccepted"} <= {c["type"] for c in conditions if c["status"] == "True"}

    until(established)
    body = peer.client.get(path).json()
    assert body["spec"]["names"]["listKind"] == "GadgetList"
    assert body["spec"]["conversion"] == {"strategy": "None"}
    assert body["status"]["storedVersions"] == ["v1"]
    gadgets = Widgets(peer.client, namespace, "gadgets")
    until(lambda: gadgets.list().status_code == 200)
    # Without the subresource, status is a field like any other.
    made = gadgets.create({**widget("one"), "kind": "Gadget", "status": {"phase": "ok"}}).json()
    assert made["status"] == {"phase": "ok"}
    changed = gadgets.merge("one", {"status": {"phase": "changed"}}).json()
    assert changed["metadata"]["generation"] == 2
    assert peer.client.get(f"{gadgets.path}/one/status").status_code == 404
    assert peer.client.delete(path).status_code == 200
    until(lambda: gadgets.list().status_code == 404)
    until(lambda: peer.client.get(path).status_code == 404)


def test_a_schema_that_grew_stricter_locks_nothing_out(peer: Peer, namespace: str) -> None:
    """Given objects from before, faults that they had are let pass until the field is touched."""
    loose, strict = definition("Gizmo"), definition("Gizmo")
    for crd, colour in ((loose, {"type": "string"}), (strict, {"type": "string", "enum": ["red"]})):
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["spec"]["properties"]["colour"] = colour
    path = f"{CRD_PATH}/gizmos.{GROUP}"
    assert peer.client.post(CRD_PATH, json=loose).status_code == 201
    gizmos = Widgets(peer.client, namespace, "gizmos")
    until(lambda: gizmos.list().status_code == 200)
    made = gizmos.create({**widget("one", {"colour": "mauve"}), "kind": "Gizmo"})
    assert made.status_code == 201, made.text
    step = {"op": "replace", "path": "/spec/versions", "value": strict["spec"]["versions"]}
    headers = {"Content-Type": "application/json-patch+json"}
    assert peer.client.patch(path, json=[step], headers=headers).status_code == 200
    refused = {**widget("two", {"colour": "mauve"}), "kind": "Gizmo"}
    until(lambda: gizmos.create(refused, dryRun="All").status_code == 422)
    assert gizmos.merge("one", {"spec": {"size": 5}}).json()["spec"] == {
        "colour": "mauve", "size": 5, "on": True,
    }  # fmt: skip
    assert_status(gizmos.merge("one", {"spec": {"colour": "puce"}}), 422, "Invalid")
    assert peer.client.delete(path).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metadata": {"name": "other.contract.example.dev"}}, "metadata.name"),
        ({"versions": []}, "spec.versions"),
    ],
)
def test_a_definition_is_consistent(peer: Peer, change: dict[str, Any], field: str) -> None:
    crd = definition("Wrong")
    if "metadata" in change:
        crd["metadata"] = change["metadata"]
    else:
        crd["spec"].update(change)
    answer = peer.client.post(CRD_PATH, json=crd)
    assert_status(answer, 422, "Invalid")
    assert field in {name for name, _, _ in causes(answer)}
