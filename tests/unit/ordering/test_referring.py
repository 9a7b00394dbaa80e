"""What resources refer to and what they claim, read from their specs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.model.keys import GROUP, ResourceKey
from reconciler.rules.referring import claims_of, references_of


def key(kind: str, name: str = "x", namespace: str = "shop") -> ResourceKey:
    return ResourceKey("prod", kind, namespace, name)


def targets(kind: str, spec: dict[str, Any]) -> set[str]:
    found = references_of(key(kind), {"spec": spec})
    return {f"{one.target.kind}/{one.target.namespace}/{one.target.name}" for one in found}


@pytest.mark.parametrize(
    ("kind", "spec", "told"),
    [
        ("ApiV4Definition", {"contextRef": {"name": "c"}}, "ManagementContext/shop/c"),
        ("Application", {"contextRef": {"name": "c", "namespace": "apim"}}, "ManagementContext/apim/c"),
        ("ApiV4Definition", {"resources": [{"ref": {"name": "r"}}]}, "ApiResource/shop/r"),
        ("ApiV4Definition", {"groupRefs": [{"name": "g"}]}, "Group/shop/g"),
        ("ApiDefinition", {"notificationsRefs": [{"name": "n"}]}, "Notification/shop/n"),
        (
            "ApiV4Definition",
            {"plans": {"p": {"flows": [{"request": [{"sharedPolicyGroupRef": {"name": "s"}}]}]}}},
            "SharedPolicyGroup/shop/s",
        ),
        ("Subscription", {"api": {"name": "a"}}, "ApiV4Definition/shop/a"),
        ("Subscription", {"api": {"name": "a", "kind": "apidefinitions"}}, "ApiDefinition/shop/a"),
        ("Subscription", {"application": {"name": "a", "namespace": "b"}}, "Application/b/a"),
        ("ManagementContext", {"auth": {"secretRef": {"name": "s"}}}, "Secret/shop/s"),
        ("ManagementContext", {"cloud": {"secretRef": {"name": "s"}}}, "Secret/shop/s"),
        (
            "Application",
            {"settings": {"tls": {"clientCertificates": [{"ref": {"kind": "configmaps", "name": "c"}}]}}},
            "ConfigMap/shop/c",
        ),
        ("PortalListing", {"portalRef": {"name": "p"}}, "Portal/shop/p"),
        ("PortalListing", {"apis": [{"ref": {"name": "a"}}]}, "ApiV4Definition/shop/a"),
        ("Documentation", {"apiRef": {"name": "a"}}, "ApiV4Definition/shop/a"),
        ("Notification", {"console": {"groupRefs": [{"name": "g"}]}}, "Group/shop/g"),
        ("Group", {"name": "[[ secret `s/key` ]]"}, "Secret/shop/s"),
        ("ApiResource", {"configuration": {"p": 'x [[configmap "c/k"]] y'}}, "ConfigMap/shop/c"),
    ],
)
def test_every_kind_of_reference_is_found(kind: str, spec: dict[str, Any], told: str) -> None:
    assert targets(kind, spec) == {told}


def test_a_plugins_configuration_refers_to_nothing() -> None:
    spec = {"configuration": {"secretRef": {"name": "s"}}, "sharedConfiguration": {"apiRef": {"name": "a"}}}
    assert targets("ApiResource", spec) == set()


@pytest.mark.parametrize(
    "spec",
    [None, [], {"contextRef": None}, {"contextRef": "c"}, {"contextRef": {"name": 3}}, {"groupRefs": 7}],
)
def test_what_is_not_shaped_as_a_reference_is_left_out(spec: Any) -> None:
    assert references_of(key("ApiV4Definition"), {"spec": spec}) == ()


def test_a_reference_says_in_which_field_it_stands() -> None:
    (found,) = references_of(key("ApiV4Definition"), {"spec": {"resources": [{}, {"ref": {"name": "r"}}]}})
    assert str(found) == "spec.resources[1].ref names ApiResource/shop/r"


def test_paths_are_claimed_as_apim_compares_them() -> None:
    def v4(path: str, host: str | None = None) -> frozenset[str]:
        listener = {"type": "HTTP", "paths": [{"path": path, "host": host}]}
        return claims_of(key("ApiV4Definition"), {"spec": {"listeners": [listener]}})

    assert v4("/a") == v4("a/") == v4("//a")
    assert v4("/a") != v4("/A")
    assert v4("/a") != v4("/a", "host")
    v2 = {"spec": {"proxy": {"virtual_hosts": [{"path": "/a"}]}}}
    assert claims_of(key("ApiDefinition"), v2) == v4("/a")


def test_claims_of_two_contexts_do_not_meet() -> None:
    def client(context: str) -> frozenset[str]:
        spec = {"name": "n", "contextRef": {"name": context}, "settings": {"app": {"clientId": "id"}}}
        return claims_of(key("Application"), {"spec": spec})

    assert len(client("one")) == 2
    assert client("one").isdisjoint(client("two"))


def test_the_example_manifests_are_read_without_losing_a_reference(shared_data: Path) -> None:
    """Every `…Ref` outside plugin configuration in the examples is either found or not shaped as one."""
    seen = 0
    for path in sorted((shared_data / "examples").rglob("*.y*ml")):
        for body in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            if not isinstance(body, dict) or not str(body.get("apiVersion", "")).startswith(GROUP):
                continue
            found = {(one.target.kind, one.target.name) for one in references_of(key(body["kind"]), body)}
            context = (body.get("spec") or {}).get("contextRef")
            if context:
                assert ("ManagementContext", context["name"]) in found
            if body["kind"] == "Subscription":
                assert {kind for kind, _ in found} >= {"Application"}
            seen += len(found)
            claims_of(key(body["kind"]), body)
    assert seen > 50
