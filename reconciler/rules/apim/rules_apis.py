"""What an ApiV4Definition's body and its GET differ in without differing: DOMAIN §9, rule by rule.

Every rule runs on both sides, so that it does not matter which of the two states something.
"""

from __future__ import annotations

from typing import Any

from reconciler.rules import identity as ids
from reconciler.rules.apim.hop_rules import PHASES, SHARED_POLICY
from reconciler.rules.apim.sieve import Content, Facts, HopRule, drop, drop_nulls, fill, nodes, rewritten

_FLOWS = ("flows.*", "plans.*.flows.*")
_DEFAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "",
        {
            "visibility": "PUBLIC",
            "analytics": {},
            "flowExecution": {},
            "notifyMembers": True,
            "allowedInApiProducts": False,
            "allowMultiJwtOauth2Subscriptions": False,
        },
    ),
    ("analytics", {"enabled": True}),
    (
        "analytics.logging.content",
        {"messageHeaders": False, "messagePayload": False, "messageMetadata": False},
    ),
    ("flowExecution", {"mode": "DEFAULT", "matchRequired": False}),
    ("listeners.*.paths.*", {"path": "/", "overrideAccess": False}),
    ("listeners.*.entrypoints.*", {"qos": "AUTO"}),
    ("listeners.*.cors", {"allowCredentials": False, "maxAge": -1, "runPolicies": False}),
    ("endpointGroups.*", {"loadBalancer": {}}),
    ("endpointGroups.*.loadBalancer", {"type": "ROUND_ROBIN"}),
    ("endpointGroups.*.endpoints.*", {"weight": 1, "inheritConfiguration": False, "secondary": False}),
    (
        "failover",
        {
            "enabled": False,
            "maxRetries": 2,
            "slowCallDuration": 2000,
            "openStateDuration": 10000,
            "maxFailures": 5,
            "perSubscription": True,
            "forceNextEndpointOnFailure": False,
        },
    ),
    *((flows, {"enabled": True}) for flows in _FLOWS),
    *((f"{flows}.{phase}.*", {"enabled": True}) for flows in _FLOWS for phase in PHASES),
    ("properties.*", {"dynamic": False, "encryptable": False}),
    ("resources.*", {"enabled": True}),
    ("responseTemplates.*.*", {"propagateErrorKeyToLogs": False}),
    ("pages.*", {"homepage": False, "published": False, "visibility": "PUBLIC"}),
)
_HTTP_BLOCKS = (
    "endpointGroups.*.sharedConfiguration.http",
    "endpointGroups.*.endpoints.*.configuration.http",
    "endpointGroups.*.endpoints.*.sharedConfigurationOverride.http",
)
EMAIL_SUPPORT, _OWNERS_MAIL = "email-support", "${(api.primaryOwner.email)!''}"


def _server_fields(content: Content, facts: Facts) -> None:
    del facts
    drop(content, "", "id", "crossId", "environmentId", "organizationId", "errors", "primaryOwner")
    drop(content, "plans.*", "id", "crossId")
    drop(content, "pages.*", "id", "crossId")
    drop(content, "flows.*", "id")
    drop(content, "plans.*.flows.*", "id")


def _lost_fields(content: Content, facts: Facts) -> None:
    """What APIM's Automation API does not know, or takes and never returns."""
    del facts
    drop(
        content, "", "contextRef", "groupRefs", "notificationsRefs", "definitionVersion", "definitionContext"
    )
    drop(content, "", "portalNavigation")
    drop(content, "listeners.*", "pathMappings")
    drop(content, "plans.*", "definitionVersion", "api", "order", "generalConditions", "comment_required")
    drop(content, "pages.*", "api", "order", "parent", "parentId")
    for flows in _FLOWS:
        for phase in PHASES:
            drop(content, f"{flows}.{phase}.*", "sharedPolicyGroupRef")
    drop(content, "properties.*", "encrypted")  # no GET of the Automation API tells it, whatever was sent


def drop_unknown(content: Content, facts: Facts) -> None:
    """Take out the categories, groups and members that APIM said it does not know."""
    dropped = facts.dropped
    for name, gone in (("categories", dropped.categories), ("groups", dropped.groups)):
        if isinstance(content.get(name), list):
            content[name] = [item for item in content[name] if item not in gone]
    notified = content.get("consoleNotification")
    if isinstance(notified, dict) and isinstance(notified.get("groups"), list):
        notified["groups"] = [item for item in notified["groups"] if item not in dropped.groups]
    if isinstance(content.get("members"), list):
        content["members"] = [item for item in content["members"] if _member(item) not in dropped.members]


def _member(item: Any) -> tuple[Any, Any]:
    return (item.get("source"), item.get("sourceId")) if isinstance(item, dict) else ("", "")


def name_groups(content: Content, facts: Facts) -> None:
    """Groups by HRID: APIM turns the name of an as-code group into it."""
    for node in (content, content.get("consoleNotification")):
        if isinstance(node, dict) and isinstance(node.get("groups"), list):
            named = (
                facts.group_hrids.get(item, item) if isinstance(item, str) else item
                for item in node["groups"]
            )
            node["groups"] = [*dict.fromkeys(named)] if _hashable(node["groups"]) else node["groups"]


def _hashable(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items)


def _shared_policy_groups(content: Content, facts: Facts) -> None:
    """Shared policy groups by their id in all environments: a body may name them by HRID or by that id."""
    for flows in _FLOWS:
        for phase in PHASES:
            for step in nodes(content, f"{flows}.{phase}.*"):
                configuration = step.get("configuration")
                if step.get("policy") != SHARED_POLICY or not isinstance(configuration, dict):
                    continue
                hrid = configuration.pop("hrid", None)
                if isinstance(hrid, str) and hrid:
                    configuration["sharedPolicyGroupId"] = ids.cross_id(facts.organization, hrid)
                elif not configuration.get("sharedPolicyGroupId"):
                    configuration.pop("sharedPolicyGroupId", None)


def _phase_names(content: Content, facts: Facts) -> None:
    del facts
    for flows in _FLOWS:
        for flow in nodes(content, flows):
            if "connect" in flow and "entrypointConnect" not in flow:
                flow["entrypointConnect"] = flow.pop("connect")


def derive_metadata_keys(content: Content, facts: Facts) -> None:
    """A metadata entry without key gets one made from its name."""
    del facts
    for item in nodes(content, "metadata.*"):
        if not item.get("key") and isinstance(item.get("name"), str):
            item["key"] = "-".join(item["name"].lower().split())


def _email_support(content: Content, facts: Facts) -> None:
    """The entry that every API has: the primary owner's address, with a default from the environment."""
    del facts
    if isinstance(content.get("metadata"), list):
        content["metadata"] = [
            item
            for item in content["metadata"]
            if not (
                isinstance(item, dict)
                and item.get("key") == EMAIL_SUPPORT
                and item.get("value") == _OWNERS_MAIL
            )
        ]


def _defaults(content: Content, facts: Facts) -> None:
    for pattern, defaults in _DEFAULTS:
        fill(content, pattern, defaults)
    for pattern in _HTTP_BLOCKS:
        fill(content, pattern, facts.http_defaults)


def clean_path(path: str) -> str:
    """A context path as APIM writes it: with a slash on both ends, none twice, case as it is."""
    inner = "/".join(part for part in path.strip().split("/") if part)
    return f"/{inner}/" if inner else "/"


def _paths(content: Content, facts: Facts) -> None:
    del facts
    for node in nodes(content, "listeners.*.paths.*"):
        node["path"] = rewritten(node.get("path"), clean_path)


def _formats(content: Content, facts: Facts) -> None:
    del facts
    for node in (*nodes(content, ""), *nodes(content, "plans.*")):
        if "description" in node:
            node["description"] = rewritten(node["description"], str.strip)
    for node in nodes(content, "flowExecution"):
        node["mode"] = rewritten(node.get("mode"), str.upper)


def nulls(content: Content, facts: Facts) -> None:
    """GKO sends a null for every field that is not set."""
    del facts
    drop_nulls(content)


API_RULES = (
    HopRule("null-is-absent", nulls),
    HopRule("server-fields", _server_fields),
    HopRule("not-kept-by-apim", _lost_fields),
    HopRule("unknown-to-apim", drop_unknown),
    HopRule("groups-by-hrid", name_groups),
    HopRule("shared-policy-groups-by-id", _shared_policy_groups),
    HopRule("flow-phase-names", _phase_names),
    HopRule("metadata-keys", derive_metadata_keys),
    HopRule("email-support", _email_support),
    HopRule("apim-defaults", _defaults),
    HopRule("context-paths", _paths),
    HopRule("one-format", _formats),
)
"""The rules of an API, in their order; dropping what is empty and sorting follow for every kind."""
