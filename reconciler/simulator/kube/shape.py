"""A kind's schema, compiled once: what a value may be, which fields it has, how its lists and maps merge.

The source is a structural OpenAPI v3 schema as a CustomResourceDefinition carries it. The built-in kinds
use the same form (see `builtin`), so that one pruner, one validator and one owner of fields serve all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLAIN = {"string": str, "boolean": bool}
_NO_RULES = frozenset({"type", "description", "title", "default", "example", "nullable"})
_NO_FIELDS: Mapping[str, Shape] = {}


class Shape:
    """One node of a schema.

    Attributes:
        type: the JSON type, empty where any is allowed.
        fields: the shapes of the named fields of an object.
        element: the shape of list items or of the values of a map; None where there is none.
        keeps_unknown: fields that the schema does not name are kept.
        list_type: `atomic`, `set` or `map`; `keys` are a map list's.
        atomic_map: the whole object has one owner.
        has_defaults: a default is set here or further down.
        plain: the Python type that every value of this Python type satisfies the schema by, or None.
        rules: the schema as written, for the rules that the validator reads.
    """

    __slots__ = (
        "all_of", "any_of", "atomic_map", "default", "element", "embedded", "enum", "fields", "format",
        "has_default", "has_defaults", "int_or_string", "keeps_unknown", "keys", "list_type", "not_",
        "nullable", "one_of", "pattern", "plain", "required", "rules", "type",
    )  # fmt: skip

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.rules = schema
        self.type: str = schema.get("type", "")
        self.int_or_string = bool(schema.get("x-kubernetes-int-or-string"))
        self.nullable = bool(schema.get("nullable"))
        self.format: str = schema.get("format", "")
        self.required: tuple[str, ...] = tuple(schema.get("required") or ())
        self.enum: list[Any] | None = schema.get("enum")
        pattern = schema.get("pattern")
        self.pattern = re.compile(_python_pattern(pattern)) if pattern else None
        self.has_default = "default" in schema
        self.default = schema.get("default")
        properties = schema.get("properties") or {}
        self.fields: Mapping[str, Shape] = (
            {name: Shape(field) for name, field in properties.items()} if properties else _NO_FIELDS
        )
        self.embedded = bool(schema.get("x-kubernetes-embedded-resource"))
        additional = schema.get("additionalProperties")
        items = schema.get("items")
        self.element: Shape | None = None
        if isinstance(additional, Mapping):
            self.element = Shape(additional)
        elif isinstance(items, Mapping):
            self.element = Shape(items)
        self.keeps_unknown = bool(schema.get("x-kubernetes-preserve-unknown-fields")) or additional is True
        self.list_type: str = schema.get("x-kubernetes-list-type", "atomic")
        self.keys: tuple[str, ...] = tuple(sorted(schema.get("x-kubernetes-list-map-keys") or ()))
        self.atomic_map = schema.get("x-kubernetes-map-type") == "atomic"
        self.all_of = [Shape(each) for each in schema.get("allOf") or ()]
        self.any_of = [Shape(each) for each in schema.get("anyOf") or ()]
        self.one_of = [Shape(each) for each in schema.get("oneOf") or ()]
        self.not_ = Shape(schema["not"]) if isinstance(schema.get("not"), Mapping) else None
        below = [*self.fields.values(), *([self.element] if self.element else [])]
        self.has_defaults: bool = any(shape.has_default or shape.has_defaults for shape in below)

        self.plain = _PLAIN.get(self.type) if _NO_RULES.issuperset(schema) else None

    @property
    def accepts_any_field(self) -> bool:
        """Whether owners are tracked for fields the schema does not name: free-form, or a map."""
        return self.keeps_unknown or not self.fields

    def field(self, name: str) -> Shape | None:
        """Return the shape of a field or of a map's value; None where the schema says nothing of it."""
        return self.fields.get(name) or self.element


def _python_pattern(pattern: str) -> str:
    """Return a Go (RE2) pattern as Python reads it; `\\z` and `$` are ends of text there."""
    return re.sub(r"(?<!\\)\$(?=$|\))", r"\\Z", pattern).replace(r"\z", r"\Z")


DEDUCED = Shape({"x-kubernetes-preserve-unknown-fields": True})
"""The shape of what no schema describes: maps are tracked by key, lists as a whole."""


def cel_rules(schema: Mapping[str, Any], path: str = "") -> list[str]:
    """List where a schema has validation rules in CEL, which this server does not evaluate."""
    found = [path or "."] if schema.get("x-kubernetes-validations") else []
    for name, field in (schema.get("properties") or {}).items():
        found += cel_rules(field, f"{path}.{name}")
    for part, mark in (("additionalProperties", "[*]"), ("items", "[]")):
        if isinstance(schema.get(part), Mapping):
            found += cel_rules(schema[part], path + mark)
    return found
