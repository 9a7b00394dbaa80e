"""What normalising keeps, drops and explains; the same for both sides, and the same when done twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from reconciler.model.changes import Ignored, path_text
from reconciler.rules.comparing import comparable_digest
from reconciler.rules.kinds.kind_rules import KindRules
from reconciler.rules.lists import SET
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD, RuleSet
from tests.unit.rules.documents import api_specs
from tests.unit.rules.schemas import API, NONE, api, resource

KEY = b"k" * 32


def digest(body: dict[str, Any]) -> bytes:
    """The comparable digest of a body under the small API schema."""
    return comparable_digest(normalise(body, API, STANDARD), KEY)


def test_only_labels_annotations_and_what_is_wanted_are_left() -> None:
    body = api(name="orders")
    body["metadata"] |= {
        "uid": "1",
        "resourceVersion": "7",
        "labels": {"team": "a"},
        "annotations": {"b": "c"},
    }
    body["status"] = {"state": "STARTED"}
    assert normalise(body, NONE, STANDARD) == {
        "metadata": {"labels": {"team": "a"}, "annotations": {"b": "c"}},
        "spec": {"name": "orders"},
    }


def test_annotations_that_tools_write_for_themselves_are_not_compared() -> None:
    body = api()
    body["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "gravitee.io/last-spec-hash": "abc",
    }
    assert "metadata" not in normalise(body, NONE, STANDARD)


def test_other_top_level_fields_are_compared_too() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque", "data": {"a": "Yg=="}}
    assert normalise(secret, NONE, STANDARD) == {"type": "Opaque", "data": {"a": "Yg=="}}


def test_defaults_on_one_side_are_no_difference() -> None:
    assert digest(api(name="a", plans={"k": {"name": "p"}})) == digest(
        api(
            name="a",
            state="STARTED",
            labels=[],
            properties=[],
            flows=[],
            plans={"k": {"name": "p", "status": "PUBLISHED", "tags": [], "flows": []}},
        )
    )


def test_empty_flow_phases_that_gko_drops_are_no_difference() -> None:
    flow = {"name": "f", "request": [{"policy": "mock"}]}
    assert digest(api(flows=[{**flow, "response": [], "tags": []}])) == digest(api(flows=[flow]))


def test_an_emptied_phase_that_had_steps_is_a_difference() -> None:
    assert digest(api(flows=[{"name": "f", "request": [{"policy": "mock"}]}])) != digest(
        api(flows=[{"name": "f", "request": []}])
    )


def test_the_empty_load_balancing_that_gko_adds_to_v2_is_no_difference() -> None:
    git = resource("ApiDefinition", proxy={"groups": [{"name": "g"}]})
    cluster = resource("ApiDefinition", proxy={"groups": [{"name": "g", "load_balancing": {}}]})
    assert normalise(git, NONE, STANDARD) == normalise(cluster, NONE, STANDARD)


def test_what_the_application_webhook_fills_in_is_no_difference() -> None:
    def application(*certificates: dict[str, Any]) -> dict[str, Any]:
        return resource("Application", name="shop", settings={"tls": {"clientCertificates": [*certificates]}})

    git = application({"ref": {"name": "s"}}, {"content": "PEM\n"})
    cluster = application(
        {"name": "shop-0", "ref": {"name": "s", "kind": "secrets", "key": "tls.crt"}},
        {"name": "shop-1", "content": "PEM"},
    )
    other = application(
        {"name": "shop-0", "ref": {"name": "s", "kind": "configmaps"}}, {"name": "shop-1", "content": "PEM"}
    )
    assert normalise(git, NONE, STANDARD) == normalise(cluster, NONE, STANDARD)
    assert normalise(git, NONE, STANDARD) != normalise(other, NONE, STANDARD)


@pytest.mark.parametrize("settings_of", [None, "text", {"tls": None}, {"tls": {"clientCertificates": "no"}}])
def test_application_rules_survive_values_of_a_wrong_type(settings_of: object) -> None:
    body = resource("Application", name="shop", settings=settings_of)
    assert normalise(body, NONE, STANDARD)["spec"]["settings"] == settings_of


@pytest.mark.parametrize("metadata", [None, "text", {"labels": "x", "annotations": [1]}])
def test_metadata_of_a_wrong_type_counts_as_none(metadata: object) -> None:
    assert normalise({"kind": "Group", "metadata": metadata, "spec": {}}, NONE, STANDARD) == {"spec": {}}


def test_everything_hidden_or_filled_is_named_with_its_rule() -> None:
    ignored: list[Ignored] = []
    body = api(
        tags=["b", "a"],
        oops=1,
        flows=[{"name": "f", "response": [], "request": None}],
        version=None,
        name="n",
    )
    body["status"] = {}
    body["metadata"] |= {"uid": "1", "annotations": {"gravitee.io/last-spec-hash": "x"}}
    normalise(body, API, STANDARD, ignored=ignored)
    told = {(path_text(entry.path), entry.rule) for entry in ignored}
    assert told >= {
        ("status", "server-field"),
        ("metadata.uid", "server-field"),
        ('metadata.annotations["gravitee.io/last-spec-hash"]', "server-annotation"),
        ("spec.oops", "not-in-schema"),
        ("spec.version", "null-is-absent"),
        ("spec.tags", "order-means-nothing"),
        ("spec.flows[f].response", "empty-is-absent"),
        ("spec.flows[f].enabled", "schema-default"),
        ("spec.state", "schema-default"),
    }
    assert not any(path == "spec.name" for path, _ in told)


def test_named_rules_are_told_where_they_acted() -> None:
    ignored: list[Ignored] = []
    body = resource("Application", name="a", settings={"tls": {"clientCertificate": " PEM "}})
    normalise(body, NONE, STANDARD, ignored=ignored)
    assert Ignored(("spec", "settings", "tls", "clientCertificate"), "trimmed-certificates") in ignored


def test_the_rules_digest_changes_with_the_rules() -> None:
    assert RuleSet().digest == STANDARD.digest
    assert RuleSet([KindRules("Group", lists={"spec.x": SET})]).digest != RuleSet([KindRules("Group")]).digest


@settings(max_examples=60, deadline=None)
@given(spec=api_specs())
def test_normalising_twice_is_normalising_once(spec: dict[str, Any]) -> None:
    body = api(**spec)
    for schema in (API, NONE):
        once = normalise(body, schema, STANDARD)
        assert normalise({**once, "kind": "ApiV4Definition"}, schema, STANDARD) == once
