"""What differs between two normalised documents: each difference once, at the smallest place that says it.

Lists are matched first (by key, as sets, by content), so that both sides become trees whose branches have
the same names; then DeepDiff compares the trees. It sees only branches that are unequal, and stand-ins for
long texts and for what is redacted: its line diffs of a 2 MB text would take minutes, and nothing that it
keeps or prints may hold a secret.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyPath, KeyStep, Step
from reconciler.rules.aligning import align, moved
from reconciler.rules.canonical import canonical, same
from reconciler.rules.digests import list_steps
from reconciler.rules.lists import RuleNode, element_keys
from reconciler.rules.metadata import compared
from reconciler.rules.normalise import rules_of

_SHORT = 64
_Tree = dict[str, Any]
_Pair = tuple[Step, str, Any, Any, RuleNode]
"""One branch: its step in the path, its name in the tree, both values (`ABSENT` where there is none)."""


@dataclass(slots=True)
class _Found:
    """What the walk has met: values by tree path, in document order, and moves."""

    values: dict[tuple[str, ...], tuple[KeyPath, Any, Any]] = field(default_factory=dict)
    moves: dict[tuple[str, ...], Change] = field(default_factory=dict)


def differences(desired: dict[str, Any], actual: dict[str, Any]) -> list[Change]:
    """List how the right document differs from the left one.

    Args:
        desired, actual: two normalised documents of one kind, or their redacted copies.

    Returns:
        one change per differing leaf, or per element or subtree that one side lacks; in document order,
        without managers and times. Of metadata, labels and annotations are compared, a tool's own marks
        only where both sides have them. A position in a path is the left side's, for what only the right
        has the right side's. `MOVED` carries the two positions as its values.
    """
    found = _Found()
    left = {**desired, "metadata": compared(desired, actual)}
    right = {**actual, "metadata": compared(actual, desired)}
    trees = _objects(left, right, rules_of(desired), (), (), found)
    unequal = _unequal(*trees) if found.values else set()
    changes = dict(found.moves)
    for name, (path, before, after) in found.values.items():
        if name in unequal:
            changes[name] = Change(path, _kind(before, after), before, after)
    places = {name: at for at, name in enumerate([*found.values, *found.moves])}
    return [changes[name] for name in sorted(changes, key=places.__getitem__)]


def _kind(before: Any, after: Any) -> ChangeKind:
    if before is ABSENT:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if after is ABSENT else ChangeKind.CHANGED


def _unequal(left: _Tree, right: _Tree) -> set[tuple[str, ...]]:
    from deepdiff import DeepDiff

    found = DeepDiff(
        left,
        right,
        view="tree",
        ignore_private_variables=False,  # a field may be called __typename
        threshold_to_diff_deeper=0,  # never give up on branches and call the whole node changed
        ignore_nan_inequality=True,
    )
    return {tuple(level.path(output_format="list")) for levels in found.values() for level in levels}


def _branch(
    left: Any, right: Any, rules: RuleNode, path: KeyPath, name: tuple[str, ...], found: _Found
) -> tuple[Any, Any]:
    if type(left) is type(right) and isinstance(left, dict):
        return _objects(left, right, rules, path, name, found)
    if type(left) is type(right) and isinstance(left, list):
        return _trees(_elements(left, right, rules, path, name, found), path, name, found)
    found.values[name] = (path, left, right)
    return _stand_in(left), _stand_in(right)


def _objects(
    left: dict[str, Any],
    right: dict[str, Any],
    rules: RuleNode,
    path: KeyPath,
    name: tuple[str, ...],
    found: _Found,
) -> tuple[_Tree, _Tree]:
    pairs: list[_Pair] = [
        (field, f".{field}", left.get(field, ABSENT), right.get(field, ABSENT), rules.below(field))
        for field in sorted(left.keys() | right.keys(), key=str)
    ]
    return _trees(pairs, path, name, found)


def _trees(pairs: list[_Pair], path: KeyPath, name: tuple[str, ...], found: _Found) -> tuple[_Tree, _Tree]:
    """Turn the unequal ones of some branches into two trees with the same names."""
    lefts: _Tree = {}
    rights: _Tree = {}
    for step, label, left, right, rules in pairs:
        here, below = (*path, step), (*name, label)
        if left is ABSENT or right is ABSENT:
            found.values[below] = (here, left, right)
            side, value = (rights, right) if left is ABSENT else (lefts, left)
            side[label] = _stand_in(value)
        elif not same(left, right):
            lefts[label], rights[label] = _branch(left, right, rules, here, below, found)
    return lefts, rights


def _elements(
    left: list[Any],
    right: list[Any],
    rules: RuleNode,
    path: KeyPath,
    name: tuple[str, ...],
    found: _Found,
) -> list[_Pair]:
    each = rules.each or RuleNode()
    steps = list_steps(left, rules), list_steps(right, rules)
    if steps[0] is not None and steps[1] is not None:
        if rules.listed is not None and rules.listed.ordered:
            _note_moves(steps[0], steps[1], path, name, found)
        lefts = dict(zip(steps[0], left, strict=True))
        rights = dict(zip(steps[1], right, strict=True))
        return [
            (key, f"[{key}", lefts.get(key, ABSENT), rights.get(key, ABSENT), each)
            for key in dict.fromkeys((*steps[0], *steps[1]))
        ]
    return [
        (
            j if i is None else i,  # type: ignore[misc]
            f"+{j}" if i is None else f"-{i}" if j is None else f"={i}",
            ABSENT if i is None else left[i],
            ABSENT if j is None else right[j],
            each,
        )
        for i, j in _positions(left, right, rules)
    ]


def _positions(left: list[Any], right: list[Any], rules: RuleNode) -> list[tuple[int | None, int | None]]:
    """Pair elements by content; by their key where the key must not be shown."""
    if rules.listed is not None and rules.listed.hidden:
        names = element_keys(left, rules.listed), element_keys(right, rules.listed)
        if names[0] is not None and names[1] is not None:
            place = {name: at for at, name in enumerate(names[1])}
            pairs: list[tuple[int | None, int | None]] = [
                (at, place.pop(name, None)) for at, name in enumerate(names[0])
            ]
            return [*pairs, *((None, at) for at in place.values())]
    return align([canonical(item) for item in left], [canonical(item) for item in right])


def _note_moves(
    left: list[KeyStep], right: list[KeyStep], path: KeyPath, name: tuple[str, ...], found: _Found
) -> None:
    both = set(left) & set(right)
    before, after = ([key for key in side if key in both] for side in (left, right))
    for key in moved(before, after):
        step = KeyStep(key)
        found.moves[(*name, f"~{key}")] = Change(
            (*path, step), ChangeKind.MOVED, left.index(step), right.index(step)
        )


def _stand_in(value: Any) -> Any:
    """What DeepDiff sees of a value: itself if it is small and plain, else a digest of it."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str) and len(value) <= _SHORT and "\n" not in value:
        return value
    kind = type(value).__name__
    return f"\x00{kind} {hashlib.blake2b(canonical(value), digest_size=16).hexdigest()}"
