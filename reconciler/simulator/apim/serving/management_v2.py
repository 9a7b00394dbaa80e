"""The operations of Management v2 that are modelled: reading all about APIs, and the Console's hand edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.simulator.apim import console, metadata, publishing, search, v2_views
from reconciler.simulator.apim.instants import iso
from reconciler.simulator.apim.refusals import Refused, error, unknown_id
from reconciler.simulator.apim.serving.calls import Answer, Call, Cost, Route
from reconciler.simulator.apim.serving.pages import page_of

_ROOTS = (
    "/management/v2/environments/{env}",
    "/management/v2/organizations/{org}/environments/{env}",
)


def management_v2_routes() -> list[Route]:
    """Every operation of Management v2 that is modelled."""
    routes = [
        Route("GET", "/management/v2/environments", _without_organization),
        Route("GET", "/management/v2/installation", _without_organization),
        Route("GET", "/management/v2/organizations/{org}/installation", _absent),
        Route("GET", "/management/v2/organizations/{org}/environments", _environments),
        Route("GET", "/management/v2/organizations/{org}/plugins/policies", _policies),
        Route("GET", "/management/v2/organizations/{org}/plugins/endpoints", _endpoints),
        Route("GET", "/management/v2/organizations/{org}/plugins/entrypoints", _entrypoints),
        Route("GET", "/management/v2/organizations/{org}/plugins/{sort}/{plugin}/schema", _plugin_schema),
    ]
    for root in _ROOTS:
        routes.append(Route("GET", root, _environment))
        for method, path, handler, cost in _OPERATIONS:
            routes.append(Route(method, f"{root}/{path}", handler, cost))
    return routes


def _without_organization(call: Call) -> Answer:
    """What the real server makes of an organization's path without organization (DOMAIN §9, trap 11)."""
    if call.headers.get("Authorization", "").lower().startswith("bearer"):
        raise Refused(401, None)
    message = "OrganizationNotFoundException: Organization [null] cannot be found."
    url = f"{call.base}{call.path}"
    return Answer(
        500,
        {"message": f"io.gravitee.rest.api.service.exceptions.{message}", "url": url, "status": "500"},
    )


def _absent(call: Call) -> Answer:  # noqa: ARG001 -- one signature for all
    """A path that this version does not have, as recorded."""
    raise error(404, "HTTP 404 Not Found")


def _environments(call: Call) -> Answer:
    environments = call.apim.organizations[call.names["org"]].environments.values()
    return Answer(200, [v2_views.environment_view(environment) for environment in environments])


def _environment(call: Call) -> Answer:
    return Answer(200, v2_views.environment_view(call.environment))


def _policies(call: Call) -> Answer:
    return Answer(200, call.apim.organizations[call.names["org"]].plugins.policies)


def _endpoints(call: Call) -> Answer:
    return Answer(200, call.apim.organizations[call.names["org"]].plugins.endpoints)


def _entrypoints(call: Call) -> Answer:
    plugins = call.apim.organizations[call.names["org"]].plugins
    return Answer(200, [{"id": name, "name": name, "deployed": True} for name in sorted(plugins.entrypoints)])


def _plugin_schema(call: Call) -> Answer:
    plugins = call.apim.organizations[call.names["org"]].plugins
    schema = plugins.schema(call.names["sort"], call.names["plugin"])
    if schema is None:
        raise error(404, f"Plugin [{call.names['plugin']}] cannot be found.")
    return Answer(200, schema)


# -- APIs -------------------------------------------------------------------------------------------------


def _base(call: Call) -> str:
    return f"{call.base}/management/v2/environments/{call.environment.id}"


def _expands(call: Call) -> bool:
    return "deploymentState" in call.query.get("expands", "").split(",")


def _view(call: Call, api: Any, *, owner: bool = True, deployment: bool = True) -> dict[str, Any]:
    return v2_views.api_view(call.environment, api, _base(call), owner=owner, deployment=deployment)


def _apis(call: Call) -> Answer:
    apis = search.by_name(call.environment)
    return Answer(
        200, page_of(call, apis, lambda api: _view(call, api, owner=False, deployment=_expands(call)))
    )


def _search(call: Call) -> Answer:
    apis = search.found(call.environment, call.json(), call.query.get("sortBy", ""))
    return Answer(200, page_of(call, apis, lambda api: _view(call, api, deployment=_expands(call))))


def _create(call: Call) -> Answer:
    api = console.create_api(call.environment, call.json(), call.user)
    shown = _view(call, api, owner=False)
    shown.pop("crossId", None)  # as observed: only reading it later shows these as they are
    shown |= {"allowedInApiProducts": False, "responseTemplates": {}, "resources": []}
    return Answer(201, shown, {"Location": f"{_base(call)}/apis/{api.id}"})


def _api(call: Call) -> Answer:
    return Answer(200, _view(call, console.api_of(call.environment, call.names["api"])))


def _update(call: Call) -> Answer:
    return Answer(
        200, _view(call, console.update_api(call.environment, call.names["api"], call.json(), call.user))
    )


def _delete(call: Call) -> Answer:
    console.delete_api(call.environment, call.names["api"], call.user, close_plans=call.flag("closePlans"))
    return Answer(204)


def _start(call: Call) -> Answer:
    console.start_api(call.environment, call.names["api"], call.user)
    return Answer(204)


def _stop(call: Call) -> Answer:
    console.stop_api(call.environment, call.names["api"], call.user)
    return Answer(204)


def _deploy(call: Call) -> Answer:
    label = str((call.json() or {}).get("deploymentLabel") or "")
    console.deploy_api(call.environment, call.names["api"], call.user, label)
    return Answer(202)


def _detach(call: Call) -> Answer:
    console.detach_api(call.environment, call.names["api"], call.user)
    return Answer(204)


def _current(call: Call) -> Answer:
    return Answer(200, publishing.current_definition(console.api_of(call.environment, call.names["api"])))


def _verify(call: Call) -> Answer:
    console.api_of(call.environment, call.names["api"])
    return Answer(200, {"ok": True})


# -- what hangs on an API ---------------------------------------------------------------------------------


def _plans(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    statuses = call.query.get("statuses", "PUBLISHED").split(",")
    securities = [name for name in call.query.get("securities", "").split(",") if name]
    plans = [
        plan
        for plan in api.sorted_plans()
        if plan.status in statuses
        and (not securities or plan.body.get("security", {}).get("type") in securities)
    ]
    return Answer(200, page_of(call, plans, lambda plan: v2_views.plan_view(call.environment, api, plan)))


def _plan(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    return Answer(200, v2_views.plan_view(call.environment, api, console.plan_of(api, call.names["plan"])))


def _create_plan(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    plan = console.create_plan(call.environment, api, call.json())
    shown = v2_views.plan_view(call.environment, api, plan, new=True)
    return Answer(201, shown, {"Location": f"{_base(call)}/apis/{api.id}/plans/{plan.id}"})


def _update_plan(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    plan = console.update_plan(call.environment, api, call.names["plan"], call.json(), call.user)
    return Answer(200, v2_views.plan_view(call.environment, api, plan))


def _plan_action(change: Callable[..., Any]) -> Callable[[Call], Answer]:
    def handler(call: Call) -> Answer:
        api = console.api_of(call.environment, call.names["api"])
        plan = change(call.environment, api, call.names["plan"])
        return Answer(200, v2_views.plan_view(call.environment, api, plan))

    return handler


def _pages(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    parent = call.query.get("parentId")
    views = [v2_views.page_view(api, page) for page in api.sorted_pages()]
    if parent is not None:
        views = [view for view in views if view.get("parentId", "ROOT") == parent]
    return Answer(200, {"pages": views, "breadcrumb": []})


def _page(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    return Answer(200, v2_views.page_view(api, console.page_of(api, call.names["page"])))


def _create_page(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    page = console.create_page(call.environment, api, call.json())
    return Answer(201, v2_views.page_view(api, page))


def _update_page(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    page = console.update_page(call.environment, api, call.names["page"], call.json())
    return Answer(200, v2_views.page_view(api, page))


def _members(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    members = v2_views.member_views(call.environment, api)
    return Answer(200, page_of(call, members, lambda member: member))


def _metadata(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    return Answer(200, page_of(call, metadata.shown(api), lambda entry: entry))


def _subscriptions(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    statuses = call.query.get("statuses", "ACCEPTED").split(",")
    wanted = {
        name: [value for value in call.query.get(parameter, "").split(",") if value]
        for name, parameter in (("plan_id", "planIds"), ("application_id", "applicationIds"))
    }
    items = [
        item
        for item in call.environment.subscriptions.values()
        if item.api_id == api.id
        and item.status in statuses
        and all(not ids or getattr(item, name) in ids for name, ids in wanted.items())
    ]
    items.sort(key=lambda item: item.created_at, reverse=True)
    return Answer(200, page_of(call, items, v2_views.subscription_view))


def _subscription(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    item = call.environment.subscriptions.get(call.names["subscription"])
    if item is None or item.api_id != api.id:
        raise unknown_id("Subscription", call.names["subscription"])
    return Answer(200, v2_views.subscription_view(item))


def _window(call: Call) -> tuple[float, float]:
    try:
        begin, end = (
            float(call.query.get(name) or otherwise) for name, otherwise in (("from", 0), ("to", "inf"))
        )
    except ValueError:
        raise error(400, "Validation error", parameters={}) from None
    return begin, end


def _events(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    types = [name for name in call.query.get("types", "").split(",") if name]
    begin, end = _window(call)
    events = [
        event
        for event in reversed(call.environment.events)
        if event.subject == api.id
        and event.incarnation == api.incarnation
        and (not types or event.type in types)
        and begin <= event.created_at <= end
    ]
    return Answer(200, page_of(call, events, lambda event: v2_views.event_view(call.environment, event)))


def _event(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    for event in call.environment.events:
        if event.id == call.names["event"] and event.subject == api.id:
            return Answer(200, v2_views.event_view(call.environment, event))
    raise unknown_id("Event", call.names["event"])


def _audits(call: Call) -> Answer:
    api = console.api_of(call.environment, call.names["api"])
    names = [name for name in call.query.get("events", "").split(",") if name]
    begin, end = _window(call)
    audits = [
        item
        for item in reversed(call.environment.audits)
        if item.subject == api.id and (not names or item.event in names) and begin <= item.created_at <= end
    ]
    return Answer(200, page_of(call, audits, lambda item: v2_views.audit_view(call.environment, item)))


def _groups(call: Call) -> Answer:
    groups = list(call.environment.kept["groups"].values())
    return Answer(
        200,
        page_of(
            call,
            groups,
            lambda group: {
                "id": group.id,
                "name": group.body["name"],
                "createdAt": iso(group.created_at),
                "updatedAt": iso(group.updated_at),
            },
        ),
    )


_OPERATIONS: tuple[tuple[str, str, Callable[[Call], Answer], Cost], ...] = (
    ("GET", "apis", _apis, "list"),
    ("POST", "apis/_search", _search, "list"),
    ("POST", "apis", _create, "write"),
    ("GET", "apis/{api}", _api, "get"),
    ("PUT", "apis/{api}", _update, "write"),
    ("DELETE", "apis/{api}", _delete, "write"),
    ("POST", "apis/{api}/_start", _start, "write"),
    ("POST", "apis/{api}/_stop", _stop, "write"),
    ("POST", "apis/{api}/_detach", _detach, "write"),
    ("POST", "apis/{api}/deployments", _deploy, "write"),
    ("GET", "apis/{api}/deployments/current", _current, "get"),
    ("GET", "apis/{api}/deployments/_verify", _verify, "get"),
    ("GET", "apis/{api}/plans", _plans, "get"),
    ("POST", "apis/{api}/plans", _create_plan, "write"),
    ("GET", "apis/{api}/plans/{plan}", _plan, "get"),
    ("PUT", "apis/{api}/plans/{plan}", _update_plan, "write"),
    ("POST", "apis/{api}/plans/{plan}/_publish", _plan_action(console.publish_plan), "write"),
    ("POST", "apis/{api}/plans/{plan}/_deprecate", _plan_action(console.deprecate_plan), "write"),
    ("POST", "apis/{api}/plans/{plan}/_close", _plan_action(console.close_plan), "write"),
    ("GET", "apis/{api}/pages", _pages, "get"),
    ("POST", "apis/{api}/pages", _create_page, "write"),
    ("GET", "apis/{api}/pages/{page}", _page, "get"),
    ("PUT", "apis/{api}/pages/{page}", _update_page, "write"),
    ("GET", "apis/{api}/members", _members, "get"),
    ("GET", "apis/{api}/metadata", _metadata, "get"),
    ("GET", "apis/{api}/subscriptions", _subscriptions, "get"),
    ("GET", "apis/{api}/subscriptions/{subscription}", _subscription, "get"),
    ("GET", "apis/{api}/events", _events, "get"),
    ("GET", "apis/{api}/events/{event}", _event, "get"),
    ("GET", "apis/{api}/audits", _audits, "get"),
    ("GET", "groups", _groups, "get"),
    ("GET", "instances", _absent, "get"),
    ("GET", "audits", _absent, "get"),
    ("POST", "events/_search", _absent, "get"),
)
