"""Published beside deployed: what a gateway drops, fills in or decrypts is not a difference; the rest is."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.gateways.definitions import comparable, definition_changes, definition_lines
from reconciler.model.changes import ChangeKind, Redacted, path_text
from tests.unit.gateways.fake_gateway import definition

KEY = b"k" * 32
FREE = {"id": "free", "name": "Free", "security": {"type": "key-less"}, "status": "published"}


def differing(
    published: dict[str, Any], deployed: dict[str, Any], tags: tuple[str, ...] | None = ()
) -> list[str]:
    return [path_text(c.path) for c in definition_changes(published, deployed, tags=tags, key=KEY)]


def test_a_plan_for_other_tags_is_left_out_by_the_gateway_and_is_no_drift() -> None:
    inside = FREE | {"id": "inside", "tags": ["internal"]}
    published = definition("orders", plans=[FREE, inside])
    without = definition("orders", plans=[FREE])
    assert differing(published, without, ("external",)) == []
    assert differing(published, without, ("internal",)) == ["definition.plans[inside]"]
    assert differing(published, without, ()) == ["definition.plans[inside]"]


def test_where_the_gateways_tags_are_unknown_a_missing_plan_with_tags_is_no_drift() -> None:
    inside = FREE | {"id": "inside", "tags": ["internal"]}
    published = definition("orders", plans=[FREE, inside])
    assert differing(published, definition("orders", plans=[FREE]), None) == []
    edited = definition("orders", plans=[FREE, inside | {"name": "By hand"}])
    assert differing(published, edited, None) == ["definition.plans[inside].name"]


def test_a_plan_that_only_the_gateway_has_is_drift() -> None:
    extra = definition("orders", plans=[FREE, FREE | {"id": "extra"}])
    changes = definition_changes(definition("orders", plans=[FREE]), extra, tags=(), key=KEY)
    assert [(path_text(c.path), c.kind) for c in changes] == [("definition.plans[extra]", ChangeKind.ADDED)]


def test_closed_and_staging_plans_never_reach_a_gateway() -> None:
    plans = [FREE, FREE | {"id": "old", "status": "closed"}, FREE | {"id": "new", "status": "STAGING"}]
    assert differing(definition("orders", plans=plans), definition("orders", plans=[FREE])) == []


def test_defaults_and_empties_that_one_side_writes_out_say_nothing() -> None:
    endpoint = {"name": "e1", "type": "http-proxy", "configuration": {"target": "http://up"}}
    filled = endpoint | {
        "secondary": False,
        "weight": 1,
        "inheritConfiguration": False,
        "tenants": [],
        "services": {},
    }
    short = definition("orders", endpointGroups=[{"name": "default", "endpoints": [endpoint]}])
    long = definition(
        "orders",
        endpointGroups=[{"name": "default", "endpoints": [filled], "loadBalancer": {"type": "round-robin"}}],
        analytics={"enabled": True},
        flowExecution={"mode": "default", "matchRequired": False},
        responseTemplates={},
        tags=[],
        allowedInApiProducts=False,
    )
    assert differing(short, long) == differing(long, short) == []


def test_the_order_of_plans_means_nothing_and_that_of_flows_does() -> None:
    gold = FREE | {"id": "gold"}
    assert differing(definition("o", plans=[FREE, gold]), definition("o", plans=[gold, FREE])) == []
    first, second = {"id": "f1", "name": "one"}, {"id": "f2", "name": "two"}
    moved = differing(definition("o", flows=[first, second]), definition("o", flows=[second, first]))
    assert len(moved) == 1


def test_a_plugins_configuration_may_come_as_text_and_nothing_in_it_is_taken_for_a_default() -> None:
    step = {"policy": "quota", "configuration": {"limit": 5, "enabled": True, "headers": []}}
    flow = {"id": "f", "request": [step]}
    written = {"id": "f", "request": [step | {"configuration": json.dumps(step["configuration"])}]}
    less = {"id": "f", "request": [step | {"configuration": {"limit": 5}}]}
    assert differing(definition("o", flows=[flow]), definition("o", flows=[written])) == []
    assert len(differing(definition("o", flows=[flow]), definition("o", flows=[less]))) == 2


def test_an_encrypted_property_is_plain_on_the_gateway_and_is_no_drift() -> None:
    published = definition("o", properties=[{"key": "token", "value": "Zm9v", "encrypted": True}])
    deployed = definition("o", properties=[{"key": "token", "value": "foo", "encrypted": False}])
    assert differing(published, deployed) == []
    assert differing(published, definition("o")) == ["definition.properties"]


def test_credentials_in_a_definition_are_compared_and_never_shown() -> None:
    step = {"policy": "basic", "configuration": {"password": "left-secret"}}
    other = {"policy": "basic", "configuration": {"password": "right-secret"}}
    published = definition("o", flows=[{"id": "f", "request": [step]}])
    deployed = definition("o", flows=[{"id": "f", "request": [other]}])
    (change,) = definition_changes(published, deployed, tags=(), key=KEY)
    lines = definition_lines(published, deployed, tags=(), key=KEY)
    assert isinstance(change.left, Redacted)
    assert change.left != change.right
    assert "secret" not in repr(change) + repr(lines)
    assert lines[0][0] == "definition:"


@given(
    st.dictionaries(
        st.sampled_from(["plans", "flows", "properties", "tags", "listeners", "resources", "name", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["id", "tags", "key", "value", "configuration"]), inner, max_size=3
                )
            ),
            max_leaves=8,
        ),
    )
)
def test_whatever_a_gateway_answers_equals_itself_and_breaks_nothing(body: dict[str, Any]) -> None:
    assert definition_changes(body, body, tags=(), key=KEY) == ()
    left, right = comparable(body, {}, ("internal",))
    definition_lines(left["spec"], right["spec"], tags=None, key=KEY)
