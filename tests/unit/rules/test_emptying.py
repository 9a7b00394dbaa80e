"""What an apply over an existing object is refused for, though the document is valid by itself."""

from __future__ import annotations

from typing import Any

from reconciler.model.changes import path_text
from reconciler.rules.emptying import faults_of_applying
from reconciler.rules.schema import Schema
from reconciler.rules.validating import faults_of
from tests.unit.rules.schemas import API, NONE, api

GOLD = {"f:spec": {"f:plans": {"f:gold": {"f:name": {}}}}}


def held(*writers: tuple[str, str, dict[str, Any]], **spec: Any) -> dict[str, Any]:
    """An object on a cluster with its field owners."""
    body = api(**spec)
    body["metadata"]["managedFields"] = [
        {"manager": manager, "operation": operation, "fieldsV1": fields}
        for manager, operation, fields in writers
    ]
    return body


def faults(git: dict[str, Any], live: dict[str, Any], schema: Schema = API) -> list[str]:
    """The paths of the faults."""
    return [path_text(fault.path) for fault in faults_of_applying(git, live, schema)]


def test_taking_the_last_plan_away_is_refused_where_we_applied_it() -> None:
    live = held(("gko-tui", "Apply", GOLD), plans={"gold": {"name": "Gold"}})
    assert faults(api(plans={}), live) == ["spec.plans"]
    assert faults_of(api(plans={}), API) == ()


def test_it_is_not_where_somebody_else_did_or_shares_it() -> None:
    plans = {"gold": {"name": "Gold"}}
    assert faults(api(plans={}), held(("argocd", "Apply", GOLD), plans=plans)) == []
    assert faults(api(plans={}), held(("gko-tui", "Update", GOLD), plans=plans)) == []
    shared = held(("gko-tui", "Apply", GOLD), ("kubectl-edit", "Update", GOLD), plans=plans)
    assert faults(api(plans={}), shared) == []


def test_it_is_not_where_something_stays_or_nothing_was() -> None:
    more = held(("gko-tui", "Apply", GOLD), plans={"gold": {"name": "Gold"}, "free": {"name": "Free"}})
    assert faults(api(plans={}), more) == []
    assert faults(api(plans={}), held(("gko-tui", "Apply", GOLD), plans={})) == []
    assert faults(api(name="a"), held(("gko-tui", "Apply", GOLD), plans={"gold": {"name": "Gold"}})) == []


def test_without_schema_or_field_owners_nothing_is_foretold() -> None:
    plans = {"gold": {"name": "Gold"}}
    assert faults(api(plans={}), held(("gko-tui", "Apply", GOLD), plans=plans), NONE) == []
    assert faults(api(plans={}), api(plans=plans)) == []
    broken = api(plans=plans)
    broken["metadata"]["managedFields"] = ["?", {"fieldsV1": 3}]
    assert faults(api(plans={}), broken) == []
