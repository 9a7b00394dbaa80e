"""What our own diff says of the same question, and what a dry run cannot see of it."""

from __future__ import annotations

from typing import Any

from reconciler.model.changes import ABSENT, Change, Ignored, KeyStep
from reconciler.rules.comparing import differences
from reconciler.rules.emptying import faults_of_applying
from reconciler.rules.lists import ListRule, element_keys
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import RuleSet
from reconciler.rules.schema import Schema
from reconciler.rules.validating import faults_of
from tests.oracle.server import Answer


def changes_of(
    git: dict[str, Any], live: dict[str, Any], schema: Schema, rules: RuleSet
) -> tuple[list[Change], list[Ignored]]:
    """What differs, and what the rules hid on either side."""
    ignored: list[Ignored] = []
    left, right = (normalise(body, schema, rules, ignored=ignored) for body in (git, live))
    return differences(left, right), ignored


def answer(git: dict[str, Any], live: dict[str, Any], schema: Schema, rules: RuleSet) -> Answer:
    """What we say where all that the cluster has came from Git: every difference is a change."""
    if faults_of_applying(git, live, schema):
        return Answer.REFUSED
    changes, _ = changes_of(git, live, schema, rules)
    return Answer.CHANGED if changes else Answer.UNCHANGED


def answer_of_stated(git: dict[str, Any], live: dict[str, Any], schema: Schema, rules: RuleSet) -> Answer:
    """What we say of what Git states, where the cluster's object is someone else's.

    An apply keeps what Git leaves out, so that the server checks the two put together.
    """
    if faults_of(_together(live, git, schema.openapi), schema):
        return Answer.REFUSED
    changes, _ = changes_of(git, live, schema, rules)
    stated = any(is_stated(change, git, schema) for change in changes)
    return Answer.CHANGED if stated else Answer.UNCHANGED


def is_stated(change: Change, git: dict[str, Any], schema: Schema) -> bool:
    """Whether Git states what changed.

    What only the cluster has is not stated, nor is what a default says on the left, unless it lies inside
    a list or map that the server takes as one value.
    """
    node: Any = git
    known: Any = schema.openapi
    for step in change.path:
        if _is_one_value(node, known):
            return True
        if isinstance(node, list):
            node = _element(node, step, known)
        else:
            node = node.get(step, ABSENT) if isinstance(node, dict) else ABSENT
        if node is ABSENT:
            return False
        known = _below(known, step)
    return node is not None or not isinstance(change.right, (dict, list))


def _is_one_value(node: Any, known: Any) -> bool:
    known = known if isinstance(known, dict) else {}
    if isinstance(node, list):
        return known.get("x-kubernetes-list-type") not in ("map", "set")
    return isinstance(node, dict) and known.get("x-kubernetes-map-type") == "atomic"


def _element(items: list[Any], step: object, known: Any) -> Any:
    """The element of a keyed list or of a set, or ABSENT."""
    names = known.get("x-kubernetes-list-map-keys") if isinstance(known, dict) else None
    if not names:
        return step if step in items else ABSENT
    keys = element_keys(items, ListRule(tuple(names))) or []
    return items[keys.index(KeyStep(step))] if step in keys else ABSENT


def _below(known: Any, step: object) -> Any:
    if not isinstance(known, dict):
        return None
    if isinstance(step, (int, KeyStep)):
        return known.get("items")
    additional = known.get("additionalProperties")
    return (known.get("properties") or {}).get(step, additional if isinstance(additional, dict) else None)


def _together(live: Any, git: Any, known: Any) -> Any:
    """What the cluster would hold: Git's values over the live ones, atomic lists and maps as wholes."""
    if isinstance(live, dict) and git is None:
        return live
    if isinstance(live, dict) and isinstance(git, dict) and not _is_one_value(git, known):
        merged = {name: _together(live.get(name), value, _below(known, name)) for name, value in git.items()}
        return {**live, **merged}
    keyed = isinstance(live, list) and isinstance(git, list) and not _is_one_value(git, known)
    names = tuple(known.get("x-kubernetes-list-map-keys") or ()) if keyed else ()
    if not names:
        return git
    mine, theirs = element_keys(git, ListRule(names)), element_keys(live, ListRule(names))
    if mine is None or theirs is None:
        return git
    held = dict(zip(theirs, live, strict=True))
    merged_items = [
        _together(held.get(key), item, known.get("items")) for key, item in zip(mine, git, strict=True)
    ]
    return [*merged_items, *(item for key, item in held.items() if key not in mine)]
