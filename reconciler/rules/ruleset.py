"""Which rules are in force: the built-in pack per kind (a repository's and a user's rules will join it).

One rule set serves diff, drift, apply and history, so everything that depends on rules carries its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from reconciler.rules.kinds import BUILT_IN
from reconciler.rules.kinds.kind_rules import KindRules
from reconciler.rules.lists import RuleNode, rule_tree

RULES_VERSION = 1
"""Grows whenever normalising or comparing changes in a way that the patterns below do not show."""


class RuleSet:
    """Rules by kind.

    Args:
        kinds: what is special to each kind; the built-in pack by default.
    """

    __slots__ = ("_kinds", "_trees", "digest")

    def __init__(self, kinds: Iterable[KindRules] = BUILT_IN) -> None:
        self._kinds = {rules.kind: rules for rules in kinds}
        self._trees = {
            kind: rule_tree(rules.lists, rules.empty_is_absent) for kind, rules in self._kinds.items()
        }
        self.digest = hashlib.blake2b(repr(self._stated()).encode(), digest_size=16).digest()
        """16 bytes that change when the rules do."""

    def of(self, kind: str) -> KindRules:
        """What is special to a kind; nothing for kinds that are not known."""
        return self._kinds.get(kind) or KindRules(kind)

    def tree(self, kind: str) -> RuleNode:
        """The list rules of a kind as a tree of path parts."""
        return self._trees.get(kind) or RuleNode()

    def _stated(self) -> list[object]:
        stated: list[object] = [RULES_VERSION]
        for kind, rules in sorted(self._kinds.items()):
            lists = sorted((pattern, repr(rule)) for pattern, rule in rules.lists.items())
            names = [rule.name for rule in rules.rules] + [rule.name for rule in rules.explanations]
            stated.append((kind, lists, rules.empty_is_absent, names))
        return stated


STANDARD = RuleSet()
"""The built-in pack."""
