"""The order in which resources are written and deleted, from what they refer to (ENGINE §5).

Operations are joined by what really has to come first: a reference, a claim that moves from one resource to
another. The kinds' own sequence fills in what no reference says. What runs in a circle is reported, and
stays in the order, at the level where the circle stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.keys import ResourceKey
from reconciler.rules.referring import Reference

RANKS: Mapping[str, int] = {
    "CustomResourceDefinition": 0,
    "Namespace": 1,
    "Secret": 2,
    "ConfigMap": 2,
    "ManagementContext": 3,
    "Group": 4,
    "SharedPolicyGroup": 5,
    "Dictionary": 5,
    "ApiResource": 5,
    "Notification": 5,
    "ApiV4Definition": 6,
    "ApiDefinition": 6,
    "Application": 7,
    "Subscription": 8,
    "Portal": 9,
    "PortalListing": 10,
    "PortalLink": 10,
    "Documentation": 10,
}
"""The sequence of ENGINE §5; a kind that is not here comes last."""
LAST_RANK = 11


def rank(kind: str) -> int:
    """Where a kind stands in the sequence."""
    return RANKS.get(kind, LAST_RANK)


@dataclass(frozen=True, slots=True)
class Operation:
    """One resource that is written or deleted.

    `before` and `after` are what it refers to now and what it would refer to, `claimed` and `claims` what
    it claims now and would claim. A deletion refers to and claims nothing afterwards; what does not exist
    yet did not before.
    """

    key: ResourceKey
    deletes: bool = False
    before: frozenset[ResourceKey] = frozenset()
    after: frozenset[ResourceKey] = frozenset()
    claimed: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Order:
    """Operations in order.

    Attributes:
        levels: those of one level may run side by side; every operation is in exactly one.
        needs: operation → the operations that have to succeed before it.
        circles: operations that each have to come before the other; none of them can run first.
    """

    levels: tuple[tuple[ResourceKey, ...], ...]
    needs: Mapping[ResourceKey, tuple[ResourceKey, ...]]
    circles: tuple[tuple[ResourceKey, ...], ...] = ()

    def level_of(self) -> dict[ResourceKey, int]:
        """The level of each operation, from 0."""
        return {key: at for at, level in enumerate(self.levels) for key in level}


def order(operations: Iterable[Operation]) -> Order:
    """Order operations: writes by references, then deletes in reverse; what moves a claim first.

    A deletion comes after every write, except where a write takes over what it gives up: then it comes as
    early as its own references allow.

    Args:
        operations: at most one for each resource.
    """
    by_key = {one.key: one for one in sorted(operations, key=lambda one: one.key)}
    edges = _edges(by_key)
    groups = _strongly_connected(by_key, edges)
    group_of = {key: at for at, group in enumerate(groups) for key in group}
    early = _before_a_write(by_key, groups, edges)
    levels = _levels(groups, group_of, edges, lambda key: _base(by_key[key], early))
    needs = {
        key: tuple(sorted(one for one in edges[key] if group_of[one] != group_of[key])) for key in by_key
    }
    circles = tuple(tuple(sorted(group)) for group in groups if len(group) > 1)
    return Order(_dense(levels), needs, tuple(sorted(circles)))


def missing_references(
    references: Iterable[Reference], exists: Callable[[ResourceKey], bool | None]
) -> tuple[Reference, ...]:
    """The references that are known to lead nowhere.

    Args:
        references: what resources refer to after the plan.
        exists: whether a resource will exist; None where nobody can tell.
    """
    return tuple(one for one in references if exists(one.target) is False)


# ---------------------------------------------------------------------------------------------------

_Edges = dict[ResourceKey, set[ResourceKey]]
"""Operation → what has to come before it."""


def _edges(by_key: Mapping[ResourceKey, Operation]) -> _Edges:
    edges: _Edges = {key: set() for key in by_key}
    for one in by_key.values():
        for target in one.after:
            if target in by_key and not by_key[target].deletes:
                edges[one.key].add(target)
        for target in one.before - one.after:
            other = by_key.get(target)
            if other is not None and other.deletes:
                edges[target].add(one.key)  # who lets go of it, or goes too, comes first
        namespace = ResourceKey(one.key.cluster, "Namespace", "", one.key.namespace)
        other = by_key.get(namespace)
        if one.key.namespace and other is not None and other.deletes == one.deletes:
            later, earlier = (namespace, one.key) if one.deletes else (one.key, namespace)
            edges[later].add(earlier)
    _join_claims(by_key, edges)
    return edges


def _join_claims(by_key: Mapping[ResourceKey, Operation], edges: _Edges) -> None:
    """Whoever gives up a claim comes before whoever takes it."""
    given_up: defaultdict[str, set[ResourceKey]] = defaultdict(set)
    for one in by_key.values():
        for claim in one.claimed - one.claims:
            given_up[claim].add(one.key)
    for one in by_key.values():
        for claim in one.claims - one.claimed:
            if claim in given_up:
                edges[one.key] |= given_up[claim] - {one.key}


def _before_a_write(
    by_key: Mapping[ResourceKey, Operation],
    groups: Sequence[Collection[ResourceKey]],
    edges: _Edges,
) -> set[ResourceKey]:
    """The operations that some write has to wait for."""
    found: set[ResourceKey] = set()
    for group in reversed(groups):  # dependants first
        wanted = any(not by_key[key].deletes or key in found for key in group)
        if wanted:
            for key in group:
                found.update(edges[key])
    return found


def _base(one: Operation, early: Collection[ResourceKey]) -> int:
    """The level at which an operation may come at the earliest, by its kind."""
    if not one.deletes:
        return rank(one.key.kind)
    if one.key in early:
        return 0
    return _AFTER_WRITES + LAST_RANK - rank(one.key.kind)


_AFTER_WRITES = 1_000_000
"""Levels of writes are far below: each costs at least one operation."""


def _levels(
    groups: Sequence[Collection[ResourceKey]],
    group_of: Mapping[ResourceKey, int],
    edges: _Edges,
    base: Callable[[ResourceKey], int],
) -> dict[ResourceKey, int]:
    """Give every operation the lowest level above all that it waits for; a circle shares one."""
    levels: dict[ResourceKey, int] = {}
    for at, group in enumerate(groups):
        level = max(base(key) for key in group)
        for key in group:
            for earlier in edges[key]:
                if group_of[earlier] != at:
                    level = max(level, levels[earlier] + 1)
        levels.update(dict.fromkeys(group, level))
    return levels


def _dense(levels: Mapping[ResourceKey, int]) -> tuple[tuple[ResourceKey, ...], ...]:
    by_level: defaultdict[int, list[ResourceKey]] = defaultdict(list)
    for key, level in levels.items():
        by_level[level].append(key)
    return tuple(tuple(sorted(by_level[level])) for level in sorted(by_level))


@dataclass(slots=True)
class _Walk:
    """Tarjan's search for strongly connected components, without recursion: chains may be long."""

    number: dict[ResourceKey, int] = field(default_factory=dict)
    low: dict[ResourceKey, int] = field(default_factory=dict)
    stack: list[ResourceKey] = field(default_factory=list)
    on_stack: set[ResourceKey] = field(default_factory=set)
    found: list[list[ResourceKey]] = field(default_factory=list)

    def enter(self, key: ResourceKey) -> None:
        self.number[key] = self.low[key] = len(self.number)
        self.stack.append(key)
        self.on_stack.add(key)

    def leave(self, key: ResourceKey) -> None:
        if self.low[key] != self.number[key]:
            return
        group: list[ResourceKey] = []
        while not group or group[-1] != key:
            member = self.stack.pop()
            self.on_stack.discard(member)
            group.append(member)
        self.found.append(sorted(group))


def _strongly_connected(keys: Iterable[ResourceKey], edges: _Edges) -> list[list[ResourceKey]]:
    """Groups of operations that wait for one another, each after the groups that it waits for."""
    walk = _Walk()
    for root in keys:
        if root in walk.number:
            continue
        walk.enter(root)
        path = [(root, iter(sorted(edges[root])))]
        while path:
            key, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                walk.leave(key)
                if path:
                    parent = path[-1][0]
                    walk.low[parent] = min(walk.low[parent], walk.low[key])
            elif following not in walk.number:
                walk.enter(following)
                path.append((following, iter(sorted(edges[following]))))
            elif following in walk.on_stack:
                walk.low[key] = min(walk.low[key], walk.number[following])
    return walk.found
