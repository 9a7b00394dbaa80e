"""Ignore rules: what a repository or a person has decided not to be told of, and why.

A rule names paths and may select resources. It never hides silently: every hit is counted and carries the
rule's name. Rules are applied by leaving the paths out on both sides, so that diff, drift and apply agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from reconciler.model.changes import Change, Ignored
from reconciler.model.keys import LabelSelector, ResourceKey, same_kind
from reconciler.model.verdicts import Place
from reconciler.rules.lists import RuleNode
from reconciler.rules.noting import note_rule
from reconciler.rules.patterns import Pattern, covers, without


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule may ask of a resource beside its content.

    `labels` are those that the left side states, or the right side's where there is no left one.
    """

    key: ResourceKey
    hop: Place = Place.CLUSTER
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Where:
    """Which resources a rule is for; globs, None means any. `manager` is asked of each single change."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    cluster: str | None = None
    hop: Place | None = None
    labels: LabelSelector | None = None
    manager: str | None = None

    def is_of_kind(self, kind: str) -> bool:
        """Whether it is for resources of this kind (plural and case do not matter)."""
        return self.kind is None or same_kind(self.kind, kind)

    def matches(self, subject: Subject) -> bool:
        """Whether it is for this resource, managers aside."""
        key = subject.key
        return (
            self.is_of_kind(key.kind)
            and _glob(self.namespace, key.namespace)
            and _glob(self.name, key.name)
            and _glob(self.cluster, key.cluster)
            and (self.hop is None or self.hop is subject.hop)
            and (self.labels is None or self.labels.matches(subject.labels))
        )

    def is_by(self, manager: str | None) -> bool:
        """Whether it is for what this field manager wrote; a change that nobody owns is nobody's."""
        return self.manager is None or fnmatchcase((manager or "").lower(), self.manager.lower())


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Paths that do not count, for some resources, with the reason a person gave.

    `origin` says where the rule stands (`path:line`), for people.
    """

    name: str
    patterns: tuple[Pattern, ...]
    reason: str
    where: Where = Where()
    origin: str = ""

    @property
    def early(self) -> bool:
        """Whether kind and name alone decide, which both sides tell: then normalising follows it."""
        where = self.where
        return not (where.namespace or where.cluster or where.hop or where.labels or where.manager)

    def applied(self, document: dict[str, Any], rules: RuleNode) -> dict[str, Any]:
        """A normalised document's content without what the rule names."""
        for pattern in self.patterns:
            document = without(document, pattern, rules)
        return document

    def covers(self, change: Change) -> bool:
        """Whether a change lies at or below a path of the rule, by a manager the rule is for."""
        return self.where.is_by(change.manager) and any(
            covers(pattern, change.path) for pattern in self.patterns
        )


def leave_out(
    document: dict[str, Any], rules: Iterable[IgnoreRule], tree: RuleNode, ignored: list[Ignored] | None
) -> dict[str, Any]:
    """Apply rules to the content of a normalised document; each place is noted with the rule's name."""
    for rule in rules:
        before, document = document, rule.applied(document, tree)
        if ignored is not None and document is not before:
            note_rule(before, document, rule.name, ignored, tree)
    return document


def _glob(pattern: str | None, value: str) -> bool:
    return pattern is None or fnmatchcase(value, pattern)
