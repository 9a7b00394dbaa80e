"""What a server-side apply of a document would be refused for, told before anything is sent.

A left side that no cluster can take must not read as merely "not yet applied": its hop is Failed, with the
cause. The checks are those of structural schemas. What only the server can tell (rules in CEL, webhooks,
quotas) is left to it.
Source: apiextensions-apiserver `schema` and `validation`, structured-merge-diff `typed`; held against the
real server by the oracle suite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from reconciler.model.changes import KeyPath
from reconciler.rules.canonical import canonical, same
from reconciler.rules.schema import Schema

MAX_FAULTS = 50
_KINDS: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
}
_LIMITS = {"int32": 2**31, "int64": 2**63}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
TOP = frozenset({"apiVersion", "kind", "metadata", "status"})
_LABEL_NAME = re.compile(r"(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why a document would be refused.

    `what` is a sentence without values, so that it is safe to show. `apply_only`: an apply refuses it,
    while a create or update drops it silently (unknown fields, nulls).
    """

    path: KeyPath
    what: str
    apply_only: bool = False


def faults_of(body: dict[str, Any], schema: Schema) -> tuple[Fault, ...]:
    """Find what a server-side apply of a document would be refused for.

    Args:
        body: the document as Git has it.
        schema: what the cluster serves for its kind; nothing is known without one.

    Returns:
        at most `MAX_FAULTS` faults in document order; none where the document can be applied, as far as a
        schema tells.
    """
    found = _document(body, schema.openapi)
    return tuple(fault for fault, _ in zip(found, range(MAX_FAULTS), strict=False))


def _document(body: dict[str, Any], openapi: dict[str, Any]) -> Iterator[Fault]:
    yield from _metadata(body.get("metadata"))
    if openapi:
        rest = {name: value for name, value in body.items() if name not in TOP}
        inner = {**openapi, "required": [name for name in required_by(openapi) if name not in TOP]}
        yield from _value(rest, {"type": "object", **inner}, ())


def _metadata(metadata: Any) -> Iterator[Fault]:
    for group in ("labels", "annotations"):
        entries = metadata.get(group) if isinstance(metadata, dict) else None
        if entries is None:
            continue
        if not isinstance(entries, dict):
            yield Fault(("metadata", group), "must be a map of texts")
            continue
        for name, value in entries.items():
            path = ("metadata", group, str(name))
            if not isinstance(name, str) or not _LABEL_NAME.fullmatch(name):
                yield Fault(path, "is not a name for a label or an annotation")
            if value is not None and not isinstance(value, str):
                yield Fault(path, f"must be a text, not {_kind(value)}: put it in quotes")
            elif group == "labels" and value is not None and not _LABEL_VALUE.fullmatch(value):
                yield Fault(path, "is not a label's value: letters, digits, - _ . and at most 63 of them")


def _value(value: Any, schema: dict[str, Any], path: KeyPath) -> Iterator[Fault]:
    if value is None:
        if refuses_null(schema):
            yield Fault(path, "is null, which is no value here: leave it out", apply_only=True)
        return
    wrong = _wrong_type(value, schema)
    if wrong:
        yield Fault(path, wrong)
        return
    enum = schema.get("enum")
    if isinstance(enum, list) and not any(same(value, choice) for choice in enum):
        yield Fault(path, f"is none of {', '.join(map(str, enum[:12]))}")
    for each in schema.get("allOf") or ():
        yield from _value(value, {"type": schema.get("type"), **each}, path)
    if isinstance(value, str):
        yield from _text(value, schema, path)
    elif isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        yield from _list(value, schema, path)
    elif not isinstance(value, bool):
        yield from _number(value, schema, path)


def refuses_null(schema: dict[str, Any]) -> bool:
    """Whether a null at a place of this schema is refused: it is typed, and no default stands in."""
    return _is_typed(schema) and not schema.get("nullable") and schema.get("default") is None


def _is_typed(schema: dict[str, Any]) -> bool:
    return bool(schema.get("type") or schema.get("x-kubernetes-int-or-string"))


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), type(value).__name__)


def _wrong_type(value: Any, schema: dict[str, Any]) -> str:
    found = _kind(value)
    if schema.get("x-kubernetes-int-or-string"):
        return "" if found in ("integer", "string") else f"must be an integer or a string, not {found}"
    wanted = schema.get("type")
    if not wanted or found == wanted or (wanted == "number" and found == "integer"):
        return ""
    if wanted == "integer" and isinstance(value, float) and value.is_integer():
        return ""
    hint = ": put it in quotes" if wanted == "string" and found in ("integer", "number", "boolean") else ""
    return f"must be of type {wanted}, not {found}{hint}"


def _text(value: str, schema: dict[str, Any], path: KeyPath) -> Iterator[Fault]:
    longest, shortest = schema.get("maxLength"), schema.get("minLength")
    if longest is not None and len(value) > longest:
        yield Fault(path, f"is longer than {longest} characters")
    if shortest is not None and len(value) < shortest:
        yield Fault(path, f"is shorter than {shortest} characters")
    pattern = schema.get("pattern")
    if (
        isinstance(pattern, str)
        and (compiled := _compiled(pattern)) is not None
        and not compiled.search(value)
    ):
        yield Fault(path, f"does not match {pattern}")
    if schema.get("format") in ("date-time", "datetime") and not _is_instant(value):
        yield Fault(path, "is not an RFC 3339 instant such as 2030-01-31T12:00:00Z")


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern in Go's grammar; None where Python cannot read it: then only the server can check."""
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        pattern = pattern[:-1] + r"\Z"  # Python's $ also matches before a last line end, Go's does not
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:
        return None


def _is_instant(value: str) -> bool:
    if not _DATE_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value[:19].replace(" ", "T").upper())
    except ValueError:
        return False
    return True


def _number(value: float, schema: dict[str, Any], path: KeyPath) -> Iterator[Fault]:
    limit = _LIMITS.get(str(schema.get("format")))
    if schema.get("type") == "integer" and limit is not None and not -limit <= value < limit:
        yield Fault(path, f"is too large for {schema['format']}")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (value < low or (schema.get("exclusiveMinimum") and value == low)):
        yield Fault(path, f"is below the minimum {low}")
    if high is not None and (value > high or (schema.get("exclusiveMaximum") and value == high)):
        yield Fault(path, f"is above the maximum {high}")
    step = schema.get("multipleOf")
    if step and value % step:
        yield Fault(path, f"is no multiple of {step}")


def required_by(schema: dict[str, Any]) -> list[str]:
    """The names of the fields that a schema requires."""
    found = schema.get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _object(value: dict[str, Any], schema: dict[str, Any], path: KeyPath) -> Iterator[Fault]:
    properties = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    open_to_all = bool(schema.get("x-kubernetes-preserve-unknown-fields")) or additional is True
    for name, item in value.items():
        below = properties.get(name, additional if isinstance(additional, dict) else None)
        if isinstance(below, dict):
            yield from _value(item, below, (*path, str(name)))
        elif not open_to_all and not (schema.get("x-kubernetes-embedded-resource") and name in TOP):
            yield Fault((*path, str(name)), "is no field that the schema knows", apply_only=True)
    for name in required_by(schema):
        if name not in value and (properties.get(name) or {}).get("default") is None:
            yield Fault((*path, name), "is missing, and required")
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and len(value) < least:
        yield Fault(path, f"has fewer than {least} entries")
    if most is not None and len(value) > most:
        yield Fault(path, f"has more than {most} entries")


def _list(value: list[Any], schema: dict[str, Any], path: KeyPath) -> Iterator[Fault]:
    items = schema.get("items")
    if isinstance(items, dict):
        for at, item in enumerate(value):
            yield from _value(item, items, (*path, at))
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and len(value) < least:
        yield Fault(path, f"has fewer than {least} items")
    if most is not None and len(value) > most:
        yield Fault(path, f"has more than {most} items")
    if schema.get("x-kubernetes-list-type") in ("map", "set"):
        yield from _twice(value, schema, path)


def _twice(value: list[Any], schema: dict[str, Any], path: KeyPath) -> Iterator[Fault]:
    """Elements that are there twice, and elements of a keyed list without their key."""
    names = schema.get("x-kubernetes-list-map-keys") or ()
    properties = (schema.get("items") or {}).get("properties") or {}
    defaults = {name: (properties.get(name) or {}).get("default") for name in names}
    seen: set[bytes] = set()
    for at, item in enumerate(value):
        if names and not isinstance(item, dict):
            continue
        key = [item.get(name, defaults[name]) for name in names] if names else item
        if names and all(part is None for part in key):
            yield Fault((*path, at), f"lacks its key {'/'.join(names)}")
        elif canonical(key) in seen:
            yield Fault((*path, at), "is there twice")
        seen.add(canonical(key))
