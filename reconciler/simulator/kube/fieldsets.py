"""Sets of field paths, held in the very form in which `managedFields` writes them (FieldsV1).

    {"f:spec": {"f:colour": {}, "f:plans": {".": {}, "f:gold": {".": {}, "f:name": {}}}}}

is {spec.colour, spec.plans, spec.plans.gold, spec.plans.gold.name}: a path is a member where its node is
`{}` or has a `.`. Sets are values: no function changes its arguments, and results share branches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.simulator.kube.path_elements import order

FieldSet = dict[str, Any]
Node = dict[str, Any]

SELF = "."
_LEAF: Node = {}


def node(*, is_member: bool, below: FieldSet) -> Node | None:
    """Return the node of a path that is (not) a member and has these members below it; None for nothing."""
    if not below:
        return _LEAF if is_member else None
    return {SELF: _LEAF, **below} if is_member else below


def parts(of: Node) -> tuple[bool, FieldSet]:
    """Return whether a node's path is a member, and the set below it."""
    if not of:
        return True, of
    if SELF not in of:
        return False, of
    return True, {element: child for element, child in of.items() if element != SELF}


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in either."""
    if not left or not right:
        return left or right
    joined = dict(left)
    for element, theirs in right.items():
        ours = joined.get(element)
        if ours is None:
            joined[element] = theirs
        elif ours is not theirs:
            (a, below_a), (b, below_b) = parts(ours), parts(theirs)
            merged = node(is_member=a or b, below=union(below_a, below_b))
            joined[element] = _LEAF if merged is None else merged
    return joined


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in `left` and not in `right`; a member of `right` stands for itself alone."""
    if not left or not right:
        return left
    rest: FieldSet = {}
    for element, ours in left.items():
        theirs = right.get(element)
        kept: Node | None = ours
        if theirs is not None:
            (a, below_a), (b, below_b) = parts(ours), parts(theirs)
            kept = node(is_member=a and not b, below=difference(below_a, below_b))
        if kept is not None:
            rest[element] = kept
    return rest


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in both."""
    both: FieldSet = {}
    for element, ours in left.items():
        theirs = right.get(element)
        if theirs is None:
            continue
        (a, below_a), (b, below_b) = parts(ours), parts(theirs)
        kept = node(is_member=a and b, below=intersection(below_a, below_b))
        if kept is not None:
            both[element] = kept
    return both


def without(of: FieldSet, prefixes: FieldSet) -> FieldSet:
    """Return the set without the members of `prefixes` and everything below them."""
    rest: FieldSet = {}
    for element, ours in of.items():
        dropped = prefixes.get(element)
        if dropped is None:
            rest[element] = ours
            continue
        whole, below = parts(dropped)
        if whole:
            continue
        is_member, ours_below = parts(ours)
        kept = node(is_member=is_member, below=without(ours_below, below))
        if kept is not None:
            rest[element] = kept
    return rest


def paths(of: FieldSet, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the members: on each level first those that are members themselves, then what is below."""
    ordered = sorted(of.items(), key=lambda entry: order(entry[0]))
    for element, child in ordered:
        if parts(child)[0]:
            yield (*prefix, element)
    for element, child in ordered:
        yield from paths(parts(child)[1], (*prefix, element))
