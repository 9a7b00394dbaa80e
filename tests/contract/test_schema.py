"""What a schema does to an object: defaults, pruning, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.widgets import GROUP, Widgets, assert_status, causes, widget


def test_defaults_are_filled_in_at_every_depth(widgets: Widgets) -> None:
    spec = {"colour": "red", "plans": {"p": {"name": "P"}}, "members": [{"name": "x"}], "nested": {}}
    answer = widgets.create(widget("one", spec)).json()["spec"]
    assert answer == {
        "colour": "red",
        "size": 3,
        "on": True,
        "plans": {"p": {"name": "P", "status": "PUBLISHED"}},
        "members": [{"name": "x", "source": "local", "role": "USER"}],
        "nested": {"deep": {"x": "dx"}},
    }


def test_what_is_stated_beats_the_default(widgets: Widgets) -> None:
    answer = widgets.create(widget("one", {"colour": "red", "size": 9, "on": False})).json()
    assert (answer["spec"]["size"], answer["spec"]["on"]) == (9, False)


def test_a_null_is_kept_only_where_it_may_be(widgets: Widgets) -> None:
    spec = {"colour": "red", "size": None, "path": None, "nested": None, "maybe": None}
    answer = widgets.create(widget("one", spec)).json()["spec"]
    assert answer == {"colour": "red", "size": 3, "on": True, "maybe": None}


def test_a_default_comes_back_when_its_field_goes(widgets: Widgets) -> None:
    widgets.create(widget("one", {"colour": "red", "size": 9}))
    assert widgets.merge("one", {"spec": {"size": None}}).json()["spec"]["size"] == 3


def test_unknown_fields_are_dropped_with_a_warning(widgets: Widgets) -> None:
    spec = {"colour": "red", "ghost": 1, "plans": {"p": {"name": "P", "ghost": 2}}}
    answer = widgets.create({**widget("one", spec), "top": 1})
    assert answer.status_code == 201
    assert answer.json()["spec"]["plans"] == {"p": {"name": "P", "status": "PUBLISHED"}}
    assert "ghost" not in answer.json()["spec"]
    assert "top" not in answer.json()
    assert set(answer.headers.get_list("Warning")) == {
        '299 - "unknown field \\"spec.ghost\\""',
        '299 - "unknown field \\"spec.plans.p.ghost\\""',
        '299 - "unknown field \\"top\\""',
    }


def test_free_form_parts_are_kept_whole(widgets: Widgets) -> None:
    free = {"a": {"b": [1, {"c": None}]}, "d": 1.5}
    answer = widgets.create(widget("one", {"colour": "red", "free": free}))
    assert answer.json()["spec"]["free"] == free
    assert "Warning" not in answer.headers


def test_unknown_fields_can_be_ignored(widgets: Widgets) -> None:
    answer = widgets.create(widget("one", {"colour": "red", "ghost": 1}), fieldValidation="Ignore")
    assert (answer.status_code, answer.headers.get("Warning")) == (201, None)


def test_unknown_fields_can_be_refused(widgets: Widgets) -> None:
    body = widget("one", {"colour": "red", "ghost": 1, "plans": {"p": {"name": "P", "ghost": 2}}}, spirit=1)
    answer = widgets.create(body, fieldValidation="Strict")
    assert_status(
        answer,
        400,
        "BadRequest",
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: '
        'unknown field "metadata.spirit", unknown field "spec.ghost", unknown field "spec.plans.p.ghost"',
    )
    assert widgets.get("one").status_code == 404


def test_duplicate_fields_can_be_refused(widgets: Widgets) -> None:
    text = widgets.client.build_request("POST", "/", json=widget("one", {"colour": "red", "size": 2})).content
    answer = widgets.client.post(
        widgets.path,
        content=text.replace(b'"size":2', b'"size":2,"size":4'),
        params={"fieldValidation": "Strict"},
        headers={"Content-Type": "application/json"},
    )
    told = (
        'Widget in version "v1" cannot be handled as a Widget: '
        'strict decoding error: duplicate field "spec.size"'
    )
    assert_status(answer, 400, "BadRequest", told)


def test_a_patch_with_an_unknown_field_can_be_refused(widgets: Widgets) -> None:
    widgets.create(widget("one"))
    answer = widgets.merge("one", {"spec": {"ghost": 1}}, fieldValidation="Strict")
    assert_status(answer, 422, "Invalid")
    assert answer.json()["message"].endswith('strict decoding error: unknown field "spec.ghost"')
    assert [cause["field"] for cause in answer.json()["details"]["causes"]] == ["patch"]
    warned = widgets.merge("one", {"spec": {"ghost": 1}})
    assert (warned.status_code, warned.headers["Warning"]) == (200, '299 - "unknown field \\"spec.ghost\\""')


@pytest.mark.parametrize(
    ("spec", "field", "reason", "told"),
    [
        (
            {"colour": "pink"},
            "spec.colour",
            "FieldValueNotSupported",
            'Unsupported value: "pink": supported values: "red", "green", "blue"',
        ),
        ({"colour": None}, "spec.colour", "FieldValueRequired", "Required value"),
        (
            {"size": 11},
            "spec.size",
            "FieldValueInvalid",
            "Invalid value: 11: spec.size in body should be less than or equal to 10",
        ),
        (
            {"size": 0},
            "spec.size",
            "FieldValueInvalid",
            "Invalid value: 0: spec.size in body should be greater than or equal to 1",
        ),
        (
            {"size": "4"},
            "spec.size",
            "FieldValueTypeInvalid",
            'Invalid value: "string": spec.size in body must be of type integer: "string"',
        ),
        (
            {"ratio": 1},
            "spec.ratio",
            "FieldValueInvalid",
            "Invalid value: 1: spec.ratio in body should be less than 1",
        ),
        (
            {"even": 3},
            "spec.even",
            "FieldValueInvalid",
            "Invalid value: 3: spec.even in body should be a multiple of 2",
        ),
        (
            {"on": "yes"},
            "spec.on",
            "FieldValueTypeInvalid",
            'Invalid value: "string": spec.on in body must be of type boolean: "string"',
        ),
        (
            {"path": "abc"},
            "spec.path",
            "FieldValueInvalid",
            "Invalid value: \"abc\": spec.path in body should match '^/'",
        ),
        (
            {"path": "/"},
            "spec.path",
            "FieldValueInvalid",
            'Invalid value: "/": spec.path in body should be at least 2 chars long',
        ),
        (
            {"path": "/" + "x" * 20},
            "spec.path",
            "FieldValueTooLong",
            "Too long: may not be more than 20 bytes",
        ),
        (
            {"when": "soon"},
            "spec.when",
            "FieldValueTypeInvalid",
            'Invalid value: "soon": spec.when in body must be of type date-time: "soon"',
        ),
        (
            {"port": True},
            "spec.port",
            "FieldValueTypeInvalid",
            'Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
        ),
        (
            {"labels": {"a": 1}},
            "spec.labels.a",
            "FieldValueTypeInvalid",
            'Invalid value: "integer": spec.labels.a in body must be of type string: "integer"',
        ),
        (
            {"labels": dict.fromkeys("abcd", "x")},
            "spec.labels",
            "FieldValueTooMany",
            "Too many: 4: must have at most 3 items",
        ),
        ({"plans": {"p": {}}}, "spec.plans.p.name", "FieldValueRequired", "Required value"),
        ({"members": [{"role": "x"}]}, "spec.members[0].name", "FieldValueRequired", "Required value"),
        (
            {"members": [{"name": "x"}, {"name": "x", "source": "local"}]},
            "spec.members[1]",
            "FieldValueDuplicate",
            'Duplicate value: {"name":"x","source":"local"}',
        ),
        ({"tags": ["a", "b", "a"]}, "spec.tags[2]", "FieldValueDuplicate", 'Duplicate value: "a"'),
        (
            {"plain": list("abcd")},
            "spec.plain",
            "FieldValueTooMany",
            "Too many: 4: must have at most 3 items",
        ),
        (
            {"plain": []},
            "spec.plain",
            "FieldValueInvalid",
            "Invalid value: 0: spec.plain in body should have at least 1 items",
        ),
        (
            {"plain": [None]},
            "spec.plain[0]",
            "FieldValueTypeInvalid",
            'Invalid value: "null": spec.plain[0] in body must be of type string: "null"',
        ),
        (
            {"nested": []},
            "spec.nested",
            "FieldValueTypeInvalid",
            'Invalid value: "array": spec.nested in body must be of type object: "array"',
        ),
        (
            {"either": {"a": "1", "b": "2"}},
            "<nil>",
            "FieldValueInvalid",
            'Invalid value: "": "spec.either" must validate one and only one schema (oneOf). '
            "Found 2 valid alternatives",
        ),
    ],
)
def test_a_fault_is_told_with_its_field(
    widgets: Widgets, spec: dict[str, Any], field: str, reason: str, told: str
) -> None:
    answer = widgets.create(widget("one", {"colour": "red", **spec}))
    assert_status(answer, 422, "Invalid", f'Widget.{GROUP} "one" is invalid: {field}: {told}')
    assert causes(answer) == {(field, reason, told)}
    details = answer.json()["details"]
    assert (details["name"], details["group"], details["kind"]) == ("one", GROUP, "Widget")


def test_several_faults_are_told_together(widgets: Widgets) -> None:
    answer = widgets.create(widget("one", {"colour": "pink", "size": 11, "plans": {"p": {}}}))
    assert_status(answer, 422, "Invalid")
    assert answer.json()["message"].startswith(f'Widget.{GROUP} "one" is invalid: [spec.')
    assert {field for field, _, _ in causes(answer)} == {"spec.colour", "spec.size", "spec.plans.p.name"}


@pytest.mark.parametrize(
    ("metadata", "field", "part"),
    [
        ({"name": "Not_Good"}, "metadata.name", "a lowercase RFC 1123 subdomain must consist of"),
        ({"labels": {"a b": "c"}}, "metadata.labels", "name part must consist of alphanumeric characters"),
        ({"labels": {"a": "c d"}}, "metadata.labels", "a valid label must be an empty string or consist of"),
        ({"annotations": {"x y": "z"}}, "metadata.annotations", "name part must consist of alphanumeric"),
    ],
)
def test_names_and_labels_are_of_their_form(
    widgets: Widgets, metadata: dict[str, Any], field: str, part: str
) -> None:
    body = widget("one")
    body["metadata"].update(metadata)
    answer = widgets.create(body)
    assert_status(answer, 422, "Invalid")
    assert [(f, part in text) for f, _, text in causes(answer)] == [(field, True)]


def test_the_spec_is_required(widgets: Widgets) -> None:
    body = widget("one")
    del body["spec"]
    answer = widgets.create(body)
    assert_status(answer, 422, "Invalid", f'Widget.{GROUP} "one" is invalid: spec: Required value')


def test_an_invalid_patch_changes_nothing(widgets: Widgets) -> None:
    before = widgets.create(widget("one")).json()
    assert_status(widgets.merge("one", {"spec": {"colour": "pink"}}), 422, "Invalid")
    assert widgets.get("one").json() == before
