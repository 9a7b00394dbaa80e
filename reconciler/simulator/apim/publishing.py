"""Deployments: the events from which gateways learn what to run."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim.audits import as_text, audit, row
from reconciler.simulator.apim.gateway_definition import gateway_definition
from reconciler.simulator.apim.held import filled
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api, Event, User

_ADDRESS = "127.0.0.1"


def current_definition(api: Api) -> dict[str, Any]:
    """What a deployment would publish now: saved, not necessarily running."""
    if api.definition_version != "V4":
        return dict(api.raw)
    return gateway_definition(api.id, filled(api.raw), api.sorted_plans())


def can_deploy(api: Api) -> bool:
    """Whether the API has a plan that can be used; without one it is not published."""
    return any(plan.status in ("PUBLISHED", "DEPRECATED") for plan in api.plans.values())


def is_deployed(api: Api) -> bool:
    """Whether what is saved is what was last published."""
    return api.published is not None and api.published == current_definition(api)


def deploy(environment: Environment, api: Api, user: User, label: str = "") -> None:
    """Publish what is saved. The snapshot of a first deployment already carries its instant."""
    first = api.deployed_at is None
    if first:
        api.deployed_at = api.updated_at = environment.now()
    definition = current_definition(api)
    payload = _payload(environment, api, definition)
    if not first:
        api.deployed_at = api.updated_at = environment.now()
    api.deployments += 1
    api.published = definition
    properties = {"API_ID": api.id, "ORIGIN": _ADDRESS, "USER": user.id}
    if label:
        properties["DEPLOYMENT_LABEL"] = label
    properties["DEPLOYMENT_NUMBER"] = str(api.deployments)
    _log(environment, api, user, "PUBLISH_API", payload, properties, definition)


def start(environment: Environment, api: Api, user: User) -> None:
    """Start an API: published if it never was, else what was published last runs again."""
    before = row(api)
    api.state = "STARTED"
    api.updated_at = environment.now()
    _audit_state(environment, api, user, before)
    if api.published is None:
        if can_deploy(api):
            deploy(environment, api, user)
        return
    properties = {"API_ID": api.id, "ORIGIN": _ADDRESS, "USER": user.id}
    payload = _payload(environment, api, api.published)
    _log(environment, api, user, "START_API", payload, properties, api.published)


def stop(environment: Environment, api: Api, user: User) -> None:
    """Stop an API: gateways take it away."""
    before = row(api)
    api.state = "STOPPED"
    api.updated_at = environment.now()
    _audit_state(environment, api, user, before)
    properties = {"API_ID": api.id, "ORIGIN": _ADDRESS, "USER": user.id}
    payload = _payload(environment, api, api.published or current_definition(api))
    _log(environment, api, user, "STOP_API", payload, properties, None)


def withdraw(environment: Environment, api: Api, user: User) -> None:
    """Tell gateways that an API is gone."""
    properties = {"API_ID": api.id, "ORIGIN": _ADDRESS, "USER": user.id}
    _log(
        environment,
        api,
        user,
        "UNPUBLISH_API",
        _payload(environment, api, api.published or {}),
        properties,
        None,
    )


def _audit_state(environment: Environment, api: Api, user: User, before: dict[str, Any]) -> None:
    operation = {"op": "replace", "path": "/lifecycleState", "value": api.state}
    if before["lifecycleState"] != api.state:
        audit(environment, user, api, "API_UPDATED", [operation], created_at=api.updated_at)


def _log(
    environment: Environment,
    api: Api,
    user: User,
    kind: str,
    payload: str,
    properties: dict[str, str],
    definition: dict[str, Any] | None,
) -> None:
    environment.events.append(
        Event(
            number=len(environment.events) + 1,
            id=environment.draw_id(),
            type=kind,
            created_at=environment.now(),
            user=user,
            subject=api.id,
            incarnation=api.incarnation,
            payload=payload,
            properties=properties,
            definition=definition,
            revision=str(api.deployments),
        )
    )


def _payload(environment: Environment, api: Api, definition: dict[str, Any]) -> str:
    raw = api.raw
    fields: dict[str, Any] = {
        "id": api.id,
        "environmentId": environment.id,
        "crossId": api.cross_id,
        "hrid": api.hrid,
        "name": api.name,
        "version": raw.get("version"),
        "description": raw.get("description"),
        "origin": api.origin.lower(),
        "syncFrom": api.sync_from,
        "mode": "fully_managed",
        "definitionVersion": "4.0.0" if api.definition_version == "V4" else "2.0.0",
        "definition": as_text(definition),
        "type": str(raw.get("type", "")).lower().replace("_", "-") or None,
        "deployedAt": api.deployed_at,
        "createdAt": api.created_at,
        "updatedAt": api.updated_at,
        "visibility": raw.get("visibility"),
        "lifecycleState": api.state,
        "groups": list(api.groups),
        "categories": list(raw.get("categories", ())),
        "labels": list(raw.get("labels", ())),
        "disableMembershipNotifications": not api.notify_members,
        "allowMultiJwtOauth2Subscriptions": bool(raw.get("allowMultiJwtOauth2Subscriptions")),
        "apiLifecycleState": raw.get("lifecycleState"),
    }
    return as_text({name: value for name, value in fields.items() if value is not None})
