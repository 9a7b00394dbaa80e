"""Which rules are in force: the built-in pack per kind, then the repository's and the user's ignore rules.

One rule set serves diff, drift, apply and history, so everything that depends on rules carries its digest.
The steps of ENGINE §4 that a person or a test may do without can be switched off one by one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import IntEnum

from reconciler.rules.ignoring import IgnoreRule
from reconciler.rules.kinds import BUILT_IN
from reconciler.rules.kinds.kind_rules import KindRules
from reconciler.rules.lists import ListRule, RuleNode, rule_tree

RULES_VERSION = 2
"""Grows whenever normalising or comparing changes in a way that the patterns below do not show."""


class Step(IntEnum):
    """The steps of normalising and comparing, by their numbers in ENGINE §4 (7, redaction, is no rule)."""

    SERVER_FIELDS = 1
    DEFAULTS = 2
    FORMATS = 3
    EMPTY_IS_ABSENT = 4
    LISTS = 5
    RULES = 6
    ADDITIONS = 8


ALL_STEPS = frozenset(Step)
AS_THE_SERVER = frozenset({Step.SERVER_FIELDS, Step.DEFAULTS, Step.ADDITIONS})
"""What an API server's own dry run knows, and additions: nothing of the domain."""


class RuleSet:
    """Rules by kind.

    Args:
        kinds: what is special to each kind; the built-in pack by default.
        steps: what is switched on; `SERVER_FIELDS` always is, for no two places ever agree on those.
        ignore: the ignore rules, the repository's before the user's.
    """

    __slots__ = ("_kinds", "_late", "_trees", "digest", "ignore", "steps")

    def __init__(
        self,
        kinds: Iterable[KindRules] = BUILT_IN,
        *,
        steps: Iterable[Step] = ALL_STEPS,
        ignore: Iterable[IgnoreRule] = (),
    ) -> None:
        self.steps = frozenset(steps) | {Step.SERVER_FIELDS}
        self._kinds = {rules.kind: self._switched(rules) for rules in kinds}
        self._trees = {
            kind: rule_tree(rules.lists, rules.empty_is_absent) for kind, rules in self._kinds.items()
        }
        self.ignore = tuple(ignore) if Step.RULES in self.steps else ()
        self._late = tuple(rule for rule in self.ignore if not rule.early)
        self.digest = hashlib.blake2b(repr(self._stated()).encode(), digest_size=16).digest()
        """16 bytes that change when the rules do."""

    def __contains__(self, step: Step) -> bool:
        return step in self.steps

    def ignoring(self, rules: Iterable[IgnoreRule]) -> RuleSet:
        """This rule set with further ignore rules after its own."""
        return RuleSet(self._kinds.values(), steps=self.steps, ignore=(*self.ignore, *rules))

    def of(self, kind: str) -> KindRules:
        """What is special to a kind; nothing for kinds that are not known."""
        return self._kinds.get(kind) or KindRules(kind)

    def tree(self, kind: str) -> RuleNode:
        """The list rules of a kind as a tree of path parts."""
        return self._trees.get(kind) or RuleNode()

    def early(self, kind: str) -> tuple[IgnoreRule, ...]:
        """The ignore rules that normalising itself follows: they ask for nothing but kind and name."""
        return tuple(rule for rule in self.ignore if rule.early and rule.where.is_of_kind(kind))

    @property
    def late(self) -> tuple[IgnoreRule, ...]:
        """The ignore rules that need to know more of the resource than one side tells."""
        return self._late

    def _switched(self, rules: KindRules) -> KindRules:
        """The rules of a kind without what is switched off."""
        if self.steps == ALL_STEPS:
            return rules
        lists: Mapping[str, ListRule] = rules.lists if Step.LISTS in self.steps else {}
        named, explanations = rules.rules, rules.explanations
        if Step.RULES not in self.steps:
            named, explanations = (), ()
        empties = rules.empty_is_absent if Step.EMPTY_IS_ABSENT in self.steps else ()
        return replace(rules, lists=lists, empty_is_absent=empties, rules=named, explanations=explanations)

    def _stated(self) -> list[object]:
        stated: list[object] = [RULES_VERSION, sorted(self.steps)]
        for kind, rules in sorted(self._kinds.items()):
            lists = sorted((pattern, repr(rule)) for pattern, rule in rules.lists.items())
            names = [rule.name for rule in rules.rules] + [rule.name for rule in rules.explanations]
            stated.append((kind, lists, rules.empty_is_absent, names))
        stated.extend(repr(rule) for rule in self.ignore)
        return stated


STANDARD = RuleSet()
"""The built-in pack."""
