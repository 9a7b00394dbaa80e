"""An ApiV4Definition as GKO sends it to the Automation API, and as it writes it for gateways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.rules.identity import hrid, part_hrid
from reconciler.simulator.gko.ids import own_id
from reconciler.simulator.gko.lookups import Body, Lookups, Ref

_PHASES = ("request", "response", "connect", "interact", "publish", "subscribe")
_CONTEXT = {"origin": "KUBERNETES", "syncFrom": "MANAGEMENT"}


class Translation:
    """The parts that both kinds of API have in common.

    Attributes:
        missing_groups: those of `groupRefs` that do not exist; they are left out.
    """

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups
        self.missing_groups: list[str] = []

    def resources(self, items: list[Body] | None) -> list[Body]:
        """Resources with those that are objects of their own written out."""
        found = []
        for item in items or ():
            ref = item.get("ref")
            if ref is None:
                found.append(item)
                continue
            # Without a namespace GKO looks in none, and finds nothing (DOMAIN §10.2).
            place = Ref("ApiResource", str(ref.get("namespace") or ""), str(ref["name"]))
            found.append(self.lookups.compiled(self.lookups.get(place)["spec"], place.namespace))
        return found

    def groups(self, spec: Mapping[str, Any]) -> list[str]:
        """The names of all groups, those that are referred to at the end."""
        return [*(spec.get("groups") or ()), *self._names(spec.get("groupRefs"), self.lookups.namespace)]

    def notification(self, spec: Mapping[str, Any]) -> tuple[list[str], list[str]] | None:
        """Events and groups of the first console notification that is referred to."""
        for ref in spec.get("notificationsRefs") or ():
            place = self.lookups.named(ref, "Notification")
            console = self.lookups.get(place)["spec"].get("console")
            if console:
                named = self._names(console.get("groupRefs"), place.namespace)
                return list(console.get("apiEvents") or ()), [*(console.get("groups") or ()), *named]
        return None

    def _names(self, refs: list[Body] | None, namespace: str) -> list[str]:
        names = []
        for ref in refs or ():
            place = self.lookups.named(ref, "Group", namespace)
            group = self.lookups.seek(place)
            if group is None:
                self.missing_groups.append(f"{place.namespace}/{place.name}")
            else:
                names.append(str(group["spec"]["name"]))
        return names


def automation_body(namespace: str, name: str, spec: Body, translation: Translation) -> Body:
    """The body of `PUT apis`.

    Args:
        namespace: of the resource.
        name: of the resource.
        spec: its spec, with templates resolved.
        translation: resolves what it refers to.

    Raises:
        Failure: a reference leads nowhere.
    """
    own = hrid(namespace, name)
    body = {field: value for field, value in spec.items() if field not in ("contextRef", "plans", "pages")}
    body |= {
        "hrid": own,
        "definitionContext": {**_CONTEXT, **(spec.get("definitionContext") or {})},
        "resources": translation.resources(spec.get("resources")),
        "groups": translation.groups(spec),
        "flows": [_flow(flow, translation.lookups) for flow in spec.get("flows") or ()],
        "plans": [_plan(key, plan, translation.lookups) for key, plan in _in_order(spec.get("plans"))],
    }
    if spec.get("pages") is not None:
        body["pages"] = [_page(key, page, own) for key, page in _in_order(spec["pages"])]
    notified = translation.notification(spec)
    if notified is not None:
        body["consoleNotification"] = {"events": notified[0], "groups": notified[1]}
    return body


def _in_order(entries: Body | None) -> list[tuple[str, Body]]:
    """The entries of a map by their `order`, then by key; the real one sends them in any order (a Go map)."""
    return sorted((entries or {}).items(), key=lambda entry: (entry[1].get("order", 0), entry[0]))


def _plan(key: str, plan: Body, lookups: Lookups) -> Body:
    flows = [_flow(flow, lookups) for flow in plan.get("flows") or ()]
    sent = {**plan, "hrid": part_hrid(key), "flows": flows}
    if plan.get("generalConditions"):
        sent["generalConditionsHrid"] = part_hrid(plan["generalConditions"])
    return sent


def _page(key: str, page: Body, api: str) -> Body:
    sent = {**page, "hrid": part_hrid(key), "api": api}
    if page.get("parent"):
        sent["parentHrid"] = part_hrid(page["parent"])
    return sent


def _flow(flow: Body, lookups: Lookups) -> Body:
    return {
        field: [_step(step, lookups) for step in value] if field in _PHASES and value else value
        for field, value in flow.items()
    }


def _step(step: Body, lookups: Lookups) -> Body:
    """A step; one that refers to a shared policy group becomes the policy that runs it (DOMAIN §1)."""
    ref = step.get("sharedPolicyGroupRef")
    if not ref:
        return step
    place = lookups.named(ref, "SharedPolicyGroup")
    group = lookups.get(place)
    cross = str((group.get("status") or {}).get("crossId") or "")
    return {
        **step,
        "name": step.get("name") or place.name,
        "enabled": step.get("enabled", True),
        "policy": "shared-policy-group-policy",
        "configuration": {"hrid": str(group["spec"].get("hrid") or ""), "sharedPolicyGroupId": cross},
        "sharedPolicyGroupRef": {**ref, "namespace": place.namespace},
    }


def gateway_definition(body: Body, *, identified: bool) -> Body:
    """The API as the gateways of the local mode take it from a ConfigMap: their words, their fields.

    Args:
        body: what would go to the Automation API.
        identified: whether GKO makes the ids, as it does without a control plane.
    """
    definition: Body = {
        **{field: value for field, value in body.items() if value is not None},
        "apiVersion": body["version"],
        "definitionVersion": "4.0.0",
        "type": _word(body["type"]),
        "listeners": [_listener(listener) for listener in body["listeners"]],
        "endpointGroups": [_group(group) for group in body["endpointGroups"]],
        "flows": [_gateway_flow(flow) for flow in body["flows"]],
        "plans": [_gateway_plan(plan) for plan in body["plans"]],
    }
    execution = body.get("flowExecution")
    if execution:
        definition["flowExecution"] = {**execution, "mode": _word(execution["mode"])}
    if identified:
        definition["id"] = own_id(body["hrid"])
        for plan in definition["plans"]:
            plan["id"] = own_id(definition["id"], plan["hrid"])
    return definition


def _word(value: str) -> str:
    return value.lower().replace("_", "-")


def _listener(listener: Body) -> Body:
    entrypoints = [
        {**item, "qos": _word(item["qos"])} if "qos" in item else item for item in listener["entrypoints"]
    ]
    return {**listener, "type": _word(listener["type"]), "entrypoints": entrypoints}


def _group(group: Body) -> Body:
    if "loadBalancer" not in group:
        return group
    return {**group, "loadBalancer": {"type": _word(group["loadBalancer"].get("type") or "ROUND_ROBIN")}}


def _gateway_flow(flow: Body) -> Body:
    selectors = [{**selector, "type": _word(selector["type"])} for selector in flow.get("selectors") or ()]
    return {**flow, "selectors": selectors}


def _gateway_plan(plan: Body) -> Body:
    out = {**plan, "name": plan["hrid"], "flows": [_gateway_flow(flow) for flow in plan["flows"]]}
    for field in ("status", "mode"):
        if field in plan:
            out[field] = _word(plan[field])
    if plan.get("security"):
        out["security"] = {**plan["security"], "type": _word(plan["security"]["type"])}
    return out
