"""What gateways would run for a resource: the body that would be sent, in the words of a definition.

For comparing a resource with a gateway where nothing was published in between (DOMAIN §5). What only a
control plane knows (labels, pages, members, who may see it) never reaches a gateway and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.comparing import facts_of, normalise_sent
from reconciler.rules.apim.references import elements
from reconciler.rules.apim.standing_in.local import gateway_definition

KIND = "ApiV4Definition"
_FIELDS = (
    "name",
    "type",
    "apiVersion",
    "definitionVersion",
    "tags",
    "properties",
    "resources",
    "listeners",
    "endpointGroups",
    "analytics",
    "flowExecution",
    "flows",
    "responseTemplates",
    "services",
    "failover",
)
_PLAN_FIELDS = ("security", "mode", "status", "tags", "flows", "selectionRule")


def would_run(body: Body, plan_ids: Mapping[str, str]) -> dict[str, Any]:
    """Make the definition that a gateway would get for a body of an API of version 4.

    Args:
        body: what would be sent.
        plan_ids: the ids of its plans by HRID; a plan without one keeps its HRID for an id.
    """
    content = normalise_sent(body, facts_of(body))["spec"]
    words = gateway_definition(content)
    stated = elements(content.get("plans"))
    plans = [
        {
            "id": plan_ids.get(str(plan.get("hrid")), plan.get("hrid")),
            "name": plan.get("name"),
            **{field: worded[field] for field in _PLAN_FIELDS if field in worded},
        }
        for plan, worded in zip(stated, elements(words.get("plans")), strict=True)
    ]
    kept = {field: words[field] for field in _FIELDS if words.get(field) is not None}
    return {**kept, "plans": plans}


def of_a_resource(definition: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a gateway's definition that a resource can state.

    Args:
        definition: what a gateway runs.
        wanted: what `would_run` made; `analytics` that APIM fills in where a resource is silent is left out.
    """
    kept = {field: definition[field] for field in _FIELDS if field in definition}
    if "analytics" not in wanted:
        kept.pop("analytics", None)
    return {**kept, "plans": definition.get("plans", [])}
