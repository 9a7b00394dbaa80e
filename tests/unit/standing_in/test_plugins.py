"""What is not installed in an APIM, and what its plugins refuse, is found before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.changes import path_text
from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.identities import Environment, Identity
from reconciler.rules.apim.standing_in.plugin_schema import faults
from reconciler.rules.apim.standing_in.plugins import Installed, plugin_problems
from tests.unit.standing_in.recorded import Attempt, attempts

_INSTALLED = Installed(
    policies={"mock": {"type": "object", "required": ["status"]}, "key-less": None},
    endpoints={"http-proxy": None},
    entrypoints={"http-proxy": None},
    resources={"cache": None},
)


def body(content: dict[str, Any], kind: str = "ApiV4Definition") -> Body:
    return Body(Identity(kind, Environment("http://apim", "O", "E"), "h", "i"), content, "apis")


def found(content: dict[str, Any], kind: str = "ApiV4Definition") -> list[tuple[str, str]]:
    problems = plugin_problems(body(content, kind), _INSTALLED)
    return [(path_text(problem.path), problem.plugin) for problem in problems]


def test_every_place_that_uses_a_plugin_is_looked_at() -> None:
    step = {"policy": "no-policy"}
    content = {
        "listeners": [{"entrypoints": [{"type": "http-proxy"}, {"type": "mcp"}]}],
        "endpointGroups": [{"type": "kafka", "endpoints": [{"type": "kafka"}]}],
        "resources": [{"type": "cache"}, {"type": "redis"}],
        "flows": [{"request": [{"policy": "mock", "configuration": {"status": 200}}, step]}],
        "plans": [{"security": {"type": "JWT"}, "flows": [{"publish": [step]}]}],
    }
    assert found(content) == [
        ("flows[0].request[1]", "no-policy"),
        ("plans[0].security", "jwt"),
        ("plans[0].flows[0].publish[0]", "no-policy"),
        ("resources[1]", "redis"),
        ("listeners[0].entrypoints[1]", "mcp"),
        ("endpointGroups[0].type", "kafka"),
        ("endpointGroups[0].endpoints[0]", "kafka"),
    ]


def test_shared_policy_groups_and_apis_of_version_2_are_looked_at_too() -> None:
    assert found({"steps": [{"policy": "no-policy"}]}, "SharedPolicyGroup") == [("steps[0]", "no-policy")]
    v2 = {"flows": [{"pre": [{"policy": "a"}], "post": [{"policy": "mock"}]}], "resources": [{"type": "b"}]}
    assert found(v2, "ApiDefinition") == [("flows[0].pre[0]", "a"), ("resources[0]", "b")]


def test_a_shared_policy_group_in_a_flow_is_no_plugin() -> None:
    assert found({"flows": [{"request": [{"policy": "shared-policy-group-policy"}]}]}) == []


def test_nothing_is_said_of_what_could_not_be_read() -> None:
    content = {"flows": [{"request": [{"policy": "no-policy"}]}]}
    assert plugin_problems(body(content), Installed()) == ()


def test_a_missing_field_of_a_configuration_is_named() -> None:
    content = {"flows": [{"request": [{"policy": "mock", "configuration": {}}]}]}
    (problem,) = plugin_problems(body(content), _INSTALLED)
    assert problem.sentence() == (
        "flows[0].request[0].configuration.status: the policy mock will refuse this: is required"
    )


def test_a_configuration_written_as_text_is_read() -> None:
    content = {"flows": [{"request": [{"policy": "mock", "configuration": "{}"}]}]}
    assert len(plugin_problems(body(content), _INSTALLED)) == 1


@pytest.mark.parametrize(
    ("value", "schema", "wrong"),
    [
        ({"a": 1}, {"type": "object", "properties": {"a": {"type": "string"}}}, ["a"]),
        ({"a": True}, {"properties": {"a": {"type": "integer"}}}, ["a"]),
        ({"a": "x"}, {"properties": {"a": {"enum": ["y"]}}}, ["a"]),
        ({"b": 1}, {"properties": {"a": {}}, "additionalProperties": False}, ["b"]),
        ([{"a": 1}, {}], {"items": {"required": ["a"]}}, ["[1].a"]),
        ({}, {"properties": {"a": {"type": "string", "default": "x"}}, "required": ["a"]}, []),
        ({"a": 0}, {"properties": {"a": {"type": "number", "minimum": 1}}}, ["a"]),
        ({"a": "zz"}, {"properties": {"a": {"pattern": "^[a-y]+$"}}}, ["a"]),
        ({"a": ""}, {"properties": {"a": {"minLength": 1}}}, ["a"]),
        ({"a": "{#request.headers}"}, {"properties": {"a": {"type": "integer"}}}, []),
        ({"a": 1.0}, {"properties": {"a": {"type": "integer"}}}, []),
        ({"a": 1}, {"properties": {"a": {"$ref": "#/definitions/x"}}}, []),
        ({"a": 1}, {"oneOf": [{"required": ["b"]}, {"required": ["c"]}]}, []),
        ({"a": "x"}, {"properties": {"a": {"pattern": "(?<n>x"}}}, []),
        ({"a": "x"}, {"properties": {"a": {"type": ["null", "string"]}}, "type": "nonsense"}, []),
    ],
)
def test_only_what_is_certain_is_a_fault(value: Any, schema: dict[str, Any], wrong: list[str]) -> None:
    assert [path_text(path) for path, _ in faults(value, schema)] == wrong


def test_no_value_is_ever_told() -> None:
    schema = {"properties": {"password": {"type": "integer", "enum": [1]}, "key": {"pattern": "^a$"}}}
    for _, what in faults({"password": "hunter2", "key": "hunter2"}, schema):
        assert "hunter2" not in what


def test_the_recorded_refusals_are_foreseen_and_no_acceptance_is(shared_data: Path) -> None:
    """Recorded are the server's policies and endpoints; of entrypoints those are known that it took."""
    recorded = [one for one in attempts(shared_data) if one.content and "by-proxy" not in one.name]
    taken = [one for one in recorded if one.told.accepted and one.kind == "ApiV4Definition"]
    installed = Installed(
        _plugins(shared_data, "19a-v2-plugins-policies"),
        _plugins(shared_data, "19b-v2-plugins-endpoints"),
        dict.fromkeys(entry["type"] for one in taken for entry in _entrypoints(one)),
    )
    foreseen = 0
    for one in recorded:
        problems = plugin_problems(body(dict(one.content), one.kind), installed)
        said = one.told.failure.message if one.told.failure is not None else ""
        if "Plugin [" in said:
            assert [problem for problem in problems if f"[{problem.plugin}]" in said], (one.name, said)
            foreseen += 1
        elif one in taken:
            assert not problems, (one.name, problems)
    assert foreseen >= 10


def _entrypoints(one: Attempt) -> list[dict[str, Any]]:
    return [entry for listener in one.content["listeners"] for entry in listener["entrypoints"]]


def _plugins(shared_data: Path, name: str) -> dict[str, None]:
    recorded = json.loads((shared_data / "exchanges" / f"{name}.json").read_text())["response"]["body"]
    return dict.fromkeys(item["id"] for item in recorded)
