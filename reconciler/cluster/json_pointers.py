"""Takes leaves out of an object with a JSON Patch that fails unless everything is as it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.changes import ABSENT, KeyPath


def pointer(path: KeyPath) -> str:
    """Write a path of field names and positions as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def value_at(body: Any, path: KeyPath) -> Any:
    """What stands at a path of an object; `ABSENT` where nothing does."""
    value = body
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or not 0 <= step < len(value):
                return ABSENT
            value = value[step]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return ABSENT
    return value


def removal(body: Mapping[str, Any], paths: Iterable[KeyPath]) -> list[dict[str, Any]] | None:
    """Make the JSON Patch that takes these paths away, or None where none of them is there.

    Every value and the resourceVersion are tested first. Later elements of a list go before earlier ones,
    so that positions stay what they are.

    Args:
        body: the object as it was just read.
        paths: field names and positions; none inside another.
    """
    there = [path for path in paths if value_at(body, path) is not ABSENT]
    if not there:
        return None
    there.sort(key=_place, reverse=True)
    version = body["metadata"]["resourceVersion"]
    tests = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
    tests += [{"op": "test", "path": pointer(path), "value": value_at(body, path)} for path in there]
    return [*tests, *({"op": "remove", "path": pointer(path)} for path in there)]


def _place(path: KeyPath) -> tuple[tuple[int, str], ...]:
    return tuple((step, "") if isinstance(step, int) else (-1, str(step)) for step in path)
