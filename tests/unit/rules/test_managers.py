"""Who wrote a leaf, from managedFields."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyPath, KeyStep
from reconciler.rules.managers import Author, blame, is_person, last_write, managers_of

T1, T2 = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"
AT1, AT2 = 1704067200.0, 1704153600.0


def entry(manager: str, time: str | None, fields: Any, **more: Any) -> dict[str, Any]:
    """One entry of managedFields."""
    return {"manager": manager, "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields, **more}


FIELDS = [
    entry(
        "argocd-controller",
        T1,
        {
            "f:spec": {
                "f:name": {},
                "f:plans": {".": {}, "f:gold": {".": {}, "f:name": {}}},
                "f:flows": {},
                "f:navigation": {
                    'k:{"path":"/a"}': {".": {}, "f:path": {}},
                    'k:{"path":"/b","zone":1}': {".": {}, "f:path": {}},
                },
                "f:tags": {'v:"internal"': {}},
            }
        },
    ),
    entry("kubectl-edit", T2, {"f:spec": {"f:plans": {"f:free": {".": {}, "f:name": {}}}, "f:name": {}}}),
    entry("gko", T2, {"f:status": {"f:state": {}}, "f:spec": {"f:version": {}}}, subresource="status"),
]
BODY: dict[str, Any] = {
    "spec": {"navigation": [{"path": "/a"}, {"path": "/b", "zone": 1}], "tags": ["internal"]},
    "metadata": {"managedFields": FIELDS},
}


@pytest.mark.parametrize(
    ("path", "manager"),
    [
        (("spec", "plans", "gold", "name"), "argocd-controller"),
        (("spec", "plans", "free"), "kubectl-edit"),
        (("spec", "plans", "free", "name"), "kubectl-edit"),
        (("spec", "flows", KeyStep("f"), "request", 0, "policy"), "argocd-controller"),
        (("spec", "navigation", KeyStep("/a"), "path"), "argocd-controller"),
        (("spec", "navigation", KeyStep("/b/1"), "path"), "argocd-controller"),
        (("spec", "tags", KeyStep("internal")), "argocd-controller"),
        (("spec", "tags", KeyStep("external")), None),
        (("spec", "plans", "gold", "status"), None),
        (("spec", "version"), None),
        (("metadata", "labels", "team"), None),
    ],
)
def test_the_owner_of_a_path_is_found(path: KeyPath, manager: str | None) -> None:
    found = managers_of(FIELDS, path, BODY)
    assert (found.manager if found else None) == manager


def test_of_several_owners_the_newest_is_named_with_its_time() -> None:
    assert managers_of(FIELDS, ("spec", "name"), BODY) == Author("kubectl-edit", AT2)


def test_the_last_write_of_spec_leaves_status_and_labels_aside() -> None:
    labels = entry("kubectl-label", "2025-01-01T00:00:00Z", {"f:metadata": {"f:labels": {"f:a": {}}}})
    assert last_write([*FIELDS, labels]) == Author("kubectl-edit", AT2)
    assert last_write(FIELDS[:1]) == Author("argocd-controller", AT1)


@pytest.mark.parametrize(
    "fields", [None, "x", [1], [{}], [entry("m", "soon", {"f:spec": "x"})], [{"fieldsV1": 3}]]
)
def test_managed_fields_of_another_shape_count_as_none(fields: Any) -> None:
    assert managers_of(fields, ("spec", "name", "x"), {}) is None


def test_a_time_that_is_none_is_unknown() -> None:
    fields = [entry("m", "soon", {"f:spec": {"f:name": {}}}), entry("n", None, {})]
    assert managers_of(fields, ("spec", "name"), {}) == Author("m", None)


def test_each_change_gets_its_author_and_what_is_missing_gets_none() -> None:
    changes = [
        Change(("spec", "plans", "free"), ChangeKind.ADDED, ABSENT, {}),
        Change(("spec", "plans", "gold", "name"), ChangeKind.REMOVED, "x", ABSENT),
    ]
    added, removed = blame(changes, BODY)
    assert (added.manager, added.at) == ("kubectl-edit", AT2)
    assert (removed.manager, removed.at) == (None, None)
    assert blame(changes, {"metadata": None}) == changes


@pytest.mark.parametrize(
    "name", ["kubectl-edit", "kubectl-patch", "k9s", "Mozilla", "Lens", "headlamp-server"]
)
def test_tools_of_people_are_known(name: str) -> None:
    assert is_person(name)


@pytest.mark.parametrize(
    "name",
    [
        "kubectl",
        "kubectl-client-side-apply",
        "argocd-controller",
        "kustomize-controller",
        "helm",
        "gko-tui",
        "",
        None,
    ],
)
def test_what_applies_whole_manifests_is_no_person(name: str | None) -> None:
    assert not is_person(name)
