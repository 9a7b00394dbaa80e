"""Finalizers and annotations on resources, and on the Secrets and ConfigMaps that they use."""

from __future__ import annotations

from typing import Any

from reconciler.rules.apim.standing_in.marks import (
    KINDS,
    SECRET_FINALIZER,
    TEMPLATING,
    Source,
    annotations_wanted,
    finalizers_wanted,
    marked,
    released,
    source_marked,
    spec_hash,
    template_sources,
)


def obj(kind: str, name: str = "x", spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": "ns", "name": name, **metadata}, "spec": spec or {}}


def test_every_kind_has_a_finalizer_and_no_other_has() -> None:
    for kind in KINDS:
        (name,) = finalizers_wanted(kind, obj(kind))
        assert name.startswith("finalizers.gravitee.io/")
    assert finalizers_wanted("KafkaRoute", obj("KafkaRoute")) == ()


def test_the_finalizer_comes_before_the_hash() -> None:
    tried = marked(obj("Group", finalizers=["others"]), accepted=False)
    assert tried["finalizers"] == ["others", "finalizers.gravitee.io/groups"]
    assert "annotations" not in tried
    accepted = marked({**obj("Group"), "metadata": tried}, accepted=True)
    assert accepted["finalizers"] == tried["finalizers"]
    assert set(accepted["annotations"]) == {"gravitee.io/last-spec-hash"}
    assert released({"kind": "Group", "metadata": accepted})["finalizers"] == ["others"]


def test_the_hash_follows_the_spec_and_nothing_else() -> None:
    one = obj("Group", spec={"name": "a", "members": [1, 2]})
    assert spec_hash(one) == spec_hash({**one, "spec": {"members": [1, 2], "name": "a"}, "status": {"id": 1}})
    assert spec_hash(one) != spec_hash({**one, "spec": {"name": "b"}})


def test_an_api_that_is_a_pattern_for_ingresses_has_marks_of_its_own() -> None:
    pattern = obj("ApiDefinition", annotations={"gravitee.io/template": "true"})
    assert finalizers_wanted("ApiDefinition", pattern) == ("finalizers.gravitee.io/apidefinitiontemplate",)
    assert annotations_wanted(pattern) == {}


def test_sources_are_found_in_templates_only() -> None:
    spec = {
        "name": "[[ secret `a/key` ]]",
        "plans": {"p": {"security": {"configuration": {"url": ["x [[ configmap `b/key` ]]"]}}}},
        "settings": {"tls": {"clientCertificates": [{"ref": {"name": "c"}}]}},
    }
    assert template_sources(obj("Application", spec=spec)) == {
        Source("Secret", "ns", "a"),
        Source("ConfigMap", "ns", "b"),
    }


def test_a_secret_tells_who_takes_values_from_it() -> None:
    users = [
        obj("Application", "web", {"name": "[[ secret `tpl/a` ]]"}),
        obj("Application", "app", {"name": "[[ secret `tpl/b` ]]"}),
        obj("ApiV4Definition", "pets", {"name": "[[ secret `tpl/a` ]]"}),
        obj("Group", "team", {"name": "[[ secret `other/a` ]]"}),
    ]
    metadata = source_marked(obj("Secret", "tpl", annotations={"theirs": "1"}), users)
    assert metadata["finalizers"] == [TEMPLATING]
    assert metadata["annotations"] == {
        "theirs": "1",
        "gravitee.io/applications": '["ns/app","ns/web"]',
        "gravitee.io/apiv4definitions": '["ns/pets"]',
        "gravitee.io/references": "3",
    }


def test_marks_leave_a_secret_with_its_last_user() -> None:
    user = obj("Application", "web", {"name": "[[ secret `tpl/a` ]]"})
    secret = obj("Secret", "tpl", finalizers=["theirs"])
    used = {**secret, "metadata": source_marked(secret, [user])}
    free = source_marked(used, [])
    assert free["finalizers"] == ["theirs"]
    assert free["annotations"] == {}


def test_a_secret_of_credentials_is_kept_while_a_context_names_it() -> None:
    context = obj("ManagementContext", "ctx", {"auth": {"secretRef": {"name": "one"}}})
    one, two = obj("Secret", "one"), obj("Secret", "two")
    marked_one = source_marked(one, [context])
    assert marked_one["finalizers"] == [SECRET_FINALIZER]
    assert annotations_wanted(context)["gravitee.io/last-secret-ref"] == "ns/one"
    moved = obj("ManagementContext", "ctx", {"auth": {"secretRef": {"name": "two"}}})
    assert source_marked({**one, "metadata": marked_one}, [moved])["finalizers"] == []
    assert source_marked(two, [moved])["finalizers"] == [SECRET_FINALIZER]


def test_an_unused_secret_is_left_exactly_as_it_is() -> None:
    secret = obj("Secret", "mine", labels={"a": "b"})
    assert source_marked(secret, [obj("Group", "g")]) == secret["metadata"]


def test_what_uses_nothing_is_what_it_was() -> None:
    assert released(obj("Group")) == obj("Group")["metadata"]
    assert template_sources({"kind": "Group", "metadata": {}, "spec": "no map"}) == frozenset()
