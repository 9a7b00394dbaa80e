"""Documents and schemas as they should not be: each compared to an end, never taken for equal by mistake."""

from __future__ import annotations

import time
from typing import Any

import pytest

from reconciler.model.changes import Change, ChangeKind, path_text
from reconciler.model.verdicts import Verdict
from reconciler.rules.comparing import comparable_digest, differences, judge, leaf_digests
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD
from reconciler.rules.schema import Schema
from reconciler.rules.validating import faults_of
from tests.unit.rules.schemas import API, NONE, api, object_schema, resource

KEY = b"k" * 32
OPEN = Schema(
    {
        "type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
)
STAMPED = object_schema(at={"type": "string", "format": "date-time"}, count={"type": "integer"})


def told(left: dict[str, Any], right: dict[str, Any], schema: Schema = NONE) -> list[Change]:
    """What differs."""
    sides = [normalise(body, schema, STANDARD) for body in (left, right)]
    equal = comparable_digest(sides[0], KEY) == comparable_digest(sides[1], KEY)
    changes = differences(*sides)
    assert equal is (changes == [])  # the cheap equality and the diff say the same
    return changes


def paths(changes: list[Change]) -> list[str]:
    """The paths of changes."""
    return [path_text(change.path) for change in changes]


def test_a_crd_without_schema_compares_all_that_is_written() -> None:
    assert told(api(name="a", x={"y": [1]}), api(name="a", x={"y": [1]})) == []
    assert paths(told(api(x={"y": [1]}), api(x={"y": [1], "z": 0}))) == ["spec.x.z"]
    assert paths(told(api(state="STARTED"), api())) == ["spec.state"]
    assert faults_of(api(x=1), NONE) == ()


@pytest.mark.parametrize("openapi", [{"type": "object"}, {"properties": None}, {"properties": {"spec": {}}}])
def test_a_schema_that_says_nothing_of_the_spec_fails_nowhere(openapi: dict[str, Any]) -> None:
    schema = Schema(openapi)
    normalise(api(name="a"), schema, STANDARD)
    faults_of(api(name="a"), schema)


def test_unknown_fields_that_a_schema_preserves_are_compared() -> None:
    assert paths(told(api(anything={"deep": 1}), api(anything={"deep": 2}), OPEN)) == ["spec.anything.deep"]
    assert paths(told(api(), api(anything=None), OPEN)) == ["spec.anything"]
    assert faults_of(api(anything={"deep": [None]}), OPEN) == ()


def test_unknown_fields_that_a_schema_prunes_make_no_difference_and_are_a_fault_to_an_apply() -> None:
    assert told(api(name="a", surprise=1), api(name="a"), API) == []
    (fault,) = faults_of(api(name="a", surprise=1), API)
    assert (fault.path, fault.apply_only) == (("spec", "surprise"), True)


@pytest.mark.parametrize("wrong", ["text", 7, True, None, [], [7], {}, {"a": {}}, 1.5])
@pytest.mark.parametrize("field", ["name", "flows", "plans", "members", "endpointGroups", "tags"])
def test_a_value_of_the_wrong_type_is_a_difference_at_its_place(field: str, wrong: Any) -> None:
    right = {
        "name": "a",
        "flows": [{"name": "f"}],
        "plans": {"p": {"name": "x"}},
        "members": [{"source": "s", "sourceId": "i"}],
        "endpointGroups": [{"name": "g"}],
        "tags": ["t"],
    }[field]
    changes = told(api(**{field: wrong}), api(**{field: right}), API)
    assert wrong == right or changes
    assert all(change.path[:2] == ("spec", field) for change in changes)
    backwards = told(api(**{field: right}), api(**{field: wrong}), API)
    assert len(backwards) == len(changes)


@pytest.mark.parametrize("wrong", ["text", 7, None, []])
def test_a_spec_of_the_wrong_type_is_one_difference(wrong: Any) -> None:
    body = {"kind": "ApiV4Definition", "metadata": {"name": "a"}, "spec": wrong}
    for schema in (API, NONE):
        assert paths(told(body, api(name="a"), schema)) in (["spec"], ["spec.name", "spec.state"])
    if wrong is not None:
        assert faults_of(body, API)


def test_a_field_of_two_megabytes_is_one_change_and_quickly() -> None:
    text = "line of a page\n" * 140_000
    begin = time.perf_counter()
    left, right = (api(pages={"p": {"content": content}}) for content in (text, text + "one more"))
    (change,) = told(left, right)
    assert path_text(change.path) == "spec.pages.p.content"
    sides = [normalise(body, NONE, STANDARD) for body in (left, right)]
    assert judge(*sides, leaf_digests(sides[0], KEY), key=KEY).verdict is Verdict.DRIFTED
    assert time.perf_counter() - begin < 2.0


def test_numbers_as_texts_are_no_numbers() -> None:
    changes = told(api(count="5"), api(count=5), STAMPED)
    assert [(change.left, change.right) for change in changes] == [("5", 5)]
    (fault,) = faults_of(api(count="5"), STAMPED)
    assert fault.what == "must be of type integer, not string"
    (fault,) = faults_of(api(name=5), API)
    assert fault.what == "must be of type string, not integer: put it in quotes"


def test_numbers_that_a_server_writes_alike_are_one() -> None:
    assert told(api(count=5.0), api(count=5), STAMPED) == []
    assert paths(told(api(count=5), api(count=True), STAMPED)) == ["spec.count"]
    assert paths(told(api(count=2**70), api(count=2**70 + 1))) == ["spec.count"]
    assert told(api(count=float("nan")), api(count=float("nan"))) == []


@pytest.mark.parametrize(
    "date", ["yesterday", "2026-02-30T00:00:00Z", "2026-01-01", "", "2026-01-01T00:00:00"]
)
def test_an_invalid_date_stays_text_and_is_a_fault(date: str) -> None:
    assert paths(told(api(at=date), api(at="2026-01-01T00:00:00Z"), STAMPED)) == ["spec.at"]
    assert told(api(at=date), api(at=date), STAMPED) == []
    (fault,) = faults_of(api(at=date), STAMPED)
    assert fault.path == ("spec", "at")


def test_one_instant_in_two_forms_is_one() -> None:
    assert told(api(at="2026-01-01T01:00:00+01:00"), api(at="2026-01-01T00:00:00Z"), STAMPED) == []


def test_an_unknown_kind_is_compared_by_what_it_says() -> None:
    left, right = (resource("Brandnew", plans=[{"name": name}]) for name in ("a", "b"))
    (change,) = told(left, right)
    assert (path_text(change.path), change.kind) == ("spec.plans[0].name", ChangeKind.CHANGED)


@pytest.mark.parametrize("body", [{}, {"kind": 7}, {"kind": None, "metadata": 3, "spec": {"a": 1}}])
def test_a_document_without_a_kind_is_compared_too(body: dict[str, Any]) -> None:
    assert told(body, body) == []
    assert told(body, {**body, "extra": 1})


def test_keys_that_are_no_texts_and_broken_characters_are_compared() -> None:
    left, right = (api(headers={True: value, 7: "\ud800"}) for value in ("a", "b"))
    assert len(told(left, right)) == 1


def test_a_fault_never_holds_the_value() -> None:
    body = api(name=["hunter2"], state={"hunter2": "hunter2"}, labels="hunter2")
    body["metadata"]["labels"] = {"team": "hunter2 with spaces", "other": 7}
    faults = faults_of(body, API)
    assert len(faults) >= 4
    assert all("hunter2" not in fault.what for fault in faults)
