"""JSON patch, merge patch, and the patches that are not taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.widgets import (
    GROUP,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Widgets,
    assert_status,
    widget,
)

REJECTED = "the server rejected our request due to an error in our request"
PLANS = {"k": {"name": "K"}, "l": {"name": "L"}}


@pytest.fixture
def one(widgets: Widgets) -> Widgets:
    """Give the widgets, one of which exists."""
    spec = {"colour": "red", "size": 5, "plans": PLANS, "plain": ["x", "y"]}
    assert widgets.create(widget("one", spec)).status_code == 201
    return widgets


def test_a_merge_patch_adds_changes_and_removes(one: Widgets) -> None:
    patch = {
        "spec": {"size": 6, "path": "/x", "plans": {"l": None, "k": {"status": "CLOSED"}}, "plain": ["z"]}
    }
    spec = one.merge("one", patch).json()["spec"]
    assert spec == {
        "colour": "red", "on": True, "size": 6, "path": "/x", "plain": ["z"],
        "plans": {"k": {"name": "K", "status": "CLOSED"}},
    }  # fmt: skip


def test_a_merge_patch_may_name_the_version_it_was_made_for(one: Widgets) -> None:
    revision = one.get("one").json()["metadata"]["resourceVersion"]
    stale = one.merge("one", {"metadata": {"resourceVersion": "1"}, "spec": {"size": 7}})
    assert_status(stale, 409, "Conflict")
    fresh = one.merge("one", {"metadata": {"resourceVersion": revision}, "spec": {"size": 7}})
    assert fresh.json()["spec"]["size"] == 7


@pytest.mark.parametrize(
    ("patch", "code", "told"),
    [
        (
            {"metadata": {"name": "two"}},
            400,
            "the name of the object (two) does not match the name on the URL (one)",
        ),
        (
            {"metadata": {"namespace": "two"}},
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            {"kind": "Other"},
            422,
            f'Other.{GROUP} "one" is invalid: kind: Invalid value: "Other": must be Widget',
        ),
        (
            {"metadata": {"uid": "two"}},
            422,
            f'Widget.{GROUP} "one" is invalid: metadata.uid: Invalid value: "two": field is immutable',
        ),
    ],
)
def test_identity_cannot_be_patched(one: Widgets, patch: dict[str, Any], code: int, told: str) -> None:
    answer = one.merge("one", patch)
    assert_status(answer, code, "BadRequest" if code == 400 else "Invalid", told)


def test_a_json_patch_is_carried_out_in_order(one: Widgets) -> None:
    spec = one.json_patch(
        "one",
        {"op": "test", "path": "/spec/size", "value": 5},
        {"op": "replace", "path": "/spec/size", "value": 6},
        {"op": "add", "path": "/spec/plain/-", "value": "z"},
        {"op": "add", "path": "/spec/plain/0", "value": "first"},
        {"op": "remove", "path": "/spec/plain/1"},
        {"op": "move", "from": "/spec/plans/k", "path": "/spec/plans/m"},
        {"op": "copy", "from": "/spec/plans/m", "path": "/spec/plans/n"},
    ).json()["spec"]
    assert (spec["size"], spec["plain"]) == (6, ["first", "y", "z"])
    assert sorted(spec["plans"]) == ["l", "m", "n"]


def test_a_json_pointer_escapes_slash_and_tilde(one: Widgets) -> None:
    operation = {"op": "add", "path": "/metadata/annotations", "value": {"example.dev/a~b": "1"}}
    # An annotation may not hold a tilde, so the escape is seen in what is refused.
    assert_status(one.json_patch("one", operation), 422, "Invalid")
    one.merge("one", {"metadata": {"annotations": {"example.dev/a": "1"}}})
    removed = one.json_patch("one", {"op": "remove", "path": "/metadata/annotations/example.dev~1a"})
    assert "annotations" not in removed.json()["metadata"]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/size", "value": 9},
        {"op": "test", "path": "/spec/path", "value": "/x"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "test", "path": "/spec/plain", "value": ["y", "x"]},
        {"op": "remove", "path": "/spec/path"},
        {"op": "remove", "path": "/spec/plain/9"},
        {"op": "add", "path": "/spec/plain/9", "value": "k"},
        {"op": "add", "path": "/spec/nested/deep/x", "value": "1"},
        {"op": "move", "from": "/spec/path", "path": "/spec/maybe"},
        {"op": "zap", "path": "/spec/size"},
    ],
    ids=lambda operation: f"{operation['op']}-{operation['path']}",
)
def test_a_json_patch_that_cannot_be_carried_out_changes_nothing(
    one: Widgets, operation: dict[str, Any]
) -> None:
    before = one.get("one").json()
    first = {"op": "replace", "path": "/spec/colour", "value": "blue"}
    answer = one.json_patch("one", first, operation)
    assert_status(answer, 422, "Invalid", REJECTED)
    assert answer.json()["details"] == {}
    assert one.get("one").json() == before


def test_a_missing_value_equals_null_in_a_test(one: Widgets) -> None:
    answer = one.json_patch(
        "one",
        {"op": "test", "path": "/spec/path", "value": None},
        {"op": "replace", "path": "/spec/path", "value": "/made"},
    )
    assert answer.json()["spec"]["path"] == "/made"


def test_removing_an_added_plan_is_guarded_by_its_value_and_version(one: Widgets) -> None:
    seen = one.get("one").json()
    guard = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": seen["metadata"]["resourceVersion"]},
        {"op": "test", "path": "/spec/plans/l", "value": seen["spec"]["plans"]["l"]},
        {"op": "remove", "path": "/spec/plans/l"},
    ]
    one.merge("one", {"metadata": {"labels": {"moved": "on"}}})
    assert_status(one.json_patch("one", *guard), 422, "Invalid")
    guard[0]["value"] = one.get("one").json()["metadata"]["resourceVersion"]
    assert list(one.json_patch("one", *guard).json()["spec"]["plans"]) == ["k"]


@pytest.mark.parametrize(
    ("kind", "text"), [(JSON_PATCH, "{}"), (MERGE_PATCH, "[1]"), (MERGE_PATCH, "{x"), (JSON_PATCH, "[")]
)
def test_what_is_no_patch_is_a_bad_request(one: Widgets, kind: str, text: str) -> None:
    answer = one.patch("one", kind, text)
    assert_status(answer, 400, "BadRequest")
    assert answer.json()["message"].startswith("error decoding patch: ")


@pytest.mark.parametrize("kind", [STRATEGIC_PATCH, "application/json"])
def test_custom_kinds_take_no_other_patches(one: Widgets, kind: str) -> None:
    answer = one.patch("one", kind, {"spec": {"size": 6}})
    told = (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )
    assert_status(answer, 415, "UnsupportedMediaType", told)


def test_force_belongs_to_apply(one: Widgets) -> None:
    answer = one.merge("one", {}, force="true")
    told = (
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch'
    )
    assert_status(answer, 422, "Invalid", told)
