"""Subscription, Group, Notification and Dictionary: small kinds that hang on APIs and applications."""

from __future__ import annotations

from reconciler.rules.kinds.kind_rules import KindRules
from reconciler.rules.lists import SET, ListRule, keyed

SUBSCRIPTION = KindRules(
    "Subscription",
    # A key is known by itself, and is a credential: its place in a path is a number.
    lists={"spec.apiKeys": ListRule(("key",), hidden=True)},
    empty_is_absent=("spec.apiKeys", "spec.metadata"),
)
GROUP = KindRules("Group", lists={"spec.members": keyed("source", "sourceId")})
NOTIFICATION = KindRules(
    "Notification",
    lists={
        "spec.console.apiEvents": SET,
        "spec.console.groups": SET,
        "spec.console.groupRefs": keyed("namespace", "name"),
    },
    empty_is_absent=("spec.console.groups", "spec.console.groupRefs"),
)
DICTIONARY = KindRules(
    "Dictionary",
    lists={"spec.dynamic.provider.headers": keyed("name")},
    empty_is_absent=("spec.dynamic.provider.headers",),
)
RULES = (SUBSCRIPTION, GROUP, NOTIFICATION, DICTIONARY)
