"""What normalising hid or filled in, with the name of the rule: told by looking at before and after.

Found afterwards, so that the fast path carries no book-keeping. Asked for only when a person looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model.changes import Ignored, KeyPath, KeyStep
from reconciler.rules.canonical import same
from reconciler.rules.defaults import Plan, is_empty
from reconciler.rules.lists import NOTHING, RuleNode, element_keys

SERVER_FIELD = "server-field"
SCHEMA_DEFAULT = "schema-default"
NOT_IN_SCHEMA = "not-in-schema"
EMPTY_IS_ABSENT = "empty-is-absent"
NULL_IS_ABSENT = "null-is-absent"
ONE_FORMAT = "one-format"
NO_ORDER = "order-means-nothing"
SERVER_ANNOTATION = "server-annotation"
_NOT_COMPARED = ("status",)


def note_schema(
    body: dict[str, Any],
    fields: dict[str, Any],
    plan: Plan,
    openapi: dict[str, Any],
    skipped: frozenset[str],
    ignored: list[Ignored],
) -> None:
    """Note what schema and list rules did between a body and its normalised fields."""
    for name in _NOT_COMPARED:
        if name in body:
            ignored.append(Ignored((name,), SERVER_FIELD))
    before = {name: value for name, value in body.items() if name not in skipped}
    _walk(before, fields, plan.rules, openapi, (), ignored)


def note_rule(
    before: dict[str, Any],
    after: dict[str, Any],
    name: str,
    ignored: list[Ignored],
    rules: RuleNode = NOTHING,
) -> None:
    """Note every place that a named rule changed, as deep as its lists tell their elements apart."""
    ignored.extend(Ignored(path, name) for path in _changed(before, after, rules, ()))


def _changed(before: Any, after: Any, rules: RuleNode, path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys(), key=str):
            yield from _changed(before.get(key), after.get(key), rules.below(key), (*path, key))
    elif same(before, after):
        return
    elif isinstance(before, list) and isinstance(after, list):
        yield from _changed_in_list(before, after, rules, path)
    else:
        yield path


def _changed_in_list(
    before: list[Any], after: list[Any], rules: RuleNode, path: KeyPath
) -> Iterator[KeyPath]:
    each, rule = rules.below(0), rules.listed
    names_before, names_after = element_keys(before, rule), element_keys(after, rule)
    if names_before is None or names_after is None:
        if len(before) != len(after):
            yield path
            return
        for at, (left, right) in enumerate(zip(before, after, strict=True)):
            yield from _changed(left, right, each, (*path, at))
        return
    left_by, right_by = (
        dict(zip(names_before, before, strict=True)),
        dict(zip(names_after, after, strict=True)),
    )
    for at, name in enumerate(dict.fromkeys((*names_before, *names_after))):
        step = at if rule is not None and rule.hidden else KeyStep(name)
        yield from _changed(left_by.get(name), right_by.get(name), each, (*path, step))


def note_metadata(
    metadata: object, kept: dict[str, Any], server_annotations: frozenset[str], ignored: list[Ignored]
) -> None:
    """Note the parts of metadata that are not compared."""
    if not isinstance(metadata, dict):
        return
    for name in sorted(metadata.keys() - {"labels", "annotations", "name", "namespace"}, key=str):
        ignored.append(Ignored(("metadata", str(name)), SERVER_FIELD))
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        for name in sorted(annotations.keys() & server_annotations):
            if name not in kept.get("annotations", {}):
                ignored.append(Ignored(("metadata", "annotations", name), SERVER_ANNOTATION))


def _walk(
    before: Any, after: Any, rules: RuleNode, schema: Any, path: KeyPath, ignored: list[Ignored]
) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        _walk_object(before, after, rules, schema, path, ignored)
    elif isinstance(before, list) and isinstance(after, list):
        _walk_list(before, after, rules, schema, path, ignored)
    elif not same(before, after):
        ignored.append(Ignored(path, SCHEMA_DEFAULT if before is None else ONE_FORMAT))


def _walk_object(
    before: dict[str, Any],
    after: dict[str, Any],
    rules: RuleNode,
    schema: Any,
    path: KeyPath,
    ignored: list[Ignored],
) -> None:
    for name, value in before.items():
        here = (*path, name)
        if name in after:
            _walk(value, after[name], rules.below(name), _schema_below(schema, name), here, ignored)
        elif rules.below(name).drop_empty and is_empty(value):
            ignored.append(Ignored(here, EMPTY_IS_ABSENT))
        elif value is None and _schema_below(schema, name) is not None:
            ignored.append(Ignored(here, NULL_IS_ABSENT))
        elif rules.below(name).drop_empty and _schema_below(schema, name) is not None:
            ignored.append(Ignored(here, EMPTY_IS_ABSENT))
        else:
            ignored.append(Ignored(here, NOT_IN_SCHEMA))
    ignored.extend(Ignored((*path, name), SCHEMA_DEFAULT) for name in after if name not in before)


def _walk_list(
    before: list[Any],
    after: list[Any],
    rules: RuleNode,
    schema: Any,
    path: KeyPath,
    ignored: list[Ignored],
) -> None:
    each = rules.each or RuleNode()
    item_schema = schema.get("items") if isinstance(schema, dict) else None
    rule = rules.listed
    names_before, names_after = element_keys(before, rule), element_keys(after, rule)
    if names_before is None or names_after is None or set(names_before) != set(names_after):
        if rule is not None and not rule.ordered:
            if not same(before, after):
                ignored.append(Ignored(path, NO_ORDER))
            return
        for at, (left, right) in enumerate(zip(before, after, strict=False)):
            _walk(left, right, each, item_schema, (*path, at), ignored)
        return
    if names_before != names_after:
        ignored.append(Ignored(path, NO_ORDER))
    by_name = dict(zip(names_after, after, strict=True))
    for at, (name, item) in enumerate(zip(names_before, before, strict=True)):
        step = at if rule is not None and rule.hidden else KeyStep(name)
        _walk(item, by_name[name], each, item_schema, (*path, step), ignored)


def _schema_below(schema: Any, name: str) -> Any:
    if not isinstance(schema, dict):
        return None
    found = (schema.get("properties") or {}).get(name)
    if found is not None:
        return found
    additional = schema.get("additionalProperties")
    return additional if isinstance(additional, dict) else None
