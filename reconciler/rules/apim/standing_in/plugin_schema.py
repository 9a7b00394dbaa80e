"""A small part of JSON Schema (draft 7): what a plugin certainly refuses, and nothing that is only likely.

Alternatives (`oneOf`, `anyOf`, `if`) and `$ref` are passed over: half an understanding would refuse what APIM
takes. Messages never hold a value, for configurations hold secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.changes import KeyPath

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
    "null": (type(None),),
}
_A = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "null": "null",
}
_DEPTH_MAX = 32


def faults(value: Any, schema: Mapping[str, Any], path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Find what certainly contradicts a schema.

    Args:
        value: plain data.
        schema: the plugin's schema, or a part of it.
        path: where the value stands.

    Yields:
        the field and what is wrong with it, in the value's order.
    """
    if len(path) > _DEPTH_MAX or "$ref" in schema or _is_expression(value):
        return
    wrong = _type_fault(value, schema.get("type"))
    if wrong:
        yield path, wrong
        return
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        yield path, f"is none of {', '.join(str(one) for one in choices[:12])}"
        return
    for part in schema.get("allOf") or ():
        if isinstance(part, Mapping):
            yield from faults(value, part, path)
    if isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        items = schema.get("items")
        for at, item in enumerate(value if isinstance(items, Mapping) else ()):
            yield from faults(item, items, (*path, at))  # type: ignore[arg-type]  # items is a Mapping here
    elif isinstance(value, str):
        yield from _text(value, schema, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(value, schema, path)


def _object(value: dict[str, Any], schema: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    properties = schema.get("properties")
    known: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        stated = known.get(name)
        # What has a default is filled in before anybody asks for it.
        if name not in value and not (isinstance(stated, Mapping) and "default" in stated):
            yield (*path, str(name)), "is required"
    closed = schema.get("additionalProperties") is False and not schema.get("patternProperties")
    for name, item in value.items():
        inner = known.get(name)
        if isinstance(inner, Mapping):
            yield from faults(item, inner, (*path, name))
        elif closed and name not in known:
            yield (*path, name), "is no field of it"


def _text(value: str, schema: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    least, most, pattern = schema.get("minLength"), schema.get("maxLength"), schema.get("pattern")
    if isinstance(least, int) and len(value) < least:
        yield path, "is empty" if not value else f"is shorter than {least} characters"
    if isinstance(most, int) and len(value) > most:
        yield path, f"is longer than {most} characters"
    if isinstance(pattern, str) and not _matches(pattern, value):
        yield path, "does not have the form that is asked for"


def _number(value: float, schema: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, int | float) and value < least:
        yield path, f"is less than {least}"
    if isinstance(most, int | float) and value > most:
        yield path, f"is more than {most}"


def _type_fault(value: Any, named: Any) -> str:
    names = named if isinstance(named, list) else [named]
    if not all(isinstance(name, str) and name in _TYPES for name in names):
        return ""
    if any(_is(value, name) for name in names):
        return ""
    return f"must be {' or '.join(_A.get(name, f'a {name}') for name in names)}"


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name])


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # written for another engine: nothing can be said
        return True


def _is_expression(value: Any) -> bool:
    """Whether a text gets its value only when it runs (Expression Language), or from a template."""
    return isinstance(value, str) and ("{#" in value or "${" in value or "[[" in value)
