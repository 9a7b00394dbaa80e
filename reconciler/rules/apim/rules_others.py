"""What bodies of the other kinds and their GETs differ in without differing (DOMAIN §9)."""

from __future__ import annotations

from reconciler.rules.apim.rules_apis import API_RULES, TRIMMED, drop_unknown, name_groups
from reconciler.rules.apim.sieve import (
    Action,
    Content,
    Facts,
    HopRule,
    as_instant,
    dropping,
    filling,
    rewriting,
    rule,
)

_SERVER = rule(
    "apim-server-fields",
    "written by APIM, stated by nobody",
    ("", dropping("id", "crossId", "environmentId", "organizationId", "errors", "primaryOwner")),
)
_UNKNOWN = rule(
    "unknown-to-apim",
    "APIM warned that it does not know this category, group or member, and left it out",
    ("", drop_unknown),
)


def _not_kept(*fields: str, **below: tuple[str, ...]) -> HopRule:
    """What APIM does not keep: top-level fields, and fields of the elements of lists."""
    return rule(
        "not-kept-by-apim",
        "unknown to APIM, or taken and never returned",
        ("", dropping("contextRef", *fields)),
        *((f"{name}.*", dropping(*names)) for name, names in below.items()),
    )


def _defaults(*acts: tuple[str, dict[str, object]]) -> HopRule:
    return rule(
        "apim-defaults",
        "filled in with APIM's default",
        *((place, filling(values)) for place, values in acts),
    )


def _one_format(*acts: tuple[str, Action]) -> HopRule:
    return rule("one-format-at-apim", "written otherwise, meaning the same", *acts)


def _area(content: Content, facts: Facts) -> None:
    del facts
    if content.get("area") == "TOP_NAVBAR":
        del content["area"]


RULES_BY_KIND: dict[str, tuple[HopRule, ...]] = {
    "ApiV4Definition": API_RULES,
    "Application": (
        _SERVER,
        # The manifest gives no key, so an entry is known by its name; `hidden` and `picture` APIM ignores.
        _not_kept("picture", metadata=("key", "hidden")),
        _UNKNOWN,
        rule("groups-by-hrid", "APIM shows a group by its HRID, whatever it was called", ("", name_groups)),
        _defaults(("", {"status": "ACTIVE", "notifyMembers": False})),
        _one_format(
            ("", rewriting(TRIMMED, "description")),
            ("settings.oauth", rewriting(str.lower, "applicationType")),
            ("settings.tls", rewriting(TRIMMED, "clientCertificate")),
            ("settings.tls.clientCertificates.*", rewriting(TRIMMED, "content")),
            ("settings.tls.clientCertificates.*", rewriting(as_instant, "startsAt", "endsAt")),
        ),
    ),
    "Subscription": (
        _SERVER,
        _not_kept("apiHrid", "status", "startingAt", "apiKeys"),
        rule(
            "one-format-at-apim",
            "written otherwise, meaning the same",
            ("", rewriting(as_instant, "endingAt")),
        ),
    ),
    "SharedPolicyGroup": (_SERVER, _not_kept(), _defaults(("steps.*", {"enabled": True}))),
    "Group": (
        _SERVER,
        _not_kept("notifyMembers", "memberCount"),
        _UNKNOWN,
        # Every member of a group has a role in integrations.
        _defaults(("members.*", {"roles": {}}), ("members.*.roles", {"INTEGRATION": "USER"})),
    ),
    "Dictionary": (_SERVER, _not_kept()),
    # A place in the list is the order: the number that the manifest gives is not returned.
    "Portal": (_SERVER, _not_kept(navigation=("order",))),
    "PortalListing": (_SERVER, _not_kept("portalHrid")),
    "PortalLink": (_SERVER, _not_kept("portalHrid")),
    "Documentation": (
        _SERVER,
        _not_kept("portalHrid", "apiHrid"),
        rule("apim-defaults", "filled in with APIM's default", ("", _area)),
    ),
}
"""The rules of every kind whose state APIM returns in the form in which it was sent."""
