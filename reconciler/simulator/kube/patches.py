"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386), built onto the old tree without copying it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reconciler.simulator.kube.answers import bad_request, patch_failed
from reconciler.simulator.kube.trees import ABSENT, Json, same

_INDEX = re.compile(r"0|-?[1-9][0-9]*")


def merge_patch(target: Json, patch: Json) -> Json:
    """Return the target with a merge patch laid over it: null removes, lists are replaced."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = merge_patch(merged.get(name), value)
        else:
            merged[name] = value
    return merged


def json_patch(target: Json, operations: Json) -> Json:
    """Return the target after a list of operations; all of them or none.

    Raises:
        Refusal: 400 when it is not a list of operations; 422 when one cannot be carried out, or a `test`
            does not hold.
    """
    if not isinstance(operations, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    for operation in operations:
        target = _carried_out(target, operation)
    return target


def _carried_out(target: Json, operation: Json) -> Json:
    if not isinstance(operation, dict):
        raise patch_failed()
    verb = operation.get("op")
    path = _pointer(operation.get("path"))
    if verb == "test":
        found = _found(target, path)
        # A missing value equals null: so does the library that the real server uses.
        if not same(None if found is ABSENT else found, operation.get("value")):
            raise patch_failed()
        return target
    if verb == "add":
        return _put(target, path, operation.get("value"), insert=True)
    if verb == "replace":
        return _put(target, path, operation.get("value"), insert=False)
    if verb == "remove":
        return _taken(target, path)
    if verb in ("move", "copy"):
        source = _pointer(operation.get("from"))
        value = _found(target, source)
        if value is ABSENT:
            raise patch_failed()
        return _put(_taken(target, source) if verb == "move" else target, path, value, insert=True)
    raise patch_failed()


def _pointer(text: Json) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise patch_failed()
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _found(target: Json, path: list[str]) -> Json:
    for part in path:
        if isinstance(target, dict) and part in target:
            target = target[part]
        elif isinstance(target, list) and _INDEX.fullmatch(part) and -len(target) <= int(part) < len(target):
            target = target[int(part)]
        else:
            return ABSENT
    return target


def _put(target: Json, path: list[str], value: Json, *, insert: bool) -> Json:
    if not path:
        return value

    def put(holder: Any, last: str) -> None:
        if isinstance(holder, dict):
            holder[last] = value
            return
        if insert and last == "-":
            holder.append(value)
            return
        index = _index(last, len(holder) + insert)
        if insert:
            holder.insert(index, value)
        else:
            holder[index] = value

    return _rebuilt(target, path, put)


def _taken(target: Json, path: list[str]) -> Json:
    def take(holder: Any, last: str) -> None:
        if isinstance(holder, dict):
            if last not in holder:
                raise patch_failed()
            del holder[last]
        else:
            del holder[_index(last, len(holder))]

    if not path:
        raise patch_failed()
    return _rebuilt(target, path, take)


def _index(text: str, length: int) -> int:
    """Read a list position below `length`; negative ones count from the end, as in the real server."""
    if not _INDEX.fullmatch(text):
        raise patch_failed()
    index = int(text)
    if not -length <= index < length:
        raise patch_failed()
    return index + length if index < 0 else index


def _rebuilt(target: Json, path: list[str], change: Callable[[Any, str], None]) -> Json:
    """Return a copy of the containers along the path, the last one changed."""
    if isinstance(target, dict):
        copy: Any = dict(target)
    elif isinstance(target, list):
        copy = list(target)
    else:
        raise patch_failed()
    if len(path) == 1:
        change(copy, path[0])
        return copy
    if isinstance(copy, dict):
        if path[0] not in copy:
            raise patch_failed()
        copy[path[0]] = _rebuilt(copy[path[0]], path[1:], change)
    else:
        index = _index(path[0], len(copy))
        copy[index] = _rebuilt(copy[index], path[1:], change)
    return copy
