"""SharedPolicyGroup and ApiResource: pieces that APIs refer to. Steps run in order."""

from __future__ import annotations

from reconciler.rules.kinds.kind_rules import KindRules

RULES = (
    KindRules("SharedPolicyGroup", empty_is_absent=("spec.steps",)),
    KindRules("ApiResource"),
)
