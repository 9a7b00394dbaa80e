"""Hypothesis strategies for documents of ApiV4Definition, and what to do with changes of them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyPath, KeyStep, Step
from reconciler.rules.digests import list_steps
from reconciler.rules.lists import RuleNode, sort_elements

_WORDS = st.sampled_from(["alpha", "beta", "gamma", "delta", "a.b", "with space", "x/y", "__typename", ""])
_NAMES = st.sampled_from(["one", "two", "three", "four"])
_SCALARS = st.one_of(_WORDS, st.integers(-2, 2), st.booleans(), st.none(), st.just(1.5))
_FREE = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=3)),
    max_leaves=6,
)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _steps() -> st.SearchStrategy[Any]:
    return st.lists(_some(policy=_WORDS, enabled=st.booleans(), configuration=_FREE), max_size=4)


def _flows() -> st.SearchStrategy[Any]:
    return st.lists(_some(name=_NAMES, request=_steps(), response=_steps()), max_size=4)


def api_specs() -> st.SearchStrategy[dict[str, Any]]:
    """Specs with everything a list can be: keyed, a set, in order, without keys, of a wrong type."""
    plan = _some(name=_WORDS, tags=st.lists(_WORDS, max_size=3), flows=_flows())
    endpoint = _some(name=_NAMES, weight=st.integers(0, 2), configuration=_FREE)
    return _some(
        name=_WORDS,
        labels=st.lists(_WORDS, max_size=4),
        tags=st.one_of(st.none(), st.lists(_WORDS, max_size=4)),
        members=st.lists(_some(source=_NAMES, sourceId=_NAMES, role=_WORDS), max_size=3),
        properties=st.lists(_some(key=_NAMES, value=_WORDS), max_size=3),
        endpointGroups=st.lists(_some(name=_NAMES, endpoints=st.lists(endpoint, max_size=3)), max_size=3),
        listeners=st.lists(_FREE, max_size=3),
        plans=st.dictionaries(_NAMES, plan, max_size=3),
        flows=st.one_of(_flows(), _WORDS),
    )


def applied(left: dict[str, Any], right: dict[str, Any], changes: list[Change], rules: RuleNode) -> Any:
    """Apply changes to the left document.

    The right one only tells at which position a list in order keeps an added element, because a change
    names such an element by its key.
    """
    return _patched(copy.deepcopy(left), right, changes, (), rules)


def _patched(node: Any, right: Any, changes: list[Change], path: KeyPath, rules: RuleNode) -> Any:
    here = [change for change in changes if change.path[: len(path)] == path]
    if not here:
        return node
    own = next((change for change in here if change.path == path), None)
    if own is not None and own.kind is not ChangeKind.MOVED:
        return own.right
    if isinstance(node, dict):
        return _patched_object(node, right, here, path, rules)
    return _patched_list(node, right, here, path, rules)


def _patched_object(
    node: dict[str, Any], right: Any, changes: list[Change], path: KeyPath, rules: RuleNode
) -> dict[str, Any]:
    out = dict(node)
    for step in dict.fromkeys(change.path[len(path)] for change in changes):
        other = right.get(step) if isinstance(right, dict) else None
        value = _patched(out.get(step, ABSENT), other, changes, (*path, step), rules.below(step))
        if value is ABSENT:
            out.pop(step, None)
        else:
            out[step] = value
    return out


def _patched_list(
    node: list[Any], right: list[Any], changes: list[Change], path: KeyPath, rules: RuleNode
) -> list[Any]:
    each = rules.each or RuleNode()
    positions = any(isinstance(change.path[len(path)], int) for change in changes)
    names = None if positions else list_steps(node, rules)
    steps: list[Step] = list(names) if names is not None else list(range(len(node)))
    own = [change for change in changes if len(change.path) == len(path) + 1]
    added = {c.path[-1]: c.right for c in own if c.kind is ChangeKind.ADDED}
    removed = {c.path[-1] for c in own if c.kind is ChangeKind.REMOVED}
    inner = [c for c in changes if c not in own or c.kind is ChangeKind.CHANGED]
    kept = [
        (step, _patched(item, _other(right, step, rules), inner, (*path, step), each))
        for step, item in zip(steps, node, strict=True)
        if step not in removed
    ]
    if names is None:
        return _placed([item for _, item in kept], {int(at): item for at, item in added.items()})
    if rules.listed is not None and not rules.listed.ordered:
        return sort_elements([item for _, item in kept] + list(added.values()), rules.listed)
    moves = {c.path[-1] for c in own if c.kind is ChangeKind.MOVED}
    order = {name: at for at, name in enumerate(list_steps(right, rules) or [])}
    settled = [item for step, item in kept if step not in moves]
    placed = {order[KeyStep(str(step))]: item for step, item in added.items()}
    placed |= {order[KeyStep(str(step))]: item for step, item in kept if step in moves}
    return _placed(settled, placed)


def _placed(rest: list[Any], at: dict[int, Any]) -> list[Any]:
    waiting = iter(rest)
    return [at[place] if place in at else next(waiting) for place in range(len(rest) + len(at))]


def _other(right: Any, step: Step, rules: RuleNode) -> Any:
    names = list_steps(right, rules) if isinstance(right, list) else None
    if names is None or step not in names:
        return None
    return right[names.index(KeyStep(str(step)))]
