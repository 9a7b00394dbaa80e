"""Which change is cured by applying Git's text, which needs a leaf taken away, and whose fields that touches.

Server-side apply neither sees nor removes what Git does not state (ENGINE §4.8). So each change is looked
up in the raw documents: what Git states is applied, what only the cluster has is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.cluster.field_owners import owner_class
from reconciler.cluster.json_pointers import value_at
from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyPath, KeyStep, Origin, path_text
from reconciler.model.steps import FieldOwner, OwnerClass
from reconciler.rules.schema import Schema

_OPERATORS = frozenset({"manager", "gko", "gko-controller-manager"})
"""Field managers of GKO (by its binary's name), which writes specs back in its own words (DOMAIN §10.4)."""


@dataclass(frozen=True, slots=True)
class Cure:
    """How some changes are undone.

    Attributes:
        applied: changes that an apply cures.
        removed: changes that need leaves taken away.
        removes: the paths of those leaves in the cluster's object, none inside another.
        lost: changes that cannot be found in the cluster's object as it was read.
    """

    applied: tuple[Change, ...]
    removed: tuple[Change, ...]
    removes: tuple[KeyPath, ...]
    lost: tuple[Change, ...] = ()


def cure(
    changes: Iterable[Change],
    wanted: Mapping[str, Any],
    found: Mapping[str, Any],
    schema: Schema,
    migrated: Iterable[str] = (),
) -> Cure:
    """Sort changes by what undoes them.

    Args:
        changes: how the cluster differs from Git.
        wanted, found: both documents as they were read.
        schema: the kind's, for lists whose elements have owners of their own.
        migrated: field managers whose book-keeping is taken over first: an apply then removes their leaves.
    """
    applied: list[Change] = []
    removed: list[Change] = []
    lost: list[Change] = []
    paths: dict[KeyPath, None] = {}
    ours_soon = frozenset(migrated)
    for change in changes:
        path = _only_there(change, wanted, found, schema)
        if path is None:
            applied.append(change)
        elif value_at(found, path) is ABSENT:
            lost.append(change)
        elif change.manager in ours_soon and change.kind is ChangeKind.ADDED:
            applied.append(change)
        else:
            removed.append(change)
            paths[path] = None
    return Cure(tuple(applied), tuple(removed), _outermost(paths), tuple(lost))


def owners_touched(
    changes: Iterable[Change], people: Iterable[str], migrated: Iterable[str] = ()
) -> tuple[FieldOwner, ...]:
    """Name the fields of others that undoing some changes overrules.

    What the operator wrote in other words and nobody changed since (the change is Git's) is no field of its
    own: it would write the same again.
    """
    globs, ours_soon = tuple(people), frozenset(migrated)
    found: dict[FieldOwner, None] = {}
    for change in changes:
        if not change.manager or change.manager in ours_soon:
            continue
        owner = owner_class(change.manager, globs)
        if owner is OwnerClass.OURS:
            continue
        if change.origin is Origin.LEFT and change.manager in _OPERATORS:
            owner = OwnerClass.OURS
        found[FieldOwner(change.manager, path_text(change.path), owner)] = None
    return tuple(found)


def _only_there(
    change: Change, wanted: Mapping[str, Any], found: Mapping[str, Any], schema: Schema
) -> KeyPath | None:
    """The path of what only the cluster states, or None where Git's text decides."""
    if change.kind in (ChangeKind.REMOVED, ChangeKind.MOVED):
        return None
    fields = _field_prefix(change.path)
    stated = value_at(wanted, fields)
    if stated is ABSENT or stated is None:
        return fields
    if len(fields) == len(change.path) or change.kind is ChangeKind.CHANGED:
        return None
    node = _schema_at(schema.openapi, fields)
    if node.get("x-kubernetes-list-type") not in ("map", "set") or len(change.path) != len(fields) + 1:
        return None  # an atomic list is replaced whole by whoever applies it
    at = _position(value_at(found, fields), change.path[-1], node.get("x-kubernetes-list-map-keys"))
    return None if at is None else (*fields, at)


def _field_prefix(path: KeyPath) -> KeyPath:
    """The beginning of a path up to the first list element."""
    for at, step in enumerate(path):
        if isinstance(step, (int, KeyStep)):
            return path[:at]
    return path


def _position(items: Any, step: object, keys: Any) -> int | None:
    """Where the element that a step names stands in a list."""
    for at, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and isinstance(keys, list):
            if "/".join(str(item[key]) for key in keys if item.get(key) not in (None, "")) == str(step):
                return at
        elif str(item) == str(step):
            return at
    return None


def _schema_at(openapi: Mapping[str, Any], path: KeyPath) -> Mapping[str, Any]:
    node: Any = openapi
    for step in path:
        properties = node.get("properties") if isinstance(node, dict) else None
        below = properties.get(step) if isinstance(properties, dict) else None
        node = below if below is not None else node.get("additionalProperties")
        if not isinstance(node, dict):
            return {}
    return node if isinstance(node, dict) else {}


def _outermost(paths: Iterable[KeyPath]) -> tuple[KeyPath, ...]:
    """Paths without those inside another."""
    kept: list[KeyPath] = []
    for path in sorted(paths, key=len):
        if not any(path[: len(outer)] == outer for outer in kept):
            kept.append(path)
    return tuple(sorted(kept, key=path_text))
