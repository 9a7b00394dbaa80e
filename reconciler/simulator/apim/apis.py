"""APIs through the Automation API: import, read, delete (DOMAIN §4.2, §9)."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import api_checks, metadata, publishing, specs
from reconciler.simulator.apim.api_parts import synchronise_pages, synchronise_plans
from reconciler.simulator.apim.audits import audit, patch, row
from reconciler.simulator.apim.held import filled, save
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api, Page, Plan, User
from reconciler.simulator.apim.refusals import invalid, refused_import, unknown_hrid
from reconciler.simulator.apim.shapes import admit, completed
from reconciler.simulator.apim.subscriptions import close_of_plan, forget_of_api

GKO_LABEL = "Updated by GKO"


def put(
    environment: Environment, body: Any, user: User, *, dry_run: bool = False, uuid: bool = False
) -> dict[str, Any]:
    """Create or update an API.

    Args:
        body: as sent.
        dry_run: only tell what would be found wrong; shallow, as the real one is.
        uuid: `hrid` holds the API's id (made before 4.12): the API keeps no HRID.

    Returns:
        What was sent with its defaults, the ids and the errors: not what was saved.

    Raises:
        Refused: what the real server refuses.
    """
    sent = admitted(body, uuid=uuid)
    spec = completed(specs.API, sent)
    api_checks.check_hrids(spec)
    hrid = str(spec["hrid"])
    identifier = hrid if uuid else environment.id_of(hrid)
    known = environment.apis.get(identifier)
    cross_id = body.get("crossId") if uuid else None
    if not cross_id:
        cross_id = known.cross_id if uuid and known is not None else environment.cross_id_of(hrid)
    errors = {
        "severe": api_checks.severe(environment, identifier, spec),
        "warning": api_checks.warnings(environment, spec),
    }
    answer = {**_echo(sent), "id": identifier, **environment.placed(), "crossId": cross_id}
    if dry_run:
        return {**answer, "errors": errors} if errors["severe"] or errors["warning"] else answer
    if errors["severe"]:
        raise refused_import(errors["severe"])
    _check_not_deprecated(known, spec)
    metadata.check(known, spec["metadata"])
    api_checks.check_deeply(environment, spec)
    if known is None:
        _create(environment, identifier, None if uuid else hrid, cross_id, spec, user)
    else:
        _update(environment, known, spec, user)
    return {**answer, "errors": errors}


def get(environment: Environment, hrid: str, *, uuid: bool = False) -> dict[str, Any]:
    """Read an API.

    Raises:
        Refused: there is none.
    """
    return read(environment, _found(environment, hrid, uuid=uuid), hrid)


def delete(environment: Environment, hrid: str, user: User, *, uuid: bool = False) -> None:
    """Delete an API with its plans and subscriptions, dry run or not (DOMAIN §9, trap 1).

    Raises:
        Refused: there is none.
    """
    remove(environment, _found(environment, hrid, uuid=uuid), user)


def remove(environment: Environment, api: Api, user: User) -> None:
    """Take an API and all that hangs on it away."""
    forget_of_api(environment, api.id)
    publishing.withdraw(environment, api, user)
    del environment.apis[api.id]


def admitted(body: Any, *, uuid: bool = False) -> dict[str, Any]:
    """Return a body in the API's shape.

    Raises:
        Refused: 400 where it does not fit.
    """
    shape = {**specs.API, "hrid": specs.ANY_ID} if uuid else specs.API
    spec = admit(shape, body)
    spec["responseTemplates"] = {
        key: {kind: admit(specs.TEMPLATE, template) for kind, template in by_type.items()}
        for key, by_type in spec.get("responseTemplates", {}).items()
    }
    return spec


def read(environment: Environment, api: Api, hrid: str | None = None) -> dict[str, Any]:
    """An API as the Automation API gives it."""
    body = filled(api.raw)
    body.pop("definitionContext", None)
    body["hrid"] = api.hrid if api.hrid is not None else hrid
    for listener in body["listeners"]:
        listener.pop("requestValidation", None)
    body["properties"] = [
        {"key": item["key"], "value": item["value"], "dynamic": item["dynamic"], "encryptable": False}
        for item in body["properties"]
    ]
    body["flows"] = [_shown_flow(flow) for flow in body["flows"]]
    body["plans"] = [_shown_plan(environment, plan) for plan in api.sorted_plans()]
    body["pages"] = [_shown_page(page) for page in api.sorted_pages()]
    body["labels"] = environment.unordered(body["labels"])
    body["groups"] = [group.hrid for group in environment.kept["groups"].values() if group.id in api.groups]
    body["metadata"] = metadata.shown(api)
    body["categories"] = [name for name in body["categories"] if name in environment.categories]
    body["members"] = copied(api.members)
    body["notifyMembers"] = api.notify_members
    body["state"] = api.state
    body["id"] = api.id
    if api.cross_id is not None:
        body["crossId"] = api.cross_id
    return {**body, **environment.placed()}


def _echo(sent: dict[str, Any]) -> dict[str, Any]:
    """What a write answers of what was sent: nothing of what only the server may say."""
    shown = {name: copied(value) for name, value in sent.items() if name != "definitionContext"}
    shown["flows"] = [_shown_flow(flow) for flow in shown.get("flows", ())]
    return shown


def _check_not_deprecated(known: Api | None, spec: dict[str, Any]) -> None:
    """Raise Refused where a deprecated API would be changed; making a started one is such a change."""
    state = known.raw["lifecycleState"] if known is not None else spec["lifecycleState"]
    if state == "DEPRECATED" and (known is not None or spec.get("state") == "STARTED"):
        raise invalid("The API is deprecated and cannot be modified.")


def _found(environment: Environment, hrid: str, *, uuid: bool) -> Api:
    api = environment.apis.get(hrid) if uuid else environment.api_by_hrid(hrid)
    if api is None or api.definition_version != "V4":
        raise unknown_hrid(hrid)
    return api


def _create(
    environment: Environment,
    identifier: str,
    hrid: str | None,
    cross_id: str | None,
    spec: dict[str, Any],
    user: User,
) -> None:
    now = environment.now()
    environment.incarnations += 1
    api = Api(
        id=identifier,
        hrid=hrid,
        cross_id=cross_id,
        raw=save(spec, None, environment.cross_id_of),
        origin="KUBERNETES",
        sync_from="MANAGEMENT",
        owner=user,
        created_at=now,
        updated_at=now,
        incarnation=environment.incarnations,
    )
    audit(environment, user, api, "API_CREATED", patch({}, row(api)))
    audit(environment, user, api, "MEMBERSHIP_CREATED", [])
    audit(environment, user, api, "METADATA_CREATED", [])
    environment.index(api)
    _write_rest(environment, api, spec, user)
    if spec["state"] == "STARTED":
        if _is_published_from_here(spec) and publishing.can_deploy(api):
            publishing.start(environment, api, user)
        else:
            api.state = "STARTED"
            api.updated_at = environment.now()
    api.sync_from = "KUBERNETES"  # as observed: the first event alone says MANAGEMENT


def _update(environment: Environment, api: Api, spec: dict[str, Any], user: User) -> None:
    before = row(api)
    api.raw = save(spec, api.raw, environment.cross_id_of)
    api.origin, api.sync_from = "KUBERNETES", "KUBERNETES"
    api.unset = frozenset()
    api.updated_at = environment.now()
    _write_groups(environment, api, spec)
    audit(environment, user, api, "API_UPDATED", patch(before, row(api)))
    _write_rest(environment, api, spec, user)
    was_started = api.state == "STARTED"
    if spec["state"] == "STARTED":
        api.state = "STARTED"
        if _is_published_from_here(spec) and publishing.can_deploy(api):
            publishing.deploy(environment, api, user, GKO_LABEL)
    elif was_started:
        publishing.stop(environment, api, user)


def _is_published_from_here(spec: dict[str, Any]) -> bool:
    """Whether gateways are to learn of the API from APIM, and not from the cluster."""
    return (spec.get("definitionContext") or {}).get("syncFrom") != "KUBERNETES"


def _write_groups(environment: Environment, api: Api, spec: dict[str, Any]) -> None:
    groups = [environment.group_named(name) for name in spec["groups"]]
    api.groups = list(dict.fromkeys(group.id for group in groups if group is not None))


def _write_rest(environment: Environment, api: Api, spec: dict[str, Any], user: User) -> None:
    _write_groups(environment, api, spec)
    organization = environment.organization
    api.members = [
        dict(member)
        for member in spec["members"]
        if organization.user(member["source"], member["sourceId"]) is not None
    ]
    api.notify_members = bool(spec["notifyMembers"])
    metadata.synchronise(api, spec["metadata"])
    synchronise_pages(environment, api, spec["pages"])
    removed = synchronise_plans(environment, api, spec["plans"], user)
    for plan in removed:
        close_of_plan(environment, plan.id)


def _shown_flow(flow: dict[str, Any]) -> dict[str, Any]:
    """A flow without what the server derived."""
    shown = copied(flow)
    for steps in shown.values():
        if not isinstance(steps, list):
            continue
        for step in steps:
            configuration = step.get("configuration") if isinstance(step, dict) else None
            if isinstance(configuration, dict) and "hrid" in configuration:
                configuration.pop("sharedPolicyGroupId", None)
    return shown


def _shown_plan(environment: Environment, plan: Plan) -> dict[str, Any]:
    return {
        **plan.body,
        "id": plan.id,
        "hrid": plan.hrid,
        "characteristics": environment.unordered(plan.body["characteristics"]),
        "flows": [_shown_flow(flow) for flow in plan.body["flows"]],
    }


def _shown_page(page: Page) -> dict[str, Any]:
    return {**page.body, "id": page.id, "hrid": page.hrid}
