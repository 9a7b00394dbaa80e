"""The audit trail of APIs: what was changed, as JSON patches over what the database keeps."""

from __future__ import annotations

import json
from typing import Any

from reconciler.simulator.apim.gateway_definition import gateway_definition
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api, Audit, Plan, User


def row(api: Api) -> dict[str, Any]:
    """What a patch is made over: the API's database row, without its instants."""
    raw = api.raw
    kept = {
        "name": api.name,
        "version": raw.get("version"),
        "description": raw.get("description"),
        "labels": list(raw.get("labels", ())),
        "categories": list(raw.get("categories", ())),
        "groups": list(api.groups),
        "visibility": raw.get("visibility"),
        "lifecycleState": api.state,
        "apiLifecycleState": raw.get("lifecycleState"),
    }
    if api.definition_version == "V4":
        kept["definition"] = as_text(gateway_definition(api.id, raw, None))
    return {name: value for name, value in kept.items() if value is not None}


def as_text(value: Any) -> str:
    """JSON as Jackson writes it: no spaces, no escapes beyond what JSON needs."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def patch(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """The JSON patch from one row to another."""
    found: list[dict[str, Any]] = []
    for name in [*before, *(name for name in after if name not in before)]:
        path = f"/{name}"
        if name not in after:
            found.append({"op": "remove", "path": path})
        elif name not in before:
            found.append({"op": "add", "path": path, "value": after[name]})
        elif isinstance(before[name], list) and before[name] != after[name]:
            found += _list_patch(path, before[name], after[name])
        elif before[name] != after[name]:
            found.append({"op": "replace", "path": path, "value": after[name]})
    # An added description stands before the rest, as the real server's field order has it.
    return sorted(found, key=lambda operation: _RANK.get(operation["path"].split("/")[1], 5))


_RANK = {"name": 0, "version": 1, "description": 2, "labels": 3, "definition": 9}


def _list_patch(path: str, before: list[Any], after: list[Any]) -> list[dict[str, Any]]:
    kept = [item for item in before if item in after]
    found = [
        {"op": "remove", "path": f"{path}/{index}"}
        for index in range(len(before) - 1, -1, -1)
        if before[index] not in after
    ]
    return found + [{"op": "add", "path": f"{path}/-", "value": item} for item in after if item not in kept]


def audit(
    environment: Environment,
    user: User,
    api: Api,
    event: str,
    operations: list[dict[str, Any]],
    *,
    plan: Plan | None = None,
    created_at: int | None = None,
) -> None:
    """Write an entry to the API's audit trail."""
    properties: tuple[dict[str, str], ...] = ()
    if plan is not None:
        properties = ({"key": "PLAN", "value": plan.id, "name": str(plan.body["name"])},)
    environment.audits.append(
        Audit(
            id=environment.draw_id(),
            created_at=environment.now() if created_at is None else created_at,
            user=user,
            subject=api.id,
            subject_name=api.name,
            event=event,
            properties=properties,
            patch=as_text(operations),
        )
    )
