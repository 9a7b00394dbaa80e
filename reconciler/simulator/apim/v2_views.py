"""APIs, plans, pages, subscriptions, events and audits as Management v2 shows them."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import publishing
from reconciler.simulator.apim.held import filled
from reconciler.simulator.apim.instants import iso
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api, Audit, Event, Page, Plan, Subscription, User
from reconciler.simulator.apim.v2_words import flow_in_words_of_v2, in_words_of_v2


def api_view(
    environment: Environment, api: Api, base: str, *, owner: bool = True, deployment: bool = True
) -> dict[str, Any]:
    """An API.

    Args:
        base: the URL of Management v2's environment, for the links.
        owner: whether its primary owner is shown; lists do not.
        deployment: whether its deployment state is shown; lists only on demand.
    """
    body = _v4_part(api) if api.definition_version == "V4" else _v2_part(api)
    raw = api.raw
    body |= {
        "definitionVersion": api.definition_version,
        "id": api.id,
        "name": api.name,
        "apiVersion": raw.get("version"),
        "createdAt": iso(api.created_at),
        "updatedAt": iso(api.updated_at),
        "disableMembershipNotifications": not api.notify_members,
        "groups": list(api.groups),
        "state": api.state,
        "visibility": raw.get("visibility"),
        "labels": environment.unordered(raw.get("labels", [])),
        "lifecycleState": raw.get("lifecycleState"),
        "tags": list(raw.get("tags", ())),
        "categories": [name for name in raw.get("categories", ()) if name in environment.categories],
        "originContext": _origin(api),
        "definitionContext": {"origin": api.origin, "mode": "FULLY_MANAGED", "syncFrom": api.sync_from},
        "_links": {
            f"{name}Url": f"{base}/apis/{api.id}/{name}?hash={api.updated_at}"
            for name in ("picture", "background")
        },
    }
    if raw.get("description") is not None:
        body["description"] = raw["description"]
    if api.cross_id is not None:
        body["crossId"] = api.cross_id
    if api.deployed_at is not None:
        body["deployedAt"] = iso(api.deployed_at)
    if owner:
        body["primaryOwner"] = api.owner.owner()
    if deployment:
        body["deploymentState"] = deployment_state(api)
    return {name: value for name, value in body.items() if name not in api.unset}


def deployment_state(api: Api) -> str:
    """DEPLOYED or NEED_REDEPLOY; of what Kubernetes owns always DEPLOYED (DOMAIN §9, trap 6)."""
    if api.origin == "KUBERNETES" or publishing.is_deployed(api):
        return "DEPLOYED"
    return "NEED_REDEPLOY"


def _origin(api: Api) -> dict[str, Any]:
    if api.origin != "KUBERNETES":
        return {"origin": api.origin}
    return {"origin": "KUBERNETES", "mode": "FULLY_MANAGED", "syncFrom": api.sync_from}


def _v4_part(api: Api) -> dict[str, Any]:
    body = filled(api.raw)
    part: dict[str, Any] = {"type": body["type"]}
    for name in ("analytics", "failover", "flowExecution", "flows", "services"):
        if name in body:
            part[name] = body[name]
    part["listeners"] = body["listeners"]
    for listener in part["listeners"]:
        if listener["type"] == "HTTP":
            listener["pathMappings"] = []
        if "cors" in listener:
            listener["cors"]["allowPrivateNetwork"] = False
    part["endpointGroups"] = body["endpointGroups"]
    for name in ("allowedInApiProducts", "allowMultiJwtOauth2Subscriptions"):
        part[name] = body[name]
    part["resources"] = body["resources"]
    part["properties"] = [
        {
            "key": item["key"],
            "value": item["value"],
            "encrypted": item["sealed"],
            "dynamic": item["dynamic"],
        }
        for item in body["properties"]
    ]
    part["responseTemplates"] = {
        key: {kind: _template(template) for kind, template in by_type.items()}
        for key, by_type in body["responseTemplates"].items()
    }
    return part


def _template(template: dict[str, Any]) -> dict[str, Any]:
    shown = copied(template)
    return {"statusCode": shown.pop("status"), **shown}


def _v2_part(api: Api) -> dict[str, Any]:
    proxy = api.raw.get("proxy") or {}
    return {
        "executionMode": "V4_EMULATION_ENGINE"
        if api.raw.get("execution_mode") == "v4-emulation-engine"
        else "V3",
        "contextPath": next((host["path"] for host in proxy.get("virtual_hosts", ())), "/"),
        "proxy": {
            "virtualHosts": in_words_of_v2(proxy.get("virtual_hosts", [])),
            "groups": in_words_of_v2(proxy.get("groups", [])),
        },
        "flowMode": api.raw.get("flow_mode", "DEFAULT"),
        "flows": [flow_in_words_of_v2(flow) for flow in api.raw.get("flows") or ()],
        "resources": copied(api.raw.get("resources") or []),
        "properties": copied(api.raw.get("properties") or []),
        "pathMappings": copied(api.raw.get("path_mappings") or []),
        "responseTemplates": {
            key: {kind: _template(template) for kind, template in by_type.items()}
            for key, by_type in (api.raw.get("response_templates") or {}).items()
        },
    }


def plan_view(environment: Environment, api: Api, plan: Plan, *, new: bool = False) -> dict[str, Any]:
    """A plan; right after it was made by hand it shows its type and not its API."""
    body, v4 = plan.body, api.definition_version == "V4"
    shown: dict[str, Any] = {
        "definitionVersion": api.definition_version,
        "id": plan.id,
        "name": body["name"],
        "mode": body["mode"],
        "characteristics": environment.unordered(body["characteristics"]),
        "commentRequired": bool(body.get("commentRequired", False)),
        "createdAt": iso(plan.created_at),
        "excludedGroups": list(body["excludedGroups"]),
        "order": plan.order,
        "status": plan.status,
        "tags": list(body["tags"]),
        "updatedAt": iso(plan.updated_at),
        "validation": body["validation"],
        "flows": [
            {**(copied(flow) if v4 else flow_in_words_of_v2(flow)), "id": identifier}
            for flow, identifier in zip(body["flows"], plan.flow_ids, strict=True)
        ],
    }
    for name in ("description", "security", "selectionRule", "generalConditions"):
        if body.get(name) is not None:
            shown[name] = copied(body[name])
    if plan.cross_id is not None:
        shown["crossId"] = plan.cross_id
    for name, instant in (("publishedAt", plan.published_at), ("closedAt", plan.closed_at)):
        if instant is not None:
            shown[name] = iso(instant)
    return {**shown, "type": body["type"]} if new else {**shown, "apiId": api.id}


def page_view(api: Api, page: Page) -> dict[str, Any]:
    """A page of an API's documentation."""
    body = page.body
    parent = next((other.id for other in api.pages.values() if other.hrid == body.get("parentHrid")), None)
    shown = {
        "id": page.id,
        "crossId": page.cross_id,
        "name": body["name"],
        "type": body["type"],
        "content": body.get("content"),
        "order": page.order,
        "published": body["published"],
        "visibility": body["visibility"],
        "updatedAt": iso(page.updated_at),
        "configuration": copied(body["configuration"]),
        "homepage": body["homepage"],
        "parentId": parent if body.get("parentHrid") else None,
        "source": copied(body.get("source")),
        "excludedAccessControls": False,
        "accessControls": [],
        "attachedMedia": [],
        "metadata": {},
        "generalConditions": False,
    }
    return {name: value for name, value in shown.items() if value is not None}


def subscription_view(subscription: Subscription) -> dict[str, Any]:
    """A subscription, with its status."""
    shown: dict[str, Any] = {
        "id": subscription.id,
        "api": {"id": subscription.api_id},
        "plan": {"id": subscription.plan_id},
        "application": {"id": subscription.application_id},
        "metadata": dict(subscription.metadata),
        "status": subscription.status,
        "consumerStatus": "STARTED",
        "processedBy": {"id": subscription.user.id},
        "subscribedBy": {"id": subscription.user.id},
        "processedAt": iso(subscription.processed_at),
        "startingAt": iso(subscription.starting_at),
        "createdAt": iso(subscription.created_at),
        "updatedAt": iso(subscription.updated_at),
        "origin": "KUBERNETES" if subscription.hrid is not None else "MANAGEMENT",
    }
    if subscription.publisher_message:
        shown["publisherMessage"] = subscription.publisher_message
    if subscription.ending_at is not None:
        shown["endingAt"] = subscription.ending_at
    if subscription.consumer_configuration is not None:
        shown["consumerConfiguration"] = copied(subscription.consumer_configuration)
    return shown


def event_view(environment: Environment, event: Event) -> dict[str, Any]:
    """An event of an API's history."""
    return {
        "id": event.id,
        "createdAt": iso(event.created_at),
        "environmentIds": [environment.id],
        "initiator": event.user.brief(),
        "type": event.type,
        "payload": event.payload,
        "properties": dict(event.properties),
    }


def audit_view(environment: Environment, audit: Audit) -> dict[str, Any]:
    """An entry of an API's audit trail."""
    return {
        "id": audit.id,
        "createdAt": iso(audit.created_at),
        "organizationId": environment.organization.id,
        "environmentId": environment.id,
        "reference": {"id": audit.subject, "type": "API", "name": audit.subject_name},
        "user": audit.user.brief(),
        "event": audit.event,
        "properties": [dict(item) for item in audit.properties],
        "patch": audit.patch,
    }


def member_views(environment: Environment, api: Api) -> list[dict[str, Any]]:
    """The members of an API, its primary owner first."""
    shown = [_member(api.owner, "PRIMARY_OWNER")]
    for member in api.members:
        user = environment.organization.user(member["source"], member["sourceId"])
        if user is not None:
            shown.append(_member(user, member["role"]))
    return shown


def _member(user: User, role: str) -> dict[str, Any]:
    return {"id": user.id, "displayName": user.name, "roles": [{"name": role, "scope": "API"}]}


def environment_view(environment: Environment) -> dict[str, Any]:
    """An environment."""
    return {"id": environment.id, "name": environment.name, "description": environment.description}
