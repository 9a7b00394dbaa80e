"""How lists of APIM's bodies are matched, and which differences APIM makes by itself.

The same patterns as for custom resources (`rules.kinds`), with plans and pages as lists. Bodies are compared
under `spec`, so that a path reads the same on every hop.
"""

from __future__ import annotations

from typing import Any

from reconciler.model.changes import Change, ChangeKind
from reconciler.rules.kinds import BUILT_IN
from reconciler.rules.kinds.kind_rules import Explanation, Fields, KindRules
from reconciler.rules.lists import SET, ListRule, in_order, keyed
from reconciler.rules.ruleset import RuleSet

SHARED_POLICY = "shared-policy-group-policy"
PHASES = ("request", "response", "subscribe", "publish", "entrypointConnect", "connect", "interact")
"""The lists of steps in a flow."""

_OWN_LISTS: dict[str, dict[str, ListRule]] = {
    "ApiV4Definition": {
        "spec.plans": keyed("hrid"),
        "spec.pages": keyed("hrid"),
        "spec.consoleNotification.events": SET,
        "spec.consoleNotification.groups": SET,
    },
    "Application": {"spec.settings.tls.clientCertificates": keyed("name")},
    "PortalListing": {"spec.apis": keyed("apiHrid", "location")},
}


def encrypted_property(change: Change, fields: Fields) -> bool:
    """A property that asks to be encrypted reads back changed: without saying so, its value a cipher."""
    if len(change.path) < 4 or change.path[:2] != ("spec", "properties"):
        return False
    key, name = change.path[2:4]
    return name in ("value", "encrypted", "encryptable") and any(
        isinstance(item, dict) and item.get("key") == key and item.get("encryptable") is True
        for item in _properties(fields)
    )


def notification_not_returned(change: Change, fields: Fields) -> bool:
    """The console notification is sent with the API; no recorded GET returns one (unverified either way)."""
    del fields
    return change.kind is ChangeKind.REMOVED and change.path == ("spec", "consoleNotification")


def connect_not_kept(change: Change, fields: Fields) -> bool:
    """The manifest's phase `connect` goes under that name, which APIM's Automation API does not know."""
    del fields
    return change.kind is ChangeKind.REMOVED and change.path[-1] == "entrypointConnect"


def false_not_shown(change: Change, fields: Fields) -> bool:
    """A switch that is off: Management v2 may leave it out (its description has `false` as the default)."""
    del fields
    return change.kind is ChangeKind.REMOVED and change.left is False


def shared_policy_not_named(change: Change, fields: Fields) -> bool:
    """A shared policy group sent by its id only: the server strips the id from what it returns."""
    del fields
    if change.kind is not ChangeKind.REMOVED:
        return False
    if change.path[-2:] == ("configuration", "sharedPolicyGroupId"):
        return True
    left = change.left
    return (
        change.path[-1] == "configuration" and isinstance(left, dict) and set(left) == {"sharedPolicyGroupId"}
    )


def _properties(fields: Fields) -> list[Any]:
    spec = fields.get("spec")
    found = spec.get("properties") if isinstance(spec, dict) else None
    return found if isinstance(found, list) else []


_EXPLANATIONS = {
    "ApiV4Definition": (
        Explanation("property-is-encrypted", encrypted_property),
        Explanation("console-notification-not-returned", notification_not_returned),
        Explanation("shared-policy-group-id-not-returned", shared_policy_not_named),
        Explanation("connect-phase-not-kept", connect_not_kept),
    ),
    "ApiDefinition": (Explanation("off-is-absent", false_not_shown),),
}


def _for_bodies(rules: KindRules) -> KindRules:
    """The rules of a kind's bodies, made from those of its custom resource."""
    lists = {**rules.lists, **_OWN_LISTS.get(rules.kind, {})}
    connect = {
        path.removesuffix("connect") + "entrypointConnect": rule
        for path, rule in rules.lists.items()
        if path.endswith(".connect")
    }
    return KindRules(rules.kind, {**lists, **connect}, explanations=_EXPLANATIONS.get(rules.kind, ()))


HOP_RULES = RuleSet(_for_bodies(rules) for rules in BUILT_IN)
"""The rules of the control-plane hop."""


def in_stated_order(rules: RuleSet, kind: str, parts: frozenset[str]) -> dict[str, ListRule]:
    """The list rules of a kind where the order of these parts (`plans`, `pages`) means something."""
    return {**rules.of(kind).lists, **{f"spec.{part}": in_order("hrid") for part in parts}}
