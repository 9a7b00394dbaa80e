"""How lists are matched: by key, as sets, or in order; and where empty means absent.

CRDs leave most lists atomic, so the schema alone cannot say that a plan is known by its name. What the
domain knows is stated per kind as path patterns (`spec.plans.*.flows.*.request`) and merged with the
schema's own `x-kubernetes-list-type` into one tree of `RuleNode`s, which normalising, comparing and
digesting all walk, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.changes import KeyPath, KeyStep
from reconciler.rules.canonical import canonical

ANY = "*"
"""The pattern part that stands for every list element and every key of a map."""


@dataclass(frozen=True, slots=True)
class ListRule:
    """How the elements of a list are told apart.

    `keys` are the fields whose values name an element; empty for a set of scalars or of whole values.
    `ordered` says that their order means something. `hidden` keeps the key itself out of paths because
    it is a credential.
    """

    keys: tuple[str, ...] = ()
    ordered: bool = False
    hidden: bool = False


SET = ListRule()
"""Order means nothing and an element is its own name."""


def keyed(*keys: str) -> ListRule:
    """A list whose elements these fields name and whose order means nothing."""
    return ListRule(keys)


def in_order(*keys: str) -> ListRule:
    """A list whose elements these fields name and whose order means something."""
    return ListRule(keys, ordered=True)


@dataclass(slots=True)
class RuleNode:
    """What is known of one place of a document; `children` by field name, `each` for elements and map keys.

    `drop_empty` says that the server takes an empty value here for an absent one.
    """

    children: dict[str, RuleNode] = field(default_factory=dict)
    each: RuleNode | None = None
    listed: ListRule | None = None
    drop_empty: bool = False

    def below(self, step: str | int) -> RuleNode:
        """The node of a field, a map key or a list element; an empty one where nothing is known."""
        if isinstance(step, (int, KeyStep)):
            return self.each or NOTHING
        return self.children.get(step) or self.each or NOTHING

    def at(self, path: KeyPath) -> RuleNode:
        """The node at the end of a path."""
        node = self
        for step in path:
            node = node.below(step)
        return node

    def merged(self, other: RuleNode | None) -> RuleNode:
        """This node with what another one knows in addition; the other one wins where both speak."""
        if other is None or other is NOTHING:
            return self
        children = dict(self.children)
        for name, child in other.children.items():
            mine = children.get(name)
            children[name] = mine.merged(child) if mine is not None else child
        each = self.each.merged(other.each) if self.each is not None else other.each
        return RuleNode(children, each, other.listed or self.listed, self.drop_empty or other.drop_empty)


NOTHING = RuleNode()
"""Nothing is known: maps by key, lists in order."""


def rule_tree(lists: Mapping[str, ListRule], empty_is_absent: Iterable[str]) -> RuleNode:
    """Build the tree of path patterns, parts separated by dots, `*` for every element or map key."""
    root = RuleNode()
    for pattern, rule in lists.items():
        _grow(root, pattern).listed = rule
    for pattern in empty_is_absent:
        _grow(root, pattern).drop_empty = True
    return root


def _grow(root: RuleNode, pattern: str) -> RuleNode:
    node = root
    for part in pattern.split("."):
        if part == ANY:
            node.each = node.each or RuleNode()
            node = node.each
        else:
            node = node.children.setdefault(part, RuleNode())
    return node


def element_keys(items: Sequence[Any], rule: ListRule | None) -> list[KeyStep] | None:
    """Name every element of a list.

    Returns:
        one key per element, in order, or None where the rule names none, an element lacks its key, or
        two elements carry the same one: such a list is matched in order.
    """
    if rule is None or not rule.keys:
        return None
    names: list[KeyStep] = []
    for item in items:
        if not isinstance(item, dict):
            return None
        parts = [_part(item[key]) for key in rule.keys if item.get(key) not in (None, "")]
        if not parts or None in parts:
            return None
        names.append(KeyStep("/".join(part for part in parts if part is not None)))
    return names if len(set(names)) == len(names) else None


def _part(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        return None
    return canonical(value).decode(errors="replace")


def sort_elements(items: list[Any], rule: ListRule) -> list[Any]:
    """Give a list whose order means nothing the one order in which it is compared."""
    names = element_keys(items, rule)
    if names is not None:
        return [item for _, item in sorted(zip(names, items, strict=True), key=lambda pair: pair[0])]
    if all(type(item) is str for item in items):
        return sorted(items)
    return sorted(items, key=canonical)
