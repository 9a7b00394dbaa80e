"""Structural defaulting and pruning, as an API server does it, compiled once per schema.

Both sides of a comparison go through here, so that what Git leaves out and the server fills in is equal.
A schema is turned into nested closures: 10,000 objects are normalised in a pass, and walking the schema
anew for each would cost ten times as much. The same pass drops what the server takes for absent and puts
lists without order into one order, because a second walk would double the price.

Source: apiextensions-apiserver, packages `schema/pruning` and `schema/defaulting` (defaults for missing
and for null values that may not be null; unknown fields pruned unless preserved).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.rules.lists import NOTHING, ListRule, RuleNode, sort_elements

Convert = Callable[[Any], Any]
"""Normalises one value; never changes what it is given."""

_META = ("apiVersion", "kind", "metadata")
_SCALARS = (str, int, bool)
_UNKNOWN = object()
_PRESERVE = {"x-kubernetes-preserve-unknown-fields": True}


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled schema: `fields` normalise the top-level fields, `rules` tell how lists are matched.

    `defaults` are top-level fields that the schema fills in; `closed` says that others are pruned.
    """

    fields: dict[str, Convert | None]
    defaults: dict[str, Any]
    closed: bool
    rules: RuleNode


def compile_plan(
    openapi: dict[str, Any],
    rules: RuleNode,
    skipped: frozenset[str],
    *,
    formats: bool = True,
    in_order: bool = False,
) -> Plan:
    """Compile a schema and the kind's rules into what `normalise` runs.

    Args:
        openapi: the openAPIV3Schema of the whole object; empty when unknown.
        rules: what the domain knows of the kind's lists.
        skipped: top-level fields that are not compared (`apiVersion`, `status`…).
        formats: give one form to what can be written in several (instants).
        in_order: take the order of every list for meant, also where the schema says that it has none.
    """
    root = openapi or _PRESERVE
    if not formats:
        root = _without_formats(root)
    merged = _schema_rules(root, ordered=in_order).merged(rules)
    properties = _properties(root)
    fields: dict[str, Convert | None] = {}
    defaults: dict[str, Any] = {}
    for name in sorted((properties.keys() | merged.children.keys()) - skipped):
        schema = properties.get(name, _PRESERVE)
        fields[name] = _compile(schema, merged.below(name))
        if schema.get("default") is not None:
            defaults[name] = _apply(fields[name], schema["default"])
    closed = not root.get("x-kubernetes-preserve-unknown-fields") and not root.get("additionalProperties")
    return Plan(fields, defaults, closed, merged)


def _without_formats(schema: Any) -> Any:
    """A schema that says nothing of formats; a field may be called `format`, so texts only."""
    if isinstance(schema, list):
        return [_without_formats(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: value if name in ("default", "enum") else _without_formats(value)
        for name, value in schema.items()
        if name != "format" or not isinstance(value, str)
    }


def _schema_rules(schema: dict[str, Any], *, ordered: bool) -> RuleNode:
    """What the schema itself says of lists: `x-kubernetes-list-type` map and set."""
    node = RuleNode()
    for name, child in _properties(schema).items():
        below = _schema_rules(child, ordered=ordered)
        if below.children or below.each or below.listed:
            node.children[name] = below
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            each = _schema_rules(inner, ordered=ordered)
            node.each = each if each.children or each.each or each.listed else None
    kind = schema.get("x-kubernetes-list-type")
    if kind == "map":
        node.listed = ListRule(tuple(schema.get("x-kubernetes-list-map-keys") or ()), ordered)
    elif kind == "set":
        node.listed = ListRule(ordered=ordered)
    return node


def _compile(schema: dict[str, Any] | None, rules: RuleNode, preserved: bool = False) -> Convert | None:
    """Compile one node; None means that values of it are taken as they are.

    `schema` None is a place the schema does not describe inside a described object: fields there are pruned.
    `preserved` is what an array hands down to its items: unknown fields stay.
    """
    if schema is None:
        return _emptied
    kind = schema.get("type")
    if kind in ("string", "boolean"):
        return _instant if schema.get("format") == "date-time" else None
    if kind in ("integer", "number") or schema.get("x-kubernetes-int-or-string"):
        return _number
    keep = preserved or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    # Values of another kind than the schema wants go on as they are: the server would refuse them.
    if kind == "array":
        return _list(schema, rules, keep)
    otherwise = as_is if kind == "object" else _list(schema, rules, keep)
    return _object(schema, rules, keep, otherwise)


def _object(schema: dict[str, Any], rules: RuleNode, keep: bool, otherwise: Convert) -> Convert:
    properties = _properties(schema)
    table: dict[str, Convert | None] = {}
    not_null: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for name in sorted(properties.keys() | rules.children.keys()):
        child = properties.get(name)
        if child is None:
            if not keep:
                continue
            child = _PRESERVE
        table[name] = _compile(child, rules.below(name))
        default = child.get("default")
        if default is not None:
            defaults[name] = _apply(table[name], default)
        if name in properties and not child.get("nullable"):
            not_null[name] = defaults.get(name, _UNKNOWN)
    if schema.get("x-kubernetes-embedded-resource"):
        table.update(dict.fromkeys(_META))
    empties = tuple(name for name, rule in rules.children.items() if rule.drop_empty)
    others = _others(schema, rules, keep)
    if others is None and not empties:
        return _closed_object(table, not_null, tuple(defaults.items()), otherwise)
    known = _closed_object(table, not_null, tuple(defaults.items()), otherwise)
    return _open_object(known, frozenset(table), others, empties)


def _closed_object(
    table: dict[str, Convert | None],
    not_null: dict[str, Any],
    defaults: tuple[tuple[str, Any], ...],
    otherwise: Convert,
) -> Convert:
    """The common and fastest case: only known fields stay."""

    def run(value: Any) -> Any:
        if value.__class__ is not dict:
            return otherwise(value)
        out = {}
        for name, item in value.items():
            convert = table.get(name, _UNKNOWN)
            if item is None and name in not_null:
                if not_null[name] is not _UNKNOWN:
                    out[name] = not_null[name]
            elif convert is None:
                out[name] = item
            elif convert is not _UNKNOWN:
                out[name] = convert(item)  # type: ignore[operator]
        for name, default in defaults:
            if name not in out:
                out[name] = default
        return out

    return run


@dataclass(frozen=True, slots=True)
class _Others:
    """What becomes of fields that the schema does not name: `null` replaces a null, or drops it."""

    convert: Convert | None
    nullable: bool = True
    null: Any = _UNKNOWN


def _others(schema: dict[str, Any], rules: RuleNode, keep: bool) -> _Others | None:
    additional = schema.get("additionalProperties")
    each = rules.each or NOTHING
    if isinstance(additional, dict):
        convert = _compile(additional, each)
        default = additional.get("default")
        null = _UNKNOWN if default is None else _apply(convert, default)
        return _Others(convert, bool(additional.get("nullable")), null)
    if keep:
        return _Others(_compile(_PRESERVE, each) if rules.each is not None else as_is)
    return _Others(_emptied) if additional is True else None


def _open_object(
    known: Convert, named: frozenset[str], others: _Others | None, empties: tuple[str, ...]
) -> Convert:
    """Objects with free fields or with fields that are dropped when empty."""

    def run(value: Any) -> Any:
        out = known(value)
        if value.__class__ is not dict:
            return out
        if others is not None:
            for name, item in value.items():
                if name in named:
                    continue
                if item is None and not others.nullable:
                    if others.null is not _UNKNOWN:
                        out[name] = others.null
                else:
                    out[name] = item if others.convert is None else others.convert(item)
        for name in empties:
            if name in out and is_empty(out[name]):
                del out[name]
        return out

    return run


def _list(schema: dict[str, Any], rules: RuleNode, keep: bool) -> Convert:
    items = schema.get("items")
    each = rules.each or NOTHING
    if isinstance(items, dict):
        convert = _compile(items, each, preserved=bool(schema.get("x-kubernetes-preserve-unknown-fields")))
        # The server puts the default in for a null element; without one the null stays (and is refused).
        null = None if items.get("nullable") else _apply(convert, items.get("default"))
    else:
        convert = (_compile(_PRESERVE, each) if rules.each is not None else as_is) if keep else _emptied
        null = None
    rule = rules.listed
    unordered = rule is not None and not rule.ordered

    def run(value: Any) -> Any:
        if value.__class__ is not list:
            return as_is(value)
        if convert is None:
            out = [null if item is None else item for item in value]
        else:
            out = [null if item is None else convert(item) for item in value]
        return sort_elements(out, rule) if unordered and rule is not None and len(out) > 1 else out

    return run


def is_empty(value: Any) -> bool:
    """Whether a value is one of those that a server may take for absent: null, "", [] and {}."""
    return value is None or value in ("", [], {})


def _apply(convert: Convert | None, value: Any) -> Any:
    return value if convert is None or value is None else convert(value)


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def as_is(value: Any) -> Any:
    """Copy what the schema does not describe; only numbers are written as a server writes them."""
    kind = value.__class__
    if kind is dict:
        return {k: v if v.__class__ in _SCALARS else as_is(v) for k, v in value.items()}
    if kind is list:
        return [v if v.__class__ in _SCALARS else as_is(v) for v in value]
    return _number(value) if kind is float else value


def _emptied(value: Any) -> Any:
    """What pruning leaves of a value at a place without schema: scalars stay, fields of objects go."""
    if value.__class__ is dict:
        return {}
    return [_emptied(item) for item in value] if value.__class__ is list else value


def _number(value: Any) -> Any:
    """An API server writes 1.0 and 1e3 as 1 and 1000."""
    if value.__class__ is float and value.is_integer() and abs(value) < 2**63:
        return int(value)
    return value if value.__class__ is not dict and value.__class__ is not list else as_is(value)


def _instant(value: Any) -> Any:
    """One form for one instant: RFC 3339 in UTC; what is no instant stays as it is."""
    if value.__class__ is not str or len(value) < 20 or value[10] not in "Tt ":
        return value
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        return value
    if moment.tzinfo is None:
        return value
    text = moment.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00").rstrip("0").rstrip(".") + "Z" if "." in text else text[:19] + "Z"
