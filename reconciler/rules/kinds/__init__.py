"""What is special to a kind of group gravitee.io, one small file each, and the list of all of them."""

from __future__ import annotations

from reconciler.rules.kinds import (
    apis,
    apis_v2,
    applications,
    connected,
    management_contexts,
    policies,
    portals,
)
from reconciler.rules.kinds.kind_rules import KindRules

BUILT_IN: tuple[KindRules, ...] = (
    apis.RULES,
    apis_v2.RULES,
    applications.RULES,
    *connected.RULES,
    management_contexts.RULES,
    *policies.RULES,
    *portals.RULES,
)
"""The built-in pack; kinds that are not in it are compared by their schema alone."""
