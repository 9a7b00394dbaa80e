"""ApiDefinition (v2): GKO's write-back adds an empty `load_balancing` to every endpoint group (DOMAIN §10.4).

Plans and flows are lists here; their order means something (plan selection, flow execution).
"""

from __future__ import annotations

from reconciler.rules.kinds.kind_rules import KindRules
from reconciler.rules.lists import SET, ListRule, in_order, keyed

_FLOWS = ("spec.flows", "spec.plans.*.flows")
_FLOW_LISTS: dict[str, ListRule] = {"methods": SET, "consumers": keyed("consumerId")}

RULES = KindRules(
    "ApiDefinition",
    lists={
        "spec.categories": SET,
        "spec.groups": SET,
        "spec.labels": SET,
        "spec.tags": SET,
        "spec.path_mappings": SET,
        "spec.consoleNotificationConfiguration.groups": SET,
        "spec.consoleNotificationConfiguration.hooks": SET,
        "spec.members": keyed("source", "sourceId"),
        "spec.metadata": keyed("key"),
        "spec.properties": keyed("key"),
        "spec.resources": keyed("name"),
        "spec.groupRefs": keyed("namespace", "name"),
        "spec.notificationsRefs": keyed("namespace", "name"),
        "spec.plans": in_order("name"),
        "spec.plans.*.characteristics": SET,
        "spec.plans.*.excluded_groups": SET,
        "spec.plans.*.tags": SET,
        "spec.pages.*.accessControls": keyed("referenceType", "referenceId"),
        "spec.proxy.virtual_hosts": keyed("host", "path"),
        "spec.proxy.cors.allowHeaders": SET,
        "spec.proxy.cors.allowMethods": SET,
        "spec.proxy.cors.allowOrigin": SET,
        "spec.proxy.cors.exposeHeaders": SET,
        "spec.proxy.groups": in_order("name"),
        "spec.proxy.groups.*.endpoints": keyed("name"),
        "spec.proxy.groups.*.endpoints.*.tenants": SET,
        "spec.proxy.groups.*.endpoints.*.headers": keyed("name"),
        **{flows: in_order("name") for flows in _FLOWS},
        **{f"{flows}.*.{part}": rule for flows in _FLOWS for part, rule in _FLOW_LISTS.items()},
    },
    empty_is_absent=(
        "spec.members",
        "spec.tags",
        "spec.path_mappings",
        "spec.response_templates",
        "spec.proxy.groups.*.load_balancing",
        "spec.proxy.groups.*.headers",
        "spec.proxy.groups.*.endpoints",
        "spec.proxy.failover.cases",
    ),
)
