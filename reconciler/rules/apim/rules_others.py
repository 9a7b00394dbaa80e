"""What bodies of the other kinds and their GETs differ in without differing (DOMAIN §9)."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.rules.apim.rules_apis import (
    API_RULES,
    derive_metadata_keys,
    drop_unknown,
    name_groups,
    nulls,
)
from reconciler.rules.apim.sieve import Content, Facts, HopRule, as_instant, drop, fill, nodes, rewritten


def _dropping(*names: str) -> Callable[[Content, Facts], None]:
    def apply(content: Content, facts: Facts) -> None:
        del facts
        drop(content, "", *names)

    return apply


_SERVER = (
    HopRule("null-is-absent", nulls),
    HopRule(
        "server-fields",
        _dropping("id", "crossId", "environmentId", "organizationId", "errors", "primaryOwner"),
    ),
    HopRule("not-kept-by-apim", _dropping("contextRef")),
)


def _application_defaults(content: Content, facts: Facts) -> None:
    del facts
    fill(content, "", {"status": "ACTIVE", "notifyMembers": False, "settings": {}})
    for settings in nodes(content, "settings"):
        # Neither app nor oauth: APIM makes it a simple application without anything set.
        if settings.get("app") == {}:
            del settings["app"]


def _application_formats(content: Content, facts: Facts) -> None:
    del facts
    if "description" in content:
        content["description"] = rewritten(content["description"], str.strip)
    for node in nodes(content, "settings.oauth"):
        node["applicationType"] = rewritten(node.get("applicationType"), str.lower)
    for node in nodes(content, "settings.tls"):
        node["clientCertificate"] = rewritten(node.get("clientCertificate"), str.strip)
    for node in nodes(content, "settings.tls.clientCertificates.*"):
        node["content"] = rewritten(node.get("content"), str.strip)
        for name in ("startsAt", "endsAt"):
            node[name] = rewritten(node.get(name), as_instant)


def _ending(content: Content, facts: Facts) -> None:
    del facts
    content["endingAt"] = rewritten(content.get("endingAt"), as_instant)


def _group_roles(content: Content, facts: Facts) -> None:
    """Every member of a group has a role in integrations."""
    del facts
    fill(content, "members.*", {"roles": {}})
    fill(content, "members.*.roles", {"INTEGRATION": "USER"})


def _navigation(content: Content, facts: Facts) -> None:
    """The position in the list is the order; the number that the manifest gives is not returned."""
    del facts
    drop(content, "navigation.*", "order")


def _area(content: Content, facts: Facts) -> None:
    del facts
    if content.get("area") == "TOP_NAVBAR":
        del content["area"]


RULES_BY_KIND: dict[str, tuple[HopRule, ...]] = {
    "ApiV4Definition": API_RULES,
    "Application": (
        *_SERVER,
        HopRule("unknown-to-apim", drop_unknown),
        HopRule("groups-by-hrid", name_groups),
        HopRule("metadata-keys", derive_metadata_keys),
        HopRule("apim-defaults", _application_defaults),
        HopRule("one-format", _application_formats),
    ),
    "Subscription": (
        *_SERVER,
        HopRule("not-kept-by-apim", _dropping("contextRef", "apiHrid", "status", "startingAt", "apiKeys")),
        HopRule("one-format", _ending),
    ),
    "SharedPolicyGroup": (
        *_SERVER,
        HopRule("apim-defaults", lambda content, _: fill(content, "steps.*", {"enabled": True})),
    ),
    "Group": (
        *_SERVER,
        HopRule("not-kept-by-apim", _dropping("notifyMembers", "memberCount")),
        HopRule("unknown-to-apim", drop_unknown),
        HopRule("apim-defaults", _group_roles),
    ),
    "Dictionary": _SERVER,
    "Portal": (*_SERVER, HopRule("not-kept-by-apim", _navigation)),
    "PortalListing": (*_SERVER, HopRule("not-kept-by-apim", _dropping("portalHrid"))),
    "PortalLink": (*_SERVER, HopRule("not-kept-by-apim", _dropping("portalHrid"))),
    "Documentation": (
        *_SERVER,
        HopRule("not-kept-by-apim", _dropping("portalHrid", "apiHrid")),
        HopRule("apim-defaults", _area),
    ),
}
"""The rules of every kind whose state APIM returns in the form in which it was sent."""
