"""One canonical byte form of plain data: the ground of every digest and of every sorted list.

Two documents are equal when these bytes are equal. Python's own equality is not enough: it takes `True`
for `1`, which an API server does not.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from reconciler.model.changes import Redacted


def canonical(value: Any) -> bytes:
    """Write plain data as JSON with sorted keys and no spaces.

    Args:
        value: dicts, lists, strings, numbers, booleans and None; `Redacted` leaves stand for themselves.

    Returns:
        the bytes; equal bytes mean equal data. What orjson cannot write (integers beyond 64 bits, lone
        surrogates, keys that are not strings) takes the slow way, so bad input never fails here.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_opaque)
    except (TypeError, ValueError):
        return _slowly(value)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal as an API server sees them (`True` is not `1`)."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (dict, list)):
        return canonical(left) == canonical(right)
    return bool(left == right)


def _opaque(value: Any) -> Any:
    """Stand in for a value that must not be written: its own equality decides, its text never shows."""
    if isinstance(value, Redacted):
        return ["\x00redacted", hash(value)]
    raise TypeError(f"{type(value).__name__} is not plain data")


def _slowly(value: Any) -> bytes:
    plain = _with_text_keys(value)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_named)
    return b"\x00" + text.encode()


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else repr(key): _with_text_keys(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(item) for item in value]
    return value


def _named(value: Any) -> Any:
    return _opaque(value) if isinstance(value, Redacted) else f"\x00{type(value).__name__} {value!s}"
