"""ApiV4Definition: what GKO's write-back drops, and how the lists of an API are told apart.

GKO writes the whole typed spec back after it has reconciled, which drops empty flow phases and empty
members (DOMAIN §10.4, seen in the recordings of 4.12.16). Order means something for listeners' paths to
nobody, for flows, steps and endpoint groups (the first is the default target) to everybody.
"""

from __future__ import annotations

from reconciler.rules.kinds.kind_rules import KindRules
from reconciler.rules.lists import SET, ListRule, in_order, keyed

_FLOW_LISTS: dict[str, ListRule] = {
    "tags": SET,
    "selectors": keyed("type"),
    "selectors.*.methods": SET,
    "selectors.*.channelOperations": SET,
    "selectors.*.operations": SET,
}
_FLOW_EMPTIES = (
    "request",
    "response",
    "subscribe",
    "publish",
    "connect",
    "interact",
    "entrypointConnect",
    "selectors",
    "tags",
)
_FLOWS = ("spec.flows", "spec.plans.*.flows")

RULES = KindRules(
    "ApiV4Definition",
    lists={
        "spec.categories": SET,
        "spec.groups": SET,
        "spec.labels": SET,
        "spec.tags": SET,
        "spec.consoleNotification.events": SET,
        "spec.consoleNotification.groups": SET,
        "spec.members": keyed("source", "sourceId"),
        "spec.metadata": keyed("key"),
        "spec.properties": keyed("key"),
        "spec.resources": keyed("name"),
        "spec.groupRefs": keyed("namespace", "name"),
        "spec.notificationsRefs": keyed("namespace", "name"),
        "spec.portalNavigation": keyed("path"),
        "spec.listeners": keyed("type"),
        "spec.listeners.*.paths": keyed("host", "path"),
        "spec.listeners.*.hosts": SET,
        "spec.listeners.*.servers": SET,
        "spec.listeners.*.entrypoints": keyed("type"),
        "spec.listeners.*.cors.allowHeaders": SET,
        "spec.listeners.*.cors.allowMethods": SET,
        "spec.listeners.*.cors.allowOrigin": SET,
        "spec.listeners.*.cors.exposeHeaders": SET,
        "spec.endpointGroups": in_order("name"),
        "spec.endpointGroups.*.endpoints": keyed("name"),
        "spec.endpointGroups.*.endpoints.*.tenants": SET,
        "spec.plans.*.characteristics": SET,
        "spec.plans.*.excludedGroups": SET,
        "spec.plans.*.tags": SET,
        **{flows: in_order("name") for flows in _FLOWS},
        **{f"{flows}.*.{part}": rule for flows in _FLOWS for part, rule in _FLOW_LISTS.items()},
    },
    empty_is_absent=(
        "spec.members",
        "spec.tags",
        *(f"{flows}.*.{part}" for flows in _FLOWS for part in _FLOW_EMPTIES),
    ),
)
