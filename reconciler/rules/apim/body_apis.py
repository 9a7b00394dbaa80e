"""The Automation API's body of an ApiV4Definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.rules import identity as ids
from reconciler.rules.apim.making import Making, ordered_items, with_namespace
from reconciler.rules.apim.references import Missing, elements, spec_of, status_of, text_at
from reconciler.rules.apim.xxh3 import legacy_id

_PHASES = ("request", "response", "subscribe", "publish", "connect", "interact")
_NOT_SENT = ("contextRef", "hrid")
_CONTEXT = {"origin": "KUBERNETES", "syncFrom": "MANAGEMENT"}
SHARED_POLICY = "shared-policy-group-policy"


def api_v4_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT apis`."""
    spec = {name: value for name, value in making.spec.items() if name not in _NOT_SENT}
    legacy = making.identity.legacy
    body = {**spec, "hrid": making.hrid()}
    if legacy:
        body["id"] = making.identity.id
        body["crossId"] = making.identity.cross_id
    else:
        body.pop("id", None)
        body.pop("crossId", None)
    stated = spec.get("definitionContext")
    body["definitionContext"] = {**_CONTEXT, **(stated if isinstance(stated, Mapping) else {})}
    body["resources"] = inlined_resources(making)
    body["groups"] = [
        *elements(spec.get("groups")),
        *making.group_names(spec.get("groupRefs"), making.namespace, where="spec.groupRefs"),
    ]
    if notification := console_notification(making):
        body["consoleNotification"] = notification
    body["flows"] = [_flow(making, flow) for flow in elements(spec.get("flows"))]
    body["plans"] = _plans(making)
    body["pages"] = _pages(making)
    return body


def inlined_resources(making: Making) -> list[Any]:
    """The resources of an API, those of ApiResource objects written out.

    A reference without a namespace leads nowhere in GKO, whatever its own says (DOMAIN §10.2).
    """
    out: list[Any] = []
    for at, item in enumerate(elements(making.spec.get("resources"))):
        ref = item.get("ref") if isinstance(item, Mapping) else None
        if not isinstance(ref, Mapping):
            out.append(item)
            continue
        where = f"spec.resources[{at}].ref"
        if not text_at(ref, "namespace"):
            what = "states no namespace, and GKO takes none for it; write it out"
            making.problems.append(Missing("invalid", where, what))
            continue
        if got := making.found(ref, "ApiResource", where=where):
            out.append(making.resolved_spec(*got))
    return out


def console_notification(making: Making) -> dict[str, Any] | None:
    """The console notification of the (at most one) Notification that an API refers to."""
    for at, ref in enumerate(elements(making.spec.get("notificationsRefs"))):
        got = making.found(ref, "Notification", where=f"spec.notificationsRefs[{at}]")
        if got is None:
            continue
        target, notification = got
        console = making.resolved_spec(target, notification).get("console")
        if isinstance(console, Mapping):
            names = making.group_names(
                console.get("groupRefs"), target.namespace, where=f"{target} groupRefs"
            )
            return {
                "events": list(elements(console.get("apiEvents"))),
                "groups": [*elements(console.get("groups")), *names],
            }
    return None


def _plans(making: Making) -> list[dict[str, Any]]:
    entries, stated = ordered_items(making.spec.get("plans"))
    if stated:
        making.in_order.add("plans")
    plans = []
    for key, plan in entries:
        sent = {**plan, "hrid": ids.part_hrid(key)}
        sent["flows"] = [_flow(making, flow) for flow in elements(plan.get("flows"))]
        if conditions := text_at(plan, "generalConditions"):
            sent["generalConditionsHrid"] = ids.part_hrid(conditions)
        if making.identity.legacy:
            sent["id"] = text_at(plan, "id") or legacy_id(making.identity.id + key)
        plans.append(sent)
    return plans


def _pages(making: Making) -> list[dict[str, Any]]:
    entries, stated = ordered_items(making.spec.get("pages"))
    if stated:
        making.in_order.add("pages")
    pages = []
    for key, page in entries:
        sent = {**page, "hrid": ids.part_hrid(key), "api": making.hrid()}
        if parent := text_at(page, "parent"):
            sent["parentHrid"] = ids.part_hrid(parent)
        if making.identity.legacy:
            sent["id"] = text_at(page, "id") or legacy_id(f"{making.identity.id}/{key}")
        pages.append(sent)
    return pages


def _flow(making: Making, flow: Any) -> Any:
    if not isinstance(flow, Mapping):
        return flow
    out = dict(flow)
    for phase in _PHASES:
        if phase in out:
            out[phase] = [_step(making, step) for step in elements(out[phase])]
    return out


def _step(making: Making, step: Any) -> Any:
    """A flow step; one that refers to a shared policy group becomes the policy that runs it (DOMAIN §1)."""
    ref = step.get("sharedPolicyGroupRef") if isinstance(step, Mapping) else None
    if not isinstance(ref, Mapping):
        return step
    got = making.found(ref, "SharedPolicyGroup", where="sharedPolicyGroupRef")
    if got is None:
        return step
    target, group = got
    cross = text_at(status_of(group), "crossId")
    if not cross:
        making.problems.append(Missing("not-ready", str(target), "has not been sent to APIM yet"))
    return {
        **step,
        "name": text_at(step, "name") or target.name,
        "enabled": step.get("enabled", True),
        "policy": SHARED_POLICY,
        "configuration": {"hrid": text_at(spec_of(group), "hrid"), "sharedPolicyGroupId": cross},
        "sharedPolicyGroupRef": with_namespace(ref, making.namespace),
    }
