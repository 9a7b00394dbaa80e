"""A kind's schema as its cluster serves it, and what was compiled from it.

Compiling a schema takes milliseconds and a fleet has one schema per kind and version, so the compiled
plans stay with the schema object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from reconciler.rules.canonical import canonical

if TYPE_CHECKING:
    from reconciler.rules.defaults import Plan

_PROSE = frozenset({"description", "title", "example", "externalDocs"})
"""Says nothing of what a document means: a reworded description must not make a fleet look new."""


class Schema:
    """The openAPIV3Schema of one served version of a kind.

    Args:
        openapi: the schema as the CRD carries it; empty where the cluster shows none, then nothing is
            defaulted or pruned.
    """

    __slots__ = ("_plans", "digest", "openapi")

    def __init__(self, openapi: Mapping[str, Any]) -> None:
        self.openapi: dict[str, Any] = _without_prose(openapi)
        self.digest = hashlib.blake2b(canonical(self.openapi), digest_size=16).digest()
        """16 bytes that change when what the schema says changes; prose aside."""
        self._plans: dict[object, Plan] = {}

    def __bool__(self) -> bool:
        return bool(self.openapi)

    def __repr__(self) -> str:
        return f"Schema({self.digest.hex()[:8]}, {len(orjson.dumps(self.openapi))} bytes)"

    def plan(self, rules: object, build: Any) -> Plan:
        """The compiled form of this schema under some rules; `build` makes it the first time.

        Args:
            rules: what the plan depends on besides the schema; hashable.
            build: called without arguments when there is none yet.
        """
        found = self._plans.get(rules)
        if found is None:
            found = self._plans[rules] = build()
        return found


def _without_prose(node: Any) -> Any:
    """Copy a schema without its prose; inside `properties` those words are field names and stay."""
    if isinstance(node, list):
        return [_without_prose(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    kept: dict[str, Any] = {}
    for name, value in node.items():
        if name == "properties" and isinstance(value, Mapping):
            kept[name] = {field: _without_prose(schema) for field, schema in value.items()}
        elif name in ("default", "enum"):
            kept[name] = value
        elif name not in _PROSE:
            kept[name] = _without_prose(value)
    return kept
