"""Defaulting and pruning do what an API server does with a structural schema."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD
from reconciler.rules.schema import Schema
from tests.unit.rules.schemas import NONE, object_schema

OPEN = {"x-kubernetes-preserve-unknown-fields": True}


def spec_after(schema: Schema, spec: Any) -> Any:
    """The spec of an object of an unknown kind after normalising."""
    return normalise({"kind": "Thing", "spec": spec}, schema, STANDARD).get("spec")


def test_a_missing_field_gets_its_default() -> None:
    schema = object_schema(state={"type": "string", "default": "STARTED"})
    assert spec_after(schema, {}) == {"state": "STARTED"}


def test_a_stated_field_keeps_its_value() -> None:
    schema = object_schema(state={"type": "string", "default": "STARTED"})
    assert spec_after(schema, {"state": "STOPPED"}) == {"state": "STOPPED"}


def test_defaults_go_into_objects_that_are_there_and_not_into_absent_ones() -> None:
    inner = {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}
    schema = object_schema(pool=inner)
    assert spec_after(schema, {"pool": {}}) == {"pool": {"size": 3}}
    assert spec_after(schema, {}) == {}


def test_the_default_of_an_object_is_itself_completed() -> None:
    inner = {"type": "object", "default": {}, "properties": {"size": {"type": "integer", "default": 3}}}
    assert spec_after(object_schema(pool=inner), {}) == {"pool": {"size": 3}}


def test_defaults_reach_list_items_and_map_values() -> None:
    item = {"type": "object", "properties": {"on": {"type": "boolean", "default": True}}}
    schema = object_schema(
        steps={"type": "array", "items": item}, plans={"type": "object", "additionalProperties": item}
    )
    assert spec_after(schema, {"steps": [{}, {"on": False}], "plans": {"gold": {}}}) == {
        "steps": [{"on": True}, {"on": False}],
        "plans": {"gold": {"on": True}},
    }


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ({"type": "string", "default": "a"}, None, "a"),
        ({"type": "string", "default": "a", "nullable": True}, None, None),
        ({"type": "string", "nullable": True}, None, None),
    ],
)
def test_a_null_is_replaced_by_the_default_unless_it_may_be_null(
    field: dict[str, Any], given: Any, expected: Any
) -> None:
    assert spec_after(object_schema(x=field), {"x": given}) == {"x": expected}


def test_a_null_without_default_that_may_not_be_null_is_dropped() -> None:
    assert spec_after(object_schema(x={"type": "string"}), {"x": None}) == {}


def test_nulls_in_maps_and_lists_follow_the_same_rule() -> None:
    schema = object_schema(
        m={"type": "object", "additionalProperties": {"type": "string"}},
        d={"type": "object", "additionalProperties": {"type": "string", "default": "x"}},
        items={"type": "array", "items": {"type": "string", "default": "y"}},
    )
    spec = {"m": {"a": None, "b": "1"}, "d": {"a": None}, "items": [None, "z"]}
    assert spec_after(schema, spec) == {"m": {"b": "1"}, "d": {"a": "x"}, "items": ["y", "z"]}


def test_unknown_fields_are_pruned_at_every_depth() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}}
    schema = object_schema(o=inner, items={"type": "array", "items": inner})
    spec = {"o": {"a": "1", "b": "2"}, "items": [{"a": "1", "c": {}}], "gone": 1}
    assert spec_after(schema, spec) == {"o": {"a": "1"}, "items": [{"a": "1"}]}


def test_unknown_fields_stay_where_they_are_preserved_and_known_ones_are_still_pruned() -> None:
    known = {"type": "object", "properties": {"a": {"type": "string"}}}
    schema = object_schema(config={"type": "object", "properties": {"known": known}, **OPEN})
    spec = {"config": {"free": {"deep": [1, None]}, "known": {"a": "1", "b": "2"}, "nothing": None}}
    assert spec_after(schema, spec) == {
        "config": {"free": {"deep": [1, None]}, "known": {"a": "1"}, "nothing": None}
    }


def test_an_embedded_resource_keeps_its_type_and_metadata() -> None:
    schema = object_schema(
        template={
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "properties": {"spec": {"type": "object", "properties": {"a": {"type": "string"}}}},
        }
    )
    template = {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "b"}}, "spec": {"a": "1"}}
    assert spec_after(schema, {"template": {**template, "other": 1}}) == {"template": template}


def test_additional_properties_true_keeps_scalars_and_empties_objects() -> None:
    schema = object_schema(m={"type": "object", "additionalProperties": True})
    assert spec_after(schema, {"m": {"a": 1, "b": {"c": 2}}}) == {"m": {"a": 1, "b": {}}}


@pytest.mark.parametrize("value", [80, "80", "50%"])
def test_an_int_or_string_stays_what_it_is(value: object) -> None:
    schema = object_schema(
        port={"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
    )
    after = spec_after(schema, {"port": value})["port"]
    assert after == value
    assert type(after) is type(value)


@pytest.mark.parametrize("schema", [object_schema(n={"type": "integer"}), NONE])
def test_a_whole_number_has_one_form(schema: Schema) -> None:
    after = spec_after(schema, {"n": 1.0})["n"]
    assert type(after) is int


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2030-01-02T03:04:05Z", "2030-01-02T03:04:05Z"),
        ("2030-01-02T05:04:05+02:00", "2030-01-02T03:04:05Z"),
        ("2030-01-02T03:04:05.500Z", "2030-01-02T03:04:05.5Z"),
        ("2030-01-02T03:04:05.000Z", "2030-01-02T03:04:05Z"),
        ("next tuesday, or so it seems", "next tuesday, or so it seems"),
        ("2030-01-02T03:04:05", "2030-01-02T03:04:05"),
        (17, 17),
    ],
)
def test_an_instant_has_one_form_and_what_is_none_stays(given: object, expected: object) -> None:
    schema = object_schema(endingAt={"type": "string", "format": "date-time"})
    assert spec_after(schema, {"endingAt": given}) == {"endingAt": expected}


@pytest.mark.parametrize("spec", ["text", 3, [1], None, {"o": [1], "items": {"a": 1}, "s": {"x": 1}}])
def test_values_of_a_wrong_type_are_kept_so_that_they_show(spec: object) -> None:
    inner = {"type": "object", "properties": {}}
    schema = object_schema(o=inner, items={"type": "array", "items": inner}, s={"type": "string"})
    expected = None if spec is None else spec
    assert spec_after(schema, spec) == expected


def test_without_a_schema_nothing_is_pruned_or_filled() -> None:
    spec = {"a": None, "b": {"c": []}}
    assert spec_after(NONE, spec) == spec


def test_the_input_is_never_changed() -> None:
    item = {"type": "object", "properties": {"on": {"type": "boolean", "default": True}}}
    schema = object_schema(steps={"type": "array", "items": item, "default": []}, o=item)
    body = {"kind": "Thing", "spec": {"steps": [{"x": 1}], "o": {}}}
    before = copy.deepcopy(body)
    normalise(body, schema, STANDARD)
    assert body == before


def test_prose_does_not_change_what_a_schema_is() -> None:
    plain = object_schema(description={"type": "string"})
    told = object_schema(description={"type": "string", "description": "what it is for"})
    other = object_schema(description={"type": "string", "default": "none"})
    assert plain.digest == told.digest != other.digest
    assert spec_after(told, {"description": "a field of that name"}) == {
        "description": "a field of that name"
    }
