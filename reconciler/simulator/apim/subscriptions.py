"""Subscriptions: their life through the Automation API, and what else ends them (DOMAIN §9)."""

from __future__ import annotations

from typing import Any

from reconciler.rules import identity
from reconciler.simulator.apim import specs
from reconciler.simulator.apim.instants import from_iso, iso
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Kept, Plan, Subscription, User
from reconciler.simulator.apim.refusals import error, unknown_hrid, unknown_id
from reconciler.simulator.apim.shapes import admit, completed

_AUTO = "Kubernetes subscriptions are always auto accepted"


def put(
    environment: Environment, api_hrid: str, body: Any, user: User, modes: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Subscribe, update, or revive what was closed. There is no dry run (DOMAIN §9, trap 1).

    Args:
        api_hrid: the API's HRID, or its id in the mode `hridContainsApiUUID`.
        modes: the `hridContains…UUID` parameters that are on.

    Raises:
        Refused: no such plan or application, or a plan that nobody can subscribe to.
    """
    shape = specs.SUBSCRIPTION
    if "hridContainsUUID" in modes:
        shape = {**shape, "hrid": specs.ANY_ID}
    sent = admit(shape, body)
    spec = completed(shape, sent)
    plan_id = _plan_id(environment, api_hrid, spec["planHrid"], by_api_id="hridContainsApiUUID" in modes)
    plan = _plan(environment, plan_id)
    by_id = "hridContainsAppUUID" in modes
    application_id = spec["applicationHrid"] if by_id else environment.id_of(spec["applicationHrid"])
    _application(environment, application_id)
    if plan.body.get("security", {}).get("type") == "KEY_LESS":
        raise error(400, "A keyless plan is not subscribable!", "plan.notSubscribable")
    identifier = spec["hrid"] if "hridContainsUUID" in modes else _id(environment, api_hrid, spec["hrid"])
    now = environment.now()
    known = environment.subscriptions.get(identifier)
    new = known is None
    if new and _is_subscribed(environment, application_id, plan_id):
        what = "There is already a PENDING or ACCEPTED subscription for this plan."
        raise error(400, what, "plan.subscribed", parameters={"plan": plan_id})
    if known is None:
        known = Subscription(
            id=identifier,
            hrid=spec["hrid"],
            api_id=api_hrid if "hridContainsApiUUID" in modes else environment.id_of(api_hrid),
            api_hrid=api_hrid,
            plan_id=plan_id,
            plan_hrid=spec["planHrid"],
            application_id=application_id,
            application_hrid=spec["applicationHrid"],
            user=user,
            created_at=now,
            updated_at=now,
            processed_at=now,
            starting_at=now,
        )
        environment.subscriptions[identifier] = known
        known.starting_at = environment.now()
        known.processed_at = environment.now()
    elif known.status == "CLOSED":
        known.status, known.closed_at = "ACCEPTED", None
        known.publisher_message = _AUTO
        known.starting_at = environment.now()
        known.processed_at = environment.now()
    known.ending_at = _written_instant(spec.get("endingAt"))
    known.metadata = spec["metadata"]
    known.consumer_configuration = spec.get("consumerConfiguration")
    known.updated_at = environment.now()
    answer = {**sent, "id": identifier, **environment.placed()}
    answer |= {"errors": {"severe": [], "warning": []}, "apiHrid": api_hrid}
    answer.pop("endingAt", None)
    if known.ending_at is not None and not new:  # as observed: the first answer leaves it out
        answer["endingAt"] = known.ending_at
    return answer | {"startingAt": iso(known.starting_at)}


def _is_subscribed(environment: Environment, application_id: str, plan_id: str) -> bool:
    """Whether an application has a living subscription to a plan."""
    return any(
        one.status in ("PENDING", "ACCEPTED")
        for one in environment.subscriptions.values()
        if (one.application_id, one.plan_id) == (application_id, plan_id)
    )


def get(environment: Environment, api_hrid: str, hrid: str, *, uuid: bool = False) -> dict[str, Any]:
    """Read a subscription; whether it is closed cannot be seen here (DOMAIN §9, trap 9).

    Raises:
        Refused: there is none, or its plan is gone.
    """
    found = _found(environment, api_hrid, hrid, uuid=uuid)
    _plan(environment, found.plan_id)
    body: dict[str, Any] = {
        "hrid": hrid,
        "applicationHrid": found.application_hrid,
        "planHrid": found.plan_hrid,
        "metadata": dict(found.metadata),
        "apiKeys": [],
        "id": found.id,
        **environment.placed(),
        "apiHrid": api_hrid,
        "startingAt": iso(found.starting_at),
    }
    if found.ending_at is not None:
        body["endingAt"] = found.ending_at
    if found.consumer_configuration is not None:
        body["consumerConfiguration"] = found.consumer_configuration
    return body


def delete(environment: Environment, api_hrid: str, hrid: str, *, uuid: bool = False) -> None:
    """Close a subscription; doing it twice is as good (DOMAIN §9, trap 10).

    Raises:
        Refused: there never was one.
    """
    close(environment, _found(environment, api_hrid, hrid, uuid=uuid))


def close(environment: Environment, subscription: Subscription) -> None:
    """Close a subscription, unless it is."""
    if subscription.status != "CLOSED":
        subscription.status = "CLOSED"
        subscription.updated_at = environment.now()


def close_of_plan(environment: Environment, plan_id: str) -> None:
    """Close what is subscribed to a plan that goes away: silently, as the real server does."""
    for subscription in environment.subscriptions.values():
        if subscription.plan_id == plan_id:
            close(environment, subscription)


def forget_of_api(environment: Environment, api_id: str) -> None:
    """Forget the subscriptions of an API that is deleted."""
    _forget(environment, [item.id for item in environment.subscriptions.values() if item.api_id == api_id])


def forget_of_application(environment: Environment, application_id: str) -> None:
    """Forget the subscriptions of an application that is archived."""
    found = [item.id for item in environment.subscriptions.values() if item.application_id == application_id]
    _forget(environment, found)


def _forget(environment: Environment, identifiers: list[str]) -> None:
    for identifier in identifiers:
        del environment.subscriptions[identifier]


def _found(environment: Environment, api_hrid: str, hrid: str, *, uuid: bool) -> Subscription:
    identifier = hrid if uuid else _id(environment, api_hrid, hrid)
    found = environment.subscriptions.get(identifier)
    if found is None:
        raise unknown_hrid(hrid)
    return found


def _id(environment: Environment, api_hrid: str, hrid: str) -> str:
    return identity.part_id(environment.organization.id, environment.id, api_hrid, hrid)


def _plan_id(environment: Environment, api_hrid: str, plan_hrid: str, *, by_api_id: bool) -> str:
    if by_api_id:
        api = environment.apis.get(api_hrid)
        for plan in api.plans.values() if api is not None else ():
            if plan_hrid in (plan.hrid, plan.id):
                return plan.id
    return _id(environment, api_hrid, plan_hrid)


def _plan(environment: Environment, plan_id: str) -> Plan:
    for api in environment.apis.values():
        if plan_id in api.plans:
            return api.plans[plan_id]
    raise unknown_id("Plan", plan_id)


def _application(environment: Environment, application_id: str) -> Kept:
    for application in environment.kept["applications"].values():
        if application.id == application_id:
            return application
    raise unknown_id("Application", application_id)


def _written_instant(text: Any) -> str | None:
    """An instant as it reads back: in UTC.

    Raises:
        Refused: 400 for what is no instant.
    """
    if text is None or text == "":  # GKO sends an empty text for none
        return None
    try:
        return iso(from_iso(str(text)))
    except ValueError:
        message = f"Text '{text}' could not be parsed"
        raise error(400, message, "invalidValue", parameters={}) from None
