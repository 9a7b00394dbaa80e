"""What people do by hand: the writes of Management v2, which the Console makes.

The server does not keep anybody from editing what Kubernetes owns (DOMAIN §0.8). An edit of an API moves its
`updatedAt`; an edit of a plan or of a page does not (DOMAIN §9, trap 7).
"""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import publishing
from reconciler.simulator.apim.apis import admitted, remove
from reconciler.simulator.apim.audits import audit, patch, row
from reconciler.simulator.apim.held import filled, save, save_flow
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api, Page, Plan, User
from reconciler.simulator.apim.refusals import error, unknown_id
from reconciler.simulator.apim.shapes import admit, completed
from reconciler.simulator.apim.specs import API, PAGE, PLAN
from reconciler.simulator.apim.subscriptions import close_of_plan

_UNSET_AT_FIRST = frozenset({"responseTemplates", "resources"})


def api_of(environment: Environment, identifier: str) -> Api:
    """The API with this id.

    Raises:
        Refused: there is none.
    """
    found = environment.apis.get(identifier)
    if found is None:
        raise unknown_id("Api", identifier)
    return found


def create_api(environment: Environment, body: dict[str, Any], user: User) -> Api:
    """Make an API in the Console: private, stopped, not published, owned by its maker.

    Raises:
        Refused: 400 for a body that does not fit.
    """
    spec = _from_v2({"visibility": "PRIVATE", "lifecycleState": "CREATED", **body})
    now = environment.now()
    environment.incarnations += 1
    raw = save(spec, None, environment.cross_id_of)
    for listener in raw["listeners"]:
        if listener["type"] == "HTTP":
            listener.setdefault("requestValidation", {"rejectNullByte": True})
    raw["allowedInApiProducts"] = True
    api = Api(
        id=environment.draw_id(),
        hrid=None,
        cross_id=environment.draw_id(),
        raw=filled(raw),
        origin="MANAGEMENT",
        sync_from="MANAGEMENT",
        owner=user,
        created_at=now,
        updated_at=now,
        incarnation=environment.incarnations,
        unset=_UNSET_AT_FIRST,
    )
    environment.index(api)
    audit(environment, user, api, "API_CREATED", patch({}, row(api)))
    return api


def update_api(environment: Environment, identifier: str, body: dict[str, Any], user: User) -> Api:
    """Replace what an API says; it is not deployed by that.

    Raises:
        Refused: there is none, or the body does not fit.
    """
    api = api_of(environment, identifier)
    before = row(api)
    if api.definition_version != "V4":
        api.raw = {
            **api.raw,
            **{name: body[name] for name in ("name", "description", "labels") if name in body},
        }
    else:
        spec = _from_v2(body)
        raw = filled(save(spec, api.raw, environment.cross_id_of))
        if "definitionContext" in api.raw:
            raw["definitionContext"] = api.raw["definitionContext"]
        api.raw = raw
        api.groups = [name for name in body.get("groups", ()) if environment.group_named(name) is not None]
        api.notify_members = not body.get("disableMembershipNotifications", False)
    api.unset = frozenset()
    api.updated_at = environment.now()
    environment.index(api)
    audit(environment, user, api, "API_UPDATED", patch(before, row(api)), created_at=api.updated_at)
    return api


def _from_v2(body: dict[str, Any]) -> dict[str, Any]:
    """A Management v2 body in the Automation API's form."""
    sent = copied(body)
    sent["version"] = sent.pop("apiVersion", None)
    sent["state"] = "STOPPED"
    sent["hrid"] = "not-kept"
    for by_type in (sent.get("responseTemplates") or {}).values():
        for template in by_type.values():
            template["status"] = template.pop("statusCode", None)
    admissible = {name: value for name, value in sent.items() if name != "definitionContext"}
    spec = completed(API, admitted(admissible))
    del spec["hrid"]
    for kept, given in zip(spec["listeners"], sent["listeners"], strict=True):
        if "requestValidation" in given:
            kept["requestValidation"] = given["requestValidation"]
    return spec


def start_api(environment: Environment, identifier: str, user: User) -> None:
    """Start an API.

    Raises:
        Refused: there is none, or it is started.
    """
    api = api_of(environment, identifier)
    if api.state == "STARTED":
        raise error(400, "API is already started")
    publishing.start(environment, api, user)


def stop_api(environment: Environment, identifier: str, user: User) -> None:
    """Stop an API.

    Raises:
        Refused: there is none, or it is stopped.
    """
    api = api_of(environment, identifier)
    if api.state == "STOPPED":
        raise error(400, "API is already stopped")
    publishing.stop(environment, api, user)


def deploy_api(environment: Environment, identifier: str, user: User, label: str = "") -> None:
    """Publish what is saved.

    Raises:
        Refused: there is none, or the label is longer than 32 characters.
    """
    api = api_of(environment, identifier)
    if len(label) > 32:
        raise error(400, "Validation error", parameters={})
    publishing.deploy(environment, api, user, label)


def detach_api(environment: Environment, identifier: str, user: User) -> None:
    """Break the glass: the API is the Console's until the next automation PUT (DOMAIN §0.9).

    Raises:
        Refused: there is none, or Kubernetes does not own it.
    """
    api = api_of(environment, identifier)
    if api.origin != "KUBERNETES":
        raise error(400, f"Api [{identifier}] is not managed by automation", "invalid", parameters={})
    api.origin, api.sync_from = "MANAGEMENT", "MANAGEMENT"
    api.updated_at = environment.now()
    audit(environment, user, api, "AUTOMATION_DETACHED", [], created_at=api.updated_at)


def delete_api(environment: Environment, identifier: str, user: User, *, close_plans: bool = False) -> None:
    """Delete an API.

    Raises:
        Refused: there is none; it is started; or it has plans in use and they are not to be closed.
    """
    api = api_of(environment, identifier)
    if api.state == "STARTED" and not close_plans:
        raise error(400, f"The api [{identifier}] is still running and must be stopped before being deleted.")
    if not close_plans and publishing.can_deploy(api):
        raise error(400, f"Plan(s) of the api [{identifier}] must be closed before being able to delete it.")
    remove(environment, api, user)


# -- plans and pages --------------------------------------------------------------------------------------


def plan_of(api: Api, identifier: str) -> Plan:
    """A plan of an API.

    Raises:
        Refused: there is none.
    """
    found = api.plans.get(identifier)
    if found is None:
        raise unknown_id("Plan", identifier)
    return found


def create_plan(environment: Environment, api: Api, body: dict[str, Any]) -> Plan:
    """Make a plan by hand: without HRID, so that the next automation PUT takes it away."""
    saved = _plan_body(environment, {"status": "STAGING", "type": "API", "mode": "STANDARD", **body})
    now = environment.now()
    plan = Plan(environment.draw_id(), None, None, saved, 0, now, now)
    plan.flow_ids = [environment.draw_id() for _ in saved["flows"]]
    api.plans[plan.id] = plan
    return plan


def update_plan(
    environment: Environment, api: Api, identifier: str, body: dict[str, Any], user: User
) -> Plan:
    """Change a plan by hand; the API's `updatedAt` stays as it is."""
    plan = plan_of(api, identifier)
    kept: dict[str, Any] = {
        name: plan.body[name] for name in ("status", "type", "mode", "security") if name in plan.body
    }
    saved = _plan_body(environment, {**kept, **body, "status": plan.status})
    operations = [
        {"op": "replace", "path": f"/{name}", "value": value}
        for name, value in saved.items()
        if plan.body.get(name) != value
    ]
    plan.body = saved
    plan.flow_ids = [environment.draw_id() for _ in saved["flows"]]
    plan.updated_at = environment.now()
    audit(environment, user, api, "PLAN_UPDATED", operations, plan=plan)
    return plan


def _plan_body(environment: Environment, body: dict[str, Any]) -> dict[str, Any]:
    spec = completed(PLAN, admit(PLAN, {**body, "hrid": "not-kept"}))
    del spec["hrid"]
    spec.pop("id", None)
    spec["flows"] = [save_flow(flow, environment.cross_id_of) for flow in spec["flows"]]
    return spec


def publish_plan(environment: Environment, api: Api, identifier: str) -> Plan:
    """Publish a plan: it comes last."""
    plan = plan_of(api, identifier)
    plan.body["status"] = "PUBLISHED"
    plan.order = 1 + max(other.order for other in api.plans.values())
    plan.published_at = plan.updated_at = environment.now()
    return plan


def deprecate_plan(environment: Environment, api: Api, identifier: str) -> Plan:
    """Deprecate a plan."""
    plan = plan_of(api, identifier)
    plan.body["status"] = "DEPRECATED"
    plan.updated_at = environment.now()
    return plan


def close_plan(environment: Environment, api: Api, identifier: str) -> Plan:
    """Close a plan and what is subscribed to it."""
    plan = plan_of(api, identifier)
    plan.body["status"] = "CLOSED"
    plan.closed_at = plan.updated_at = environment.now()
    close_of_plan(environment, plan.id)
    return plan


def page_of(api: Api, identifier: str) -> Page:
    """A page of an API.

    Raises:
        Refused: there is none.
    """
    found = api.pages.get(identifier)
    if found is None:
        raise unknown_id("Page", identifier)
    return found


def create_page(environment: Environment, api: Api, body: dict[str, Any]) -> Page:
    """Make a page by hand."""
    spec = completed(PAGE, admit(PAGE, {**body, "hrid": "not-kept"}))
    del spec["hrid"]
    page = Page(environment.draw_id(), None, None, spec, len(api.pages), environment.now())
    api.pages[page.id] = page
    return page


def update_page(environment: Environment, api: Api, identifier: str, body: dict[str, Any]) -> Page:
    """Change a page by hand; the API's `updatedAt` stays as it is."""
    page = page_of(api, identifier)
    changed: dict[str, Any] = {
        name: body[name]
        for name in ("name", "content", "visibility", "published", "homepage")
        if name in body
    }
    page.body = {**page.body, **copied(changed)}
    page.updated_at = environment.now()
    return page
