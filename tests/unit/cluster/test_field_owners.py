"""Whose a field is, and what handing over does to the book-keeping."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.cluster.failures import Refused
from reconciler.cluster.field_owners import (
    conflicts_in,
    earlier_appliers,
    handed_over,
    may_take,
    owner_class,
)
from reconciler.model.steps import FieldOwner, OwnerClass
from reconciler.settings.model import PEOPLE_MANAGERS


def entry(manager: str, operation: str = "Update", subresource: str = "", **fields: Any) -> dict[str, Any]:
    made = {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields}
    return {**made, "subresource": subresource} if subresource else made


@pytest.mark.parametrize(
    ("manager", "told"),
    [
        ("kubectl-edit", OwnerClass.PEOPLE),
        ("K9S", OwnerClass.PEOPLE),
        ("OpenLens", OwnerClass.PEOPLE),
        ("Mozilla", OwnerClass.PEOPLE),
        ("gko-tui", OwnerClass.OURS),
        ("gko-tui-2", OwnerClass.CONTROLLER),
        ("manager", OwnerClass.CONTROLLER),
        ("argocd-controller", OwnerClass.CONTROLLER),
        ("", OwnerClass.CONTROLLER),
    ],
)
def test_the_class_of_an_owner_decides(manager: str, told: OwnerClass) -> None:
    assert owner_class(manager, PEOPLE_MANAGERS) is told


def test_the_list_of_peoples_tools_is_the_configurations() -> None:
    assert owner_class("my-tool", ["my-*"]) is OwnerClass.PEOPLE
    assert owner_class("kubectl-edit", ["my-*"]) is OwnerClass.CONTROLLER


@pytest.mark.parametrize(
    ("message", "manager"),
    [
        ('conflict with "one"', "one"),
        ('conflict with "kubectl-edit" using gravitee.io/v1alpha1', "kubectl-edit"),
        ('conflict with "m" with subresource "scale" using v1 at 2024-01-01T00:00:00Z', "m"),
        (r'conflict with "a \"quoted\" one" using v1', 'a "quoted" one'),
        (r'conflict with "odd \x00"', r"odd \x00"),
    ],
)
def test_a_conflict_names_manager_and_path(message: str, manager: str) -> None:
    error = Refused("no", causes=(("FieldManagerConflict", message, ".spec.size"),), status=409)
    assert [(one.manager, one.path) for one in conflicts_in(error, ())] == [(manager, ".spec.size")]


def test_other_causes_are_no_conflicts() -> None:
    error = Refused("no", causes=(("FieldValueInvalid", 'conflict with "x"', "spec"), ("", "", "")))
    assert conflicts_in(error, ()) == ()


def test_one_controller_is_enough_to_leave_all_alone() -> None:
    person = FieldOwner("k9s", ".a", OwnerClass.PEOPLE)
    assert may_take([person, FieldOwner("gko-tui", ".b", OwnerClass.OURS)])
    assert not may_take([person, FieldOwner("manager", ".b", OwnerClass.CONTROLLER)])


def test_peoples_edits_status_writers_and_controllers_are_not_earlier_appliers() -> None:
    fields = [
        entry("kubectl-client-side-apply"),
        entry("kubectl", "Apply"),
        entry("kubectl"),
        entry("kubectl-edit"),
        entry("helm"),
        entry("argocd-controller", "Apply"),
        entry("kustomize-controller", "Apply"),
        entry("gko-tui", "Apply"),
        entry("manager"),
        entry("kubectl-client-side-apply", "Update", "status"),
    ]
    assert earlier_appliers(fields) == ("kubectl-client-side-apply", "kubectl")


@pytest.mark.parametrize("fields", [None, [], "x", [None, 3], [{}], [{"manager": None}]])
def test_broken_book_keeping_hands_nothing_over(fields: Any) -> None:
    assert earlier_appliers(fields) == ()
    assert handed_over(fields, ["kubectl"]) is None


def test_field_sets_are_joined_and_a_field_beside_its_children_stays_one() -> None:
    made = handed_over(
        [
            entry(
                "kubectl-create", **{"f:spec": {"f:a": {}, "f:m": {"f:x": {}}, "f:l": {".": {}, "f:q": {}}}}
            ),
            entry("gko-tui", "Apply", **{"f:spec": {"f:b": {}, "f:m": {}, "f:l": {"f:r": {}}}}),
            entry("k9s", **{"f:spec": {"f:c": {}}}),
        ],
        ["kubectl-create"],
    )
    assert made is not None
    assert [one["manager"] for one in made] == ["k9s", "gko-tui"]
    assert made[1]["operation"] == "Apply"
    assert made[1]["fieldsV1"] == {
        "f:spec": {
            "f:a": {},
            "f:b": {},
            "f:m": {".": {}, "f:x": {}},
            "f:l": {".": {}, "f:q": {}, "f:r": {}},
        }
    }


def test_kubectls_copy_of_the_object_is_not_taken_over() -> None:
    name = "f:kubectl.kubernetes.io/last-applied-configuration"
    made = handed_over(
        [
            entry(
                "kubectl-client-side-apply",
                **{"f:metadata": {"f:annotations": {".": {}, name: {}}, "f:labels": {"f:a": {}}}},
            )
        ],
        ["kubectl-client-side-apply"],
    )
    assert made is not None
    assert made[0]["fieldsV1"] == {"f:metadata": {"f:labels": {"f:a": {}}}}
