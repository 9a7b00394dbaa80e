"""APIs of definition version 2: imported through Management v1, as GKO does (DOMAIN §2.5)."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import publishing
from reconciler.simulator.apim.api_checks import group_warnings, member_warnings
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api, Plan, User
from reconciler.simulator.apim.refusals import Refused
from reconciler.simulator.apim.subscriptions import close_of_plan


def import_crd(environment: Environment, body: Any, user: User, *, dry_run: bool = False) -> dict[str, Any]:
    """Create or update an API of version 2.

    Returns:
        Its status: ids, state, errors, and the ids of its plans by their `crossId`.

    Raises:
        Refused: 400 for a body without `id`, `name` or `proxy`.
    """
    if not isinstance(body, dict):
        raise Refused(400, {"message": "Cannot deserialize the body into an object", "http_status": 400})
    for name in ("id", "name", "version", "proxy"):
        if not body.get(name):
            raise Refused(400, {"message": f"{name} must not be null", "http_status": 400})
    notified = body.get("consoleNotificationConfiguration") or {}
    status = {
        **environment.placed(),
        "id": body["id"],
        "crossId": body.get("crossId"),
        "state": body.get("state") or "STARTED",
        "errors": {
            "severe": [],
            "warning": member_warnings(environment, body.get("members") or [])
            + group_warnings(environment, body.get("groups") or [])
            + group_warnings(environment, notified.get("groups") or []),
        },
        "plans": {plan.get("crossId"): plan["id"] for plan in body.get("plans") or ()},
    }
    if dry_run:
        return status
    known = environment.apis.get(body["id"])
    api = known if known is not None else _new(environment, body, user)
    api.raw = _raw(body)
    api.origin, api.sync_from = "KUBERNETES", "MANAGEMENT"
    api.updated_at = environment.now()
    _write_plans(environment, api, body.get("plans") or [])
    local = (body.get("definition_context") or {}).get("syncFrom") == "KUBERNETES"
    was_started, api.state = api.state == "STARTED", status["state"]
    if api.state == "STARTED" and not local:
        publishing.deploy(environment, api, user, "" if known is None else "Updated by GKO")
    elif was_started and api.state != "STARTED":
        publishing.stop(environment, api, user)
    return status


def v1_view(api: Api) -> dict[str, Any]:
    """An API as Management v1 shows it."""
    raw = api.raw
    names = (
        "description",
        "visibility",
        "proxy",
        "flows",
        "resources",
        "properties",
        "labels",
        "tags",
        "categories",
    )
    shown = {name: copied(raw[name]) for name in names if raw.get(name) is not None}
    return {
        **shown,
        "id": api.id,
        "crossId": api.cross_id,
        "name": api.name,
        "version": raw.get("version"),
        "gravitee": "2.0.0",
        "state": api.state,
        "lifecycle_state": raw.get("lifecycleState"),
        "definition_context": {
            "origin": api.origin.lower(),
            "mode": "fully_managed",
            "sync_from": api.sync_from.lower(),
        },
        "owner": {"id": api.owner.id, "displayName": api.owner.name, "type": "USER"},
        "created_at": api.created_at,
        "updated_at": api.updated_at,
        **({"deployed_at": api.deployed_at} if api.deployed_at is not None else {}),
        "plans": [
            {
                **copied(plan.body),
                "id": plan.id,
                "crossId": plan.cross_id,
                "created_at": plan.created_at,
            }
            for plan in api.sorted_plans()
        ],
    }


def _new(environment: Environment, body: dict[str, Any], user: User) -> Api:
    now = environment.now()
    environment.incarnations += 1
    api = Api(
        id=body["id"],
        hrid=None,
        cross_id=body.get("crossId"),
        raw=_raw(body),
        origin="KUBERNETES",
        sync_from="MANAGEMENT",
        owner=user,
        created_at=now,
        updated_at=now,
        incarnation=environment.incarnations,
        definition_version="V2",
    )
    environment.index(api)
    return api


def _raw(body: dict[str, Any]) -> dict[str, Any]:
    raw = {name: copied(value) for name, value in body.items() if value is not None and name != "plans"}
    raw["lifecycleState"] = raw.pop("lifecycle_state", "CREATED")
    raw.setdefault("visibility", "PRIVATE")
    for name in ("labels", "tags", "categories"):
        raw.setdefault(name, [])
    return raw


def _write_plans(environment: Environment, api: Api, sent: list[dict[str, Any]]) -> None:
    wanted = {plan["id"]: plan for plan in sent}
    for identifier in [identifier for identifier in api.plans if identifier not in wanted]:
        close_of_plan(environment, identifier)
        del api.plans[identifier]
    for place, (identifier, spec) in enumerate(wanted.items(), start=1):
        now = environment.now()
        known = api.plans.get(identifier)
        security = spec.get("security") or "KEY_LESS"
        plan_body = {
            "name": spec["name"],
            "description": spec.get("description"),
            "security": {"type": security},
            "characteristics": spec.get("characteristics") or [],
            "excludedGroups": spec.get("excluded_groups") or [],
            "tags": spec.get("tags") or [],
            "type": spec.get("type") or "API",
            "validation": spec.get("validation") or "AUTO",
            "status": spec.get("status") or "PUBLISHED",
            "mode": "STANDARD",
            "flows": copied(spec.get("flows") or []),
        }
        created_at = known.created_at if known is not None else now
        api.plans[identifier] = Plan(
            identifier,
            None,
            spec.get("crossId"),
            plan_body,
            place,
            created_at,
            now,
            created_at,
            flow_ids=[environment.draw_id() for _ in plan_body["flows"]],
        )
