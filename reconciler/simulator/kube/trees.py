"""JSON trees that share what did not change, so that a small update of a large object stays small.

Stored objects are never mutated: every writer builds a new tree and keeps the untouched branches of the
old one. "The same branch" can then be told by identity, and pruning, defaulting, validation and the
comparison of field owners skip it.
"""

from __future__ import annotations

from typing import Any

import orjson

Json = Any
"""A value as orjson reads it: dict, list, str, int, float, bool or None."""

ABSENT: Any = object()
"""Stands for "there is no value here", which JSON tells apart from null."""


def same(left: Json, right: Json) -> bool:
    """Whether two values are the same JSON; unlike `==`, 1, 1.0 and true are three different values."""
    if left is right:
        return True
    if type(left) is not type(right) or left != right:
        return False
    if isinstance(left, (dict, list)):
        return orjson.dumps(left, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
            right, option=orjson.OPT_SORT_KEYS
        )
    return True


def graft(old: Json, new: Json) -> Json:
    """Return `new`, built from the branches of `old` wherever they are equal; `old` itself if all is."""
    if old is new:
        return old
    if type(old) is not type(new):
        return new
    if isinstance(new, dict):
        grown = {key: graft(old[key], value) if key in old else value for key, value in new.items()}
        untouched = all(grown.get(key, ABSENT) is value for key, value in old.items())
        return old if untouched and len(grown) == len(old) else grown
    if isinstance(new, list):
        items = [graft(old[i], value) if i < len(old) else value for i, value in enumerate(new)]
        untouched = len(items) == len(old) and all(a is b for a, b in zip(items, old, strict=True))
        return old if untouched else items
    return old if old == new else new


def copied(value: Json) -> Json:
    """Return a copy that shares nothing."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def member(value: Json, key: str) -> Json:
    """Return `value[key]` where value is an object that has it, else ABSENT."""
    return value.get(key, ABSENT) if isinstance(value, dict) else ABSENT


def element(value: Json, index: int) -> Json:
    """Return `value[index]` where value is a list that long, else ABSENT."""
    return value[index] if isinstance(value, list) and index < len(value) else ABSENT
