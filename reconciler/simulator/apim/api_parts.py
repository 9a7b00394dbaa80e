"""Plans and pages of an API: what an import makes, updates and removes."""

from __future__ import annotations

from typing import Any

from reconciler.rules import identity
from reconciler.simulator.apim.audits import audit
from reconciler.simulator.apim.held import save_flow
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api, Page, Plan, User


def part_ids(environment: Environment, api: Api, hrid: str) -> tuple[str, str]:
    """The id of a plan or page of an API, and the one it has across environments."""
    organization = environment.organization.id
    parent = api.hrid or api.id
    return (
        identity.part_id(organization, environment.id, parent, hrid),
        identity.part_cross_id(organization, parent, hrid),
    )


def synchronise_plans(
    environment: Environment, api: Api, sent: list[dict[str, Any]], user: User
) -> list[Plan]:
    """Make an API's plans those that were sent, in their order; return those that are gone.

    Plans made by hand have no HRID that anybody could send, so they go too (DOMAIN §9, trap 9).
    """
    wanted: dict[str, dict[str, Any]] = {}
    for spec in sent:
        identifier, _ = _ids(environment, api, spec)
        wanted[identifier] = spec
    removed = [plan for identifier, plan in api.plans.items() if identifier not in wanted]
    for plan in removed:
        del api.plans[plan.id]
    for index, (identifier, spec) in enumerate(wanted.items()):
        known = api.plans.get(identifier)
        body = _plan_body(environment, spec)
        if known is None:
            _create_plan(environment, api, spec, body, user)
        else:
            operations = [{"op": "add", "path": "/hrid", "value": spec["hrid"]}]
            operations += _changes(known.body, body)
            operations.append({"op": "replace", "path": "/order", "value": index})
            known.hrid = spec["hrid"]
            known.body = body
            known.flow_ids = [environment.draw_id() for _ in body["flows"]]
            audit(environment, user, api, "PLAN_UPDATED", operations, plan=known)
    _number(environment, api, wanted)
    return removed


def _ids(environment: Environment, api: Api, spec: dict[str, Any]) -> tuple[str, str | None]:
    if api.hrid is None and spec.get("id"):
        return str(spec["id"]), None
    return part_ids(environment, api, spec["hrid"])


def _create_plan(
    environment: Environment, api: Api, spec: dict[str, Any], body: dict[str, Any], user: User
) -> None:
    identifier, cross_id = _ids(environment, api, spec)
    now = environment.now()
    plan = Plan(
        id=identifier,
        hrid=spec["hrid"],
        cross_id=cross_id,
        body=body,
        order=0,
        created_at=now,
        updated_at=now,
        published_at=now if body["status"] != "STAGING" else None,
        flow_ids=[environment.draw_id() for _ in body["flows"]],
    )
    api.plans[plan.id] = plan
    audit(environment, user, api, "PLAN_CREATED", _changes({}, body), plan=plan)
    audit(environment, user, api, "PLAN_UPDATED", [], plan=plan)


def _number(environment: Environment, api: Api, wanted: dict[str, dict[str, Any]]) -> None:
    """Give the plans their places, which touches each of them."""
    for place, identifier in enumerate(wanted, start=1):
        plan = api.plans[identifier]
        plan.order = place
        plan.updated_at = environment.now()


def _plan_body(environment: Environment, spec: dict[str, Any]) -> dict[str, Any]:
    body = {name: copied(value) for name, value in spec.items() if name not in ("id", "hrid")}
    body["flows"] = [save_flow(flow, environment.cross_id_of) for flow in body["flows"]]
    return body


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"op": "replace" if name in before else "add", "path": f"/{name}", "value": value}
        for name, value in after.items()
        if before.get(name) != value
    ]


def synchronise_pages(environment: Environment, api: Api, sent: list[dict[str, Any]]) -> None:
    """Make an API's pages those that were sent; others go, whoever made them."""
    before, api.pages = api.pages, {}
    for place, spec in enumerate(sent):
        identifier, cross_id = _ids(environment, api, spec)
        body = {name: copied(value) for name, value in spec.items() if name not in ("id", "hrid", "crossId")}
        known = before.get(identifier)
        if known is None or known.body != body or known.order != place:
            known = Page(identifier, spec["hrid"], cross_id, body, place, environment.now())
        api.pages[identifier] = known
