"""The names of disagreements: which rule explains that we call a thing otherwise than the server does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model.changes import Change, ChangeKind, Ignored, KeyPath, KeyStep
from reconciler.rules.schema import Schema
from tests.oracle.ours import is_stated
from tests.oracle.server import Said

ADDITIONS_COUNT = "additions-count"
"""What only the cluster has is drift for us, and nothing to an apply."""
SERVER_ONLY = "rule-that-only-the-server-evaluates"
"""A rule in CEL (`x-kubernetes-validations`): we do not evaluate those."""


def server_only(said: Said, schema: Schema) -> bool:
    """Whether the server refused for a rule in CEL, by the sentence that the schema gives it."""
    return any(message in said.sentence for message in _messages(schema.openapi))


def _messages(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for rule in node.get("x-kubernetes-validations") or ():
            yield str(rule.get("message") or rule.get("rule"))
        for value in node.values():
            yield from _messages(value)
    elif isinstance(node, list):
        for item in node:
            yield from _messages(item)


def names_of_hidden(bare: list[Change], ignored: list[Ignored]) -> set[str]:
    """The rules that hid every one of the changes that the server sees; empty where one has no name."""
    names: set[str] = set()
    for change in bare:
        here = _fields(change.path)
        found = {entry.rule for entry in ignored if _related(_fields(entry.path), here)} - _BARE_RULES
        if not found:
            return set()
        names |= found
    return names


def names_of_unstated(changes: list[Change], git: dict[str, Any], schema: Schema) -> set[str]:
    """The name of what only we see: additions, and other values where Git leaves a field to its default."""
    unstated = all(c.kind is ChangeKind.ADDED or not is_stated(c, git, schema) for c in changes)
    return {ADDITIONS_COUNT} if changes and unstated else set()


_BARE_RULES = frozenset({"server-field", "schema-default", "not-in-schema", "server-annotation"})
"""What is on in both comparisons explains no disagreement."""


def _fields(path: KeyPath) -> tuple[str, ...]:
    return tuple("*" if isinstance(step, (int, KeyStep)) else step for step in path)


def _related(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]
