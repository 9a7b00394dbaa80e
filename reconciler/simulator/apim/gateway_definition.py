"""An API in the form that gateways run: lower-case words, few defaults, only plans that can be used.

The order of the fields is the real server's, since events and audits carry the definition as text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.records import Plan
from reconciler.simulator.apim.specs import PHASES

_IN_USE = ("PUBLISHED", "DEPRECATED")


def gateway_definition(identifier: str, body: dict[str, Any], plans: Iterable[Plan] | None) -> dict[str, Any]:
    """Return the definition.

    Args:
        identifier: the API's id.
        body: the API as saved, or filled in as when it is deployed.
        plans: its plans; None leaves them out, as where only the saved definition is written down.
    """
    definition: dict[str, Any] = {
        "id": identifier,
        "name": body["name"],
        "type": _word(body["type"]),
        "apiVersion": body["version"],
        "definitionVersion": "4.0.0",
        "tags": list(body["tags"]),
        "properties": [
            {
                "key": item["key"],
                "value": item["value"],
                "encrypted": item["sealed"],
                "dynamic": item["dynamic"],
            }
            for item in body["properties"]
        ],
        "resources": copied(body["resources"]),
        "listeners": [_listener(item) for item in body["listeners"]],
        "endpointGroups": [_group(item) for item in body["endpointGroups"]],
        "analytics": copied(body["analytics"]),
    }
    if "failover" in body:
        definition["failover"] = copied(body["failover"])
    if plans is not None:
        definition["plans"] = [_plan(plan) for plan in plans if plan.status in _IN_USE]
    if "flowExecution" in body:
        execution = body["flowExecution"]
        definition["flowExecution"] = {
            "mode": _word(execution["mode"]),
            "matchRequired": execution["matchRequired"],
        }
    definition["flows"] = [_flow(item) for item in body["flows"]]
    definition["responseTemplates"] = copied(body["responseTemplates"])
    if body.get("services"):
        definition["services"] = copied(body["services"])
    definition["allowedInApiProducts"] = body["allowedInApiProducts"]
    return definition


def for_tags(definition: dict[str, Any], matches: Any) -> dict[str, Any]:
    """The definition as a gateway keeps it: plans that are meant for other gateways are left out.

    Args:
        definition: as published.
        matches: tells of a list of sharding tags whether they are this gateway's.
    """
    plans = [plan for plan in definition.get("plans", ()) if matches(plan.get("tags") or [])]
    return {**definition, "plans": plans}


def _word(value: str) -> str:
    return value.lower().replace("_", "-")


def _listener(listener: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "type": _word(listener["type"]),
        "entrypoints": [
            {**entrypoint, "qos": _word(entrypoint["qos"])} for entrypoint in listener["entrypoints"]
        ],
        "servers": list(listener["servers"]),
    }
    if "paths" in listener:
        out["paths"] = [
            {name: path[name] for name in ("host", "path") if name in path}
            | ({"overrideAccess": True} if path.get("overrideAccess") else {})
            for path in listener["paths"]
        ]
        out["pathMappings"] = []
    for name in ("hosts", "host", "port", "cors", "requestValidation"):
        if name in listener:
            out[name] = copied(listener[name])
    return out


def _group(group: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"name": group.get("name"), "type": group["type"]}
    if "loadBalancer" in group:
        out["loadBalancer"] = {"type": _word(group["loadBalancer"]["type"])}
    if "sharedConfiguration" in group:
        out["sharedConfiguration"] = copied(group["sharedConfiguration"])
    out["endpoints"] = [_endpoint(endpoint) for endpoint in group["endpoints"]]
    if "services" in group:
        out["services"] = copied(group["services"])
    return out


def _endpoint(endpoint: dict[str, Any]) -> dict[str, Any]:
    names = (
        "name",
        "type",
        "secondary",
        "tenants",
        "weight",
        "inheritConfiguration",
        "configuration",
        "sharedConfigurationOverride",
        "services",
    )
    return {name: copied(endpoint[name]) for name in names if name in endpoint}


def _plan(plan: Plan) -> dict[str, Any]:
    body = plan.body
    out: dict[str, Any] = {"id": plan.id, "name": body["name"]}
    if "security" in body:
        out["security"] = {**copied(body["security"]), "type": _word(body["security"]["type"])}
    out["mode"] = _word(body["mode"])
    if body.get("selectionRule"):
        out["selectionRule"] = body["selectionRule"]
    out["tags"] = list(body["tags"])
    out["status"] = _word(body["status"])
    out["flows"] = [_flow(item) for item in body["flows"]]
    return out


def _flow(flow: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {name: flow[name] for name in ("name", "enabled") if name in flow}
    out["selectors"] = [
        {**copied(selector), "type": _word(selector["type"])} for selector in flow.get("selectors", ())
    ]
    for phase in PHASES:
        out[phase] = [
            {name: value for name, value in copied(step).items() if value is not None}
            for step in flow.get(phase, ())
        ]
    out["tags"] = list(flow.get("tags", ()))
    return out
