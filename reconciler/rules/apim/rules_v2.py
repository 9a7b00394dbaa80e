"""APIs of version 2: what Management v1 is sent against what Management v2 shows, which use other words.

No recording shows which defaults APIM fills into such an API. So only what the manifest states is compared,
and whole elements (a plan, a flow, an endpoint) that one side has and the other lacks; a field that APIM
alone states is left alone. Sources: the import body that GKO was recorded to send, and APIM's OpenAPI
description.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from reconciler.rules.apim.sieve import FREE_FORM, Content, drop, finished, nodes, taken
from reconciler.rules.lists import SET, ListRule, RuleNode, element_keys, in_order, keyed

_FLOWS = ("flows", "plans.*.flows")
_FLOW_LISTS: dict[str, ListRule] = {"methods": SET, "consumers": keyed("consumerId")}
LISTS: dict[str, ListRule] = {
    "spec.categories": SET,
    "spec.groups": SET,
    "spec.labels": SET,
    "spec.tags": SET,
    "spec.pathMappings": SET,
    "spec.plans": keyed("name"),
    "spec.plans.*.characteristics": SET,
    "spec.plans.*.excludedGroups": SET,
    "spec.plans.*.tags": SET,
    "spec.pages": keyed("name"),
    "spec.properties": keyed("key"),
    "spec.resources": keyed("name"),
    "spec.proxy.virtualHosts": keyed("host", "path"),
    "spec.proxy.groups": in_order("name"),
    "spec.proxy.groups.*.endpoints": in_order("name"),
    **{f"spec.{flows}": in_order("name") for flows in _FLOWS},
    **{f"spec.{flows}.*.{name}": rule for flows in _FLOWS for name, rule in _FLOW_LISTS.items()},
}

_RENAMED = (
    ("", {"version": "apiVersion"}),
    *(
        (
            place,
            {
                "loadBalancing": "loadBalancer",
                "http": "httpClientOptions",
                "ssl": "httpClientSslOptions",
                "proxy": "httpProxy",
            },
        )
        for place in ("proxy.groups.*", "proxy.groups.*.endpoints.*")
    ),
    ("responseTemplates.*.*", {"statusCode": "status"}),
)
"""Names that the two APIs have for one thing, by place."""
_WORDS = frozenset(
    {
        "visibility",
        "lifecycleState",
        "state",
        "status",
        "validation",
        "executionMode",
        "flowMode",
        "operator",
    }
)
"""Fields whose value is one of a few words, which both APIs write in their own case."""
_SENT_ONLY = (
    "id",
    "crossId",
    "definitionContext",
    "groupRefs",
    "notificationsRefs",
    "notifyMembers",
    "consoleNotificationConfiguration",
    "members",
    "metadata",
    "primaryOwner",
    "gravitee",
    "deployedAt",
    "local",
)
"""What Management v2 shows elsewhere, or not at all."""
_PLAN_FIELDS_LEFT = ("id", "crossId", "api", "apiId", "order", "definitionVersion", "mode", "type", "paths")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def sent_v2(
    content: Mapping[str, Any],
    group_ids: Mapping[str, str] | None = None,
    unknown_groups: frozenset[str] = frozenset(),
) -> Content:
    """Bring the import body to the common form.

    Args:
        content: the body.
        group_ids: the ids of groups by their names: Management v2 shows nothing else of them. Groups are
            compared only where all of them are known here.
        unknown_groups: names that APIM said it does not know.
    """
    body = taken(_camel(dict(content)))
    drop(body, "", *_SENT_ONLY)
    known = group_ids or {}
    groups = [name for name in map(str, _listed(body.get("groups"))) if name not in unknown_groups]
    if all(name in known for name in groups):
        body["groups"] = [known[name] for name in groups]
    else:
        body.pop("groups", None)
    if isinstance(body.get("pages"), Mapping):
        body["pages"] = [page for page in body["pages"].values() if isinstance(page, dict)]
    for plan in nodes(body, "plans.*"):
        security = plan.get("security")
        if not isinstance(security, dict):
            plan["security"] = {"type": security, "configuration": _definition(plan)}
        plan.pop("securityDefinition", None)
    return _common(body)


def held_v2(held: Mapping[str, Any], sent: Mapping[str, Any], rules: RuleNode) -> Content:
    """Bring what Management v2 shows to the common form, without what only APIM states.

    Args:
        held: the API with its `plans` and `pages`.
        sent: the other side in the common form.
        rules: how its lists are matched.
    """
    body = taken(_camel(dict(held)))
    body["plans"] = [plan for plan in _listed(body.get("plans")) if _open(plan)]
    stated = _stated(_common(body), sent, rules)
    return stated if isinstance(stated, dict) else {}


def _common(body: Content) -> Content:
    drop(body, "plans.*", *_PLAN_FIELDS_LEFT)
    drop(body, "pages.*", "id", "crossId", "api", "parent", "parentId", "order", "lastContributor")
    for flows in _FLOWS:
        drop(body, f"{flows}.*", "id", "stage")
    for place, names in _RENAMED:
        for node in nodes(body, place):
            for old, new in names.items():
                if old in node:
                    node.setdefault(new, node.pop(old))
    _one_case(body)
    return finished(body)


def _definition(plan: Content) -> Any:
    """A plan's security configuration, which the import body holds as JSON in a text."""
    definition = plan.get("securityDefinition")
    if isinstance(definition, str):
        try:
            return json.loads(definition)
        except ValueError:
            return definition
    return definition or {}


def _open(plan: object) -> bool:
    return isinstance(plan, dict) and str(plan.get("status", "")).upper() != "CLOSED"


def _camel(value: Any) -> Any:
    """Field names in one style; what belongs to plugins is left as it is."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for name, item in value.items():
        camel = re.sub(r"[_-]([a-z])", lambda found: found[1].upper(), str(name))
        given = name in FREE_FORM or name in ("responseTemplates", "response_templates")
        out[camel] = item if given else _camel(item)
    return out


def _one_case(value: Any, above: str = "") -> None:
    if isinstance(value, list):
        for item in value:
            _one_case(item, above)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in FREE_FORM:
                continue
            if isinstance(item, str) and (name in _WORDS or (name == "type" and above != "resources")):
                value[name] = type(item)(item.upper().replace("-", "_"))
            else:
                _one_case(item, name)


def _stated(held: Any, sent: Any, rules: RuleNode) -> Any:
    """What is held, without the fields of objects that the other side does not state."""
    if isinstance(held, dict) and isinstance(sent, Mapping):
        return {
            name: _stated(item, sent[name], rules.below(name)) for name, item in held.items() if name in sent
        }
    if isinstance(held, list) and isinstance(sent, list):
        names, others = element_keys(held, rules.listed), element_keys(sent, rules.listed)
        if names is None or others is None:
            pairs = [*zip(held, sent, strict=False)]
            return [*(_stated(a, b, rules.below(0)) for a, b in pairs), *held[len(pairs) :]]
        known = dict(zip(others, sent, strict=True))
        return [
            _stated(item, known[name], rules.below(0)) if name in known else item
            for name, item in zip(names, held, strict=True)
        ]
    return held
