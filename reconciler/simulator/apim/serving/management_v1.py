"""The operations of Management v1 that are still needed: gateway instances, events, APIs of version 2."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import console, v2_apis
from reconciler.simulator.apim.gateway import Gateway
from reconciler.simulator.apim.records import Api, Event, User
from reconciler.simulator.apim.refusals import Refused
from reconciler.simulator.apim.serving.calls import Answer, Call, Route

_ROOT = "/management/organizations/{org}/environments/{env}"


def management_v1_routes() -> list[Route]:
    """Every operation of Management v1 that is modelled."""
    return [
        Route("GET", f"{_ROOT}/instances", _instances, "list"),
        Route("GET", f"{_ROOT}/instances/{{event}}", _instance),
        Route("GET", f"{_ROOT}/platform/events", _events, "list"),
        Route("PUT", f"{_ROOT}/apis/import-crd", _import_crd, "write"),
        Route("GET", f"{_ROOT}/apis/{{api}}", _api),
        Route("DELETE", f"{_ROOT}/apis/{{api}}", _delete, "write"),
        Route("GET", f"{_ROOT}/apis/{{api}}/state", _state),
        Route("POST", f"{_ROOT}/apis/{{api}}/deploy", _deploy, "write"),
        Route("GET", f"{_ROOT}/audit", _unlicensed),
        Route("GET", "/management/organizations/{org}/audit", _unlicensed),
    ]


def _unlicensed(call: Call) -> Answer:  # noqa: ARG001 -- one signature for all
    """Audits in v1 need a licence (DOMAIN §9, trap 11)."""
    raise Refused(
        403,
        {
            "message": "Feature 'apim-audit-trail' is not available with your license tier",
            "parameters": {"feature": "apim-audit-trail"},
            "technicalCode": "feature.missing",
            "http_status": 403,
        },
    )


def _serving(call: Call) -> list[Gateway]:
    return [
        gateway
        for gateway in call.apim.gateways
        if not gateway.environments or call.environment.id in gateway.environments
    ]


def _instances(call: Call) -> Answer:
    page, size = int(call.query.get("page") or 0), int(call.query.get("size") or 100)
    gateways = [
        gateway for gateway in _serving(call) if call.flag("includeStopped") or gateway.stopped_at is None
    ]
    content = [gateway.instance() for gateway in gateways[page * size : (page + 1) * size]]
    return Answer(
        200,
        {
            "content": content,
            "pageElements": len(content),
            "pageNumber": page,
            "totalElements": len(gateways),
        },
    )


def _instance(call: Call) -> Answer:
    for gateway in _serving(call):
        if gateway.event_id == call.names["event"]:
            extra: dict[str, Any] = {
                "environments": sorted(gateway.environments) or [call.environment.id],
                "plugins": [],
                "systemProperties": {},
            }
            return Answer(200, {**gateway.instance(), **extra})
    identifier = call.names["event"]
    raise Refused(
        404,
        {
            "message": f"Instance [{identifier}] cannot be found.",
            "parameters": {"instance": identifier},
            "technicalCode": "instance.notFound",
            "http_status": 404,
        },
    )


def _events(call: Call) -> Answer:
    """What was published in the environment, the newest first; without a type the real server fails."""
    types = [name for name in call.query.get("type", "").split(",") if name]
    if not types:
        what = '"io.gravitee.rest.api.management.rest.resource.param.EventTypeListParam.contains(Object)"'
        message = f'Cannot invoke {what} because "eventTypeListParam" is null'
        raise Refused(500, {"message": message, "http_status": 500})
    begin, end = int(call.query.get("from") or 0), int(call.query.get("to") or 0)
    found = [
        event
        for event in reversed(call.environment.events)
        if event.type in types and begin <= event.created_at <= end
    ]
    page, size = int(call.query.get("page") or 0), int(call.query.get("size") or 10)
    content = [_event(call, event) for event in found[page * size : (page + 1) * size]]
    return Answer(
        200,
        {
            "content": content,
            "pageElements": len(content),
            "pageNumber": page,
            "totalElements": len(found),
        },
    )


def _event(call: Call, event: Event) -> dict[str, Any]:
    """An event without its payload, with the name and version that its API has now."""
    api = call.environment.apis.get(event.subject)
    now = {"deleted": "true", "api_name": "Deleted API"}
    if api is not None:
        now = {"api_name": api.raw["name"], "api_version": _version(api)}
    return {
        "id": event.id,
        "type": event.type,
        "properties": {**{name.lower(): value for name, value in event.properties.items()}, **now},
        "user": _user(call, event.user),
        "environments": [call.environment.id],
        "created_at": event.created_at,
        "updated_at": event.created_at,
    }


def _version(api: Api) -> str:
    return str(api.raw.get("version") or api.raw.get("apiVersion") or "")


def _user(call: Call, user: User) -> dict[str, Any]:
    """A user as Management v1 shows one, with all that is known of their visits."""
    visits = user.connections
    return {
        "id": user.id,
        "organizationId": call.environment.organization.id,
        "source": user.source,
        "sourceId": user.name,
        "lastConnectionAt": visits.last_at,
        "firstConnectionAt": visits.first_at,
        "status": "ACTIVE",
        "loginCount": visits.count,
        "isServiceAccount": False,
        "hasPassword": False,
        "displayName": user.name,
        "created_at": user.created_at,
        "updated_at": visits.last_at,
        "primary_owner": False,
        "number_of_active_tokens": sum(name == user.name for name in call.apim.tokens.values()),
    }


def _import_crd(call: Call) -> Answer:
    dry_run = call.flag("dryRun")
    return Answer(200, v2_apis.import_crd(call.environment, call.json(), call.user, dry_run=dry_run))


def _found(call: Call) -> Api:
    identifier = call.names["api"]
    api = call.environment.apis.get(identifier)
    if api is None:
        raise Refused(
            404,
            {
                "message": f"Api [{identifier}] cannot be found.",
                "parameters": {"api": identifier},
                "technicalCode": "api.notFound",
                "http_status": 404,
            },
        )
    return api


def _of_version_2(call: Call) -> Api:
    api = _found(call)
    if api.definition_version != "V2":
        message = f"Not modelled: {call.method} {call.path} of an API of version 4"
        raise Refused(501, {"message": message, "http_status": 501})
    return api


def _api(call: Call) -> Answer:
    return Answer(200, v2_apis.v1_view(_of_version_2(call)))


def _delete(call: Call) -> Answer:
    _found(call)
    console.delete_api(call.environment, call.names["api"], call.user, close_plans=call.flag("closePlans"))
    return Answer(204)


def _state(call: Call) -> Answer:
    """Whether an API is synchronised: of a version 4 one that Kubernetes owns, recorded as never."""
    api = _found(call)
    kubernetes = api.origin == "KUBERNETES" and api.definition_version == "V4"
    synchronised = not kubernetes and api.deployed_at is not None and api.updated_at <= api.deployed_at
    return Answer(200, {"api_id": api.id, "is_synchronized": synchronised})


def _deploy(call: Call) -> Answer:
    api = _of_version_2(call)
    label = str((call.json() or {}).get("deploymentLabel") or "")
    console.deploy_api(call.environment, api.id, call.user, label)
    return Answer(200, v2_apis.v1_view(api))
