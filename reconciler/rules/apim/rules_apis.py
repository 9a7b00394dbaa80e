"""What an ApiV4Definition's body and its GET differ in without differing: DOMAIN §9, rule by rule.

Every rule runs on both sides, so that it does not matter which of the two states something.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from reconciler.rules import identity as ids
from reconciler.rules.apim.hop_rules import PHASES, SHARED_POLICY
from reconciler.rules.apim.sieve import Action, Content, Facts, HopRule, dropping, filling, rewriting, rule

_FLOWS = ("flows.*", "plans.*.flows.*")
_STEPS = tuple(f"{flows}.{phase}.*" for flows in _FLOWS for phase in PHASES)
_SERVICES = (
    "endpointGroups.*.services.*",
    "endpointGroups.*.endpoints.*.services.*",
)
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
        dict.fromkeys(("headers", "payload", "messageHeaders", "messagePayload", "messageMetadata"), False),
    ),
    ("flowExecution", {"mode": "DEFAULT", "matchRequired": False}),
    ("listeners.*.paths.*", {"path": "/", "overrideAccess": False}),
    ("listeners.*.entrypoints.*", {"qos": "AUTO"}),
    ("listeners.*.cors", {"allowCredentials": False, "maxAge": -1, "runPolicies": False}),
    ("endpointGroups.*", {"loadBalancer": {}}),
    ("endpointGroups.*.loadBalancer", {"type": "ROUND_ROBIN"}),
    ("endpointGroups.*.endpoints.*", {"weight": 1, "inheritConfiguration": False, "secondary": False}),
    *((services, {"overrideConfiguration": False, "enabled": True}) for services in _SERVICES),
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
    *((place, {"enabled": True}) for place in (*_FLOWS, *_STEPS)),
    ("properties.*", {"dynamic": False, "encryptable": False}),
    ("resources.*", {"enabled": True}),
    ("responseTemplates.*.*", {"propagateErrorKeyToLogs": False}),
    ("pages.*", {"homepage": False, "published": False, "visibility": "PUBLIC"}),
)
_SELECTOR_DEFAULTS = {
    "HTTP": {"path": "/", "pathOperator": "STARTS_WITH"},
    "CHANNEL": {"channel": "/", "channelOperator": "STARTS_WITH"},
}
EMAIL_SUPPORT, _OWNERS_MAIL = "email-support", "${(api.primaryOwner.email)!''}"


def drop_unknown(content: Content, facts: Facts) -> None:
    """Take out the categories, groups and members that APIM said it does not know.

    A warning may be older than what it speaks of (DOMAIN §10.9), so a group that APIM shows by its HRID
    goes, too: then neither side has it.
    """
    dropped = facts.dropped
    groups = dropped.groups | {facts.group_hrids.get(name, name) for name in dropped.groups}
    for name, gone in (("categories", dropped.categories), ("groups", groups)):
        items = content.get(name)
        if gone and isinstance(items, list):
            content[name] = [item for item in items if not (isinstance(item, str) and item in gone)]
    members = content.get("members")
    if dropped.members and isinstance(members, list):
        content["members"] = [item for item in members if _member(item) not in dropped.members]


def _member(item: Any) -> tuple[str, str]:
    if not isinstance(item, dict):
        return "", ""
    return str(item.get("source")), str(item.get("sourceId"))


def name_groups(content: Content, facts: Facts) -> None:
    """Groups by HRID: APIM turns the name of an as-code group into it."""
    groups = content.get("groups")
    if isinstance(groups, list) and all(isinstance(item, str) for item in groups):
        content["groups"] = [*dict.fromkeys(facts.group_hrids.get(item, item) for item in groups)]


def _shared_policy_group(step: Content, facts: Facts) -> None:
    """Shared policy groups by their id in all environments: a body may name them by HRID or by that id."""
    configuration = step.get("configuration")
    if step.get("policy") != SHARED_POLICY or not isinstance(configuration, dict):
        return
    known = {name: value for name, value in configuration.items() if name != "hrid"}
    hrid = configuration.get("hrid")
    if isinstance(hrid, str) and hrid:
        known["sharedPolicyGroupId"] = ids.cross_id(facts.organization, hrid)
    elif not known.get("sharedPolicyGroupId"):
        known.pop("sharedPolicyGroupId", None)
    step["configuration"] = known


def _phase_name(flow: Content, facts: Facts) -> None:
    del facts
    if "connect" in flow:
        connect = flow.pop("connect")
        flow.setdefault("entrypointConnect", connect)


def _parts_by_name(part: str) -> Action:
    """A plan or page that a person made has no HRID (DOMAIN §9, trap 9): it is known by its name."""

    def name_parts(content: Content, facts: Facts) -> None:
        del facts
        items = content.get(part)
        if not isinstance(items, list) or all(isinstance(item, dict) and item.get("hrid") for item in items):
            return
        used = {item.get("hrid") for item in items if isinstance(item, dict)}
        named = []
        for item in items:
            hrid = None
            if isinstance(item, dict) and not item.get("hrid"):
                hrid = next((name for name in _names(item) if name not in used), None)
                used.add(hrid)
            named.append({**item, "hrid": hrid} if hrid else item)
        content[part] = named

    return name_parts


def _names(item: Content) -> list[str]:
    """What may stand for an HRID, in this order."""
    stated = [item.get("name"), item.get("id")]
    return [name for name in stated if isinstance(name, str) and name]


def key_of(name: str) -> str:
    """The key that APIM makes from the name of a metadata entry."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _metadata_key(item: Content, facts: Facts) -> None:
    del facts
    if not item.get("key") and isinstance(item.get("name"), str):
        item["key"] = key_of(item["name"])


def _email_support(content: Content, facts: Facts) -> None:
    """The entry that every API has: the primary owner's address, with a default from the environment."""
    del facts
    entries = content.get("metadata")
    if isinstance(entries, list):
        content["metadata"] = [item for item in entries if not _is_inherited(item)]


def _is_inherited(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and EMAIL_SUPPORT in (item.get("key"), None if item.get("key") else key_of(str(item.get("name"))))
        and item.get("value") == _OWNERS_MAIL
    )


def _selector(content: Content, facts: Facts) -> None:
    del facts
    for name, default in _SELECTOR_DEFAULTS.get(str(content.get("type")), {}).items():
        content.setdefault(name, default)


def _http_block(*names: str) -> Action:
    """Fill in the `http` block of a configuration, which belongs to a plugin and is shared: in a copy."""

    def fill_block(content: Content, facts: Facts) -> None:
        for name in names:
            configuration = content.get(name)
            block = configuration.get("http") if isinstance(configuration, dict) else None
            if isinstance(configuration, dict) and isinstance(block, dict):
                missing = {key: value for key, value in facts.http_defaults.items() if block.get(key) is None}
                content[name] = {**configuration, "http": {**block, **missing}}

    return fill_block


def clean_path(path: str) -> str:
    """A context path as APIM writes it: with a slash on both ends, none twice, case as it is."""
    inner = "/".join(part for part in path.strip().split("/") if part)
    return f"/{inner}/" if inner else "/"


def _everywhere(places: tuple[str, ...], action: Action) -> tuple[tuple[str, Action], ...]:
    return tuple((place, action) for place in places)


TRIMMED: Callable[[str], str] = str.strip

API_RULES: tuple[HopRule, ...] = (
    rule(
        "part-without-hrid",
        "a plan or page made by hand has no HRID and is known by its name",
        ("", _parts_by_name("plans")),
        ("", _parts_by_name("pages")),
    ),
    rule(
        "apim-server-fields",
        "written by APIM, stated by nobody",
        (
            "",
            dropping("id", "crossId", "environmentId", "organizationId", "errors", "primaryOwner"),
        ),
        ("plans.*", dropping("id", "crossId")),
        ("pages.*", dropping("id", "crossId")),
        *_everywhere(_FLOWS, dropping("id")),
    ),
    rule(
        "not-kept-by-apim",
        "unknown to APIM, or taken and never returned",
        (
            "",
            dropping(
                "contextRef",
                "groupRefs",
                "notificationsRefs",
                "definitionVersion",
                "definitionContext",
                "portalNavigation",
            ),
        ),
        ("listeners.*", dropping("pathMappings")),
        ("endpointGroups.*", dropping("headers", "http", "ssl")),
        ("plans.*", dropping("definitionVersion", "api", "order", "generalConditions", "comment_required")),
        ("pages.*", dropping("api", "order", "parent", "parentId")),
        *_everywhere(_STEPS, dropping("sharedPolicyGroupRef")),
        ("properties.*", dropping("encrypted")),
    ),
    rule(
        "unknown-to-apim",
        "APIM warned that it does not know this category, group or member, and left it out",
        ("", drop_unknown),
        ("consoleNotification", drop_unknown),
    ),
    rule(
        "groups-by-hrid",
        "APIM shows a group by its HRID, whatever it was called",
        ("", name_groups),
        ("consoleNotification", name_groups),
    ),
    rule(
        "shared-policy-groups-by-id",
        "a shared policy group named by its HRID or by its id",
        *_everywhere(_STEPS, _shared_policy_group),
    ),
    rule("flow-phase-names", "one phase under two names", *_everywhere(_FLOWS, _phase_name)),
    rule(
        "email-support",
        "the metadata entry that every API inherits",
        ("", _email_support),
    ),
    rule(
        "metadata-keys",
        "APIM makes the key of a metadata entry from its name",
        ("metadata.*", _metadata_key),
    ),
    rule(
        "apim-defaults",
        "filled in with APIM's default",
        *((place, filling(defaults)) for place, defaults in _DEFAULTS),
        *_everywhere(tuple(f"{flows}.selectors.*" for flows in _FLOWS), _selector),
    ),
    rule(
        "http-plugin-defaults",
        "filled in with a default of the HTTP endpoint plugin",
        ("endpointGroups.*", _http_block("sharedConfiguration")),
        ("endpointGroups.*.endpoints.*", _http_block("configuration", "sharedConfigurationOverride")),
    ),
    rule(
        "context-paths",
        "APIM writes a path with a slash on both ends, and none twice",
        ("listeners.*.paths.*", rewriting(clean_path, "path")),
    ),
    rule(
        "one-format-at-apim",
        "written otherwise, meaning the same",
        ("", rewriting(TRIMMED, "description")),
        ("plans.*", rewriting(TRIMMED, "description")),
        ("flowExecution", rewriting(str.upper, "mode")),
    ),
)
"""The rules of an API, in their order; what is null goes before them, what is empty and in disorder after."""
