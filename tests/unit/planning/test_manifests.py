"""The configuration that is applied."""

from __future__ import annotations

from reconciler.cluster.trace import OWN_ANNOTATION
from reconciler.engine.planning.manifests import as_stored, to_apply
from reconciler.engine.planning.marks import mark_of, marked_for
from reconciler.rules.schema import Schema
from tests.unit.planning.situations import key

API = key()
SCHEMA = Schema(
    {
        "properties": {
            "spec": {
                "properties": {
                    "members": {"type": "array"},
                    "maybe": {"type": "string", "nullable": True},
                    "plans": {
                        "additionalProperties": {"type": "object", "properties": {"tags": {"type": "array"}}}
                    },
                    "flows": {"items": {"type": "object", "properties": {"name": {"type": "string"}}}},
                    "configuration": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                }
            }
        }
    }
)


def made(**more: object) -> dict[str, object]:
    body = {"apiVersion": "v", "kind": "ApiV4Definition", "metadata": {"name": "orders"}, **more}
    return to_apply(body, API, "shop", SCHEMA)


def test_it_is_placed_and_carries_our_mark_for_itself() -> None:
    metadata = made()["metadata"]
    assert metadata == {
        "name": "orders",
        "namespace": "shop",
        "annotations": {OWN_ANNOTATION: "shop:ApiV4Definition/shop/orders"},
    }
    assert isinstance(metadata, dict)
    assert marked_for(metadata, API) == "shop"
    assert marked_for(metadata, key(name="copy")) == ""
    assert mark_of("a", API) != mark_of("b", API)


def test_what_a_server_or_kubectl_wrote_into_the_file_is_left_out() -> None:
    metadata = {
        "name": "orders",
        "uid": "u",
        "resourceVersion": "1",
        "managedFields": [{}],
        "creationTimestamp": None,
        "labels": {"a": "b"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "x"},
    }
    body = made(metadata=metadata, status={"x": 1})
    assert "status" not in body
    assert isinstance(body["metadata"], dict)
    assert sorted(body["metadata"]) == ["annotations", "labels", "name", "namespace"]
    assert sorted(body["metadata"]["annotations"]) == [OWN_ANNOTATION, "mine"]


def test_nulls_are_left_out_where_the_schema_takes_none() -> None:
    spec = {
        "members": None,
        "maybe": None,
        "unknown": None,
        "plans": {"gold": {"tags": None}, "empty": None},
        "flows": [{"name": None}],
        "configuration": {"nothing": None},
    }
    assert made(spec=spec)["spec"] == {
        "maybe": None,
        "unknown": None,
        "plans": {"gold": {}},
        "flows": [{}],
        "configuration": {"nothing": None},
    }


def test_the_document_in_git_is_not_changed() -> None:
    body = {"metadata": {"name": "orders"}, "spec": {"members": None}}
    to_apply(body, API, "shop", SCHEMA)
    assert body == {"metadata": {"name": "orders"}, "spec": {"members": None}}


def test_a_secret_is_written_as_the_server_keeps_it() -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA=="}, "stringData": {"b": "y"}}
    assert as_stored(body) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "data": {"a": "eA==", "b": "eQ=="},
    }
    assert as_stored({"apiVersion": "v1", "kind": "ConfigMap", "data": {}}) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
    }
    assert as_stored({"apiVersion": "gravitee.io/v1alpha1", "kind": "Secret", "stringData": {}}) == {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "Secret",
        "stringData": {},
    }
