"""Admits a JSON body into a declared shape, as a generated Java model does.

Unknown fields are dropped silently, an explicit null leaves the field out, missing lists become empty, and
declared defaults are filled in: exactly what the real server echoes after a PUT.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.refusals import Refused, error, unexpected_value, violations

Shape = Mapping[str, "Field"]
_NOTHING: Any = object()
_HRID = r"^[a-zA-Z0-9][a-zA-Z0-9_-]+[a-zA-Z0-9]$"
_MOST = 2147483647


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a shape.

    Attributes:
        default: what a missing field becomes; nothing means it stays out.
        required: a missing field is a violation.
        values: the enumeration a text must be of; empty means any.
        shape: the shape of the object, or of each member of a list or map.
        by_type: the shapes of an object by its field `type`.
        many: whether it is one value, a list or a map.
        longest: the most characters of a text; 0 means any.
        least: the fewest members of a list.
        hrid: a text that must be an HRID.
    """

    default: Any = _NOTHING
    required: bool = False
    values: tuple[str, ...] = ()
    shape: Shape | None = None
    by_type: Mapping[str, Shape] | None = None
    many: Literal["one", "list", "map"] = "one"
    longest: int = 0
    least: int = 0
    hrid: bool = False


def listed(shape: Shape | None = None, *, least: int = 0, **more: Any) -> Field:
    """A list; it is empty where it is missing."""
    return Field(default=[], shape=shape, many="list", least=least, **more)


def admit(shape: Shape, body: Any) -> dict[str, Any]:
    """Return the body in its shape.

    Raises:
        Refused: 400, as the real server puts it.
    """
    if not isinstance(body, dict):
        raise error(400, "Cannot deserialize the body into an object", "invalid", parameters={})
    found: list[tuple[str, str]] = []
    admitted = _object(shape, body, "", found)
    if found:
        raise violations(found)
    return admitted


def completed(shape: Shape, admitted: Mapping[str, Any]) -> dict[str, Any]:
    """Return an admitted body with its defaults also where nulls were sent: what the server works with."""
    out: dict[str, Any] = {}
    for name, declared in shape.items():
        value = admitted.get(name, _NOTHING)
        if value is _NOTHING and declared.default is not _NOTHING:
            value = declared.default
        if value is not _NOTHING:
            out[name] = _completed(declared, copied(value))
    return out


def _completed(declared: Field, value: Any) -> Any:
    def one(item: Any) -> Any:
        shape = declared.by_type[item["type"]] if declared.by_type is not None else declared.shape
        return completed(shape, item) if shape is not None else item

    if declared.many == "list":
        return [one(item) for item in value]
    if declared.many == "map":
        return {key: one(item) for key, item in value.items()}
    return one(value)


def _object(
    shape: Shape, body: Mapping[str, Any], where: str, found: list[tuple[str, str]]
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, declared in shape.items():
        here = f"{where}.{name}" if where else name
        value = body.get(name, _NOTHING)
        if value is _NOTHING and declared.default is not _NOTHING:
            value = copied(declared.default)
        if value is _NOTHING or value is None:
            if declared.required:
                found.append((here, "must not be null"))
            continue
        out[name] = _value(declared, value, here, found)
    return out


def _value(declared: Field, value: Any, where: str, found: list[tuple[str, str]]) -> Any:
    if declared.many == "list":
        if not isinstance(value, list):
            raise _mismatch(where)
        if len(value) < declared.least:
            found.append((where, f"size must be between {declared.least} and {_MOST}"))
        return [_one(declared, item, f"{where}[{index}]", found) for index, item in enumerate(value)]
    if declared.many == "map":
        if not isinstance(value, dict):
            raise _mismatch(where)
        return {key: _one(declared, item, f"{where}.{key}", found) for key, item in value.items()}
    return _one(declared, value, where, found)


def _one(declared: Field, value: Any, where: str, found: list[tuple[str, str]]) -> Any:
    shape = declared.shape
    if declared.by_type is not None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in declared.by_type:
            raise unexpected_value(f"{where}.type", str(kind))
        shape = declared.by_type[kind]
    if shape is not None:
        if not isinstance(value, dict):
            raise _mismatch(where)
        return _object(shape, value, where, found)
    if declared.values:
        return _of_enumeration(declared.values, value, where)
    if isinstance(value, str):
        if declared.hrid and re.match(_HRID, value) is None:
            found.append((where, f'must match "{_HRID}"'))
        longest = 256 if declared.hrid else declared.longest
        if longest and len(value) > longest:
            found.append((where, f"size must be between 0 and {longest}"))
    return copied(value)


def _of_enumeration(values: tuple[str, ...], value: Any, where: str) -> str:
    """The enumeration's own spelling of a value: capitals are not told from small letters.

    Raises:
        Refused: 400 where it has no such value.
    """
    for known in values:
        if known.lower() == str(value).lower():
            return known
    raise unexpected_value(where, str(value))


def _mismatch(where: str) -> Refused:
    message = "Unexpected value"
    return error(
        400, message, "invalidValue", parameters={}, details=[{"message": message, "location": where}]
    )
