"""What a server-side apply over an existing object is refused for, though the document by itself is valid.

An API server that takes away the last entry of a map leaves null there, not an empty map, and then finds
that null is no map. Only document and object together, with its field owners, show it in advance.
Source: observed on kube-apiserver 1.3x by the oracle suite.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model.changes import KeyPath
from reconciler.rules.schema import Schema
from reconciler.rules.validating import TOP, Fault, faults_of, refuses_null, required_by


def faults_of_applying(
    body: dict[str, Any], live: dict[str, Any], schema: Schema, manager: str = "gko-tui"
) -> tuple[Fault, ...]:
    """Find what a server-side apply over an object that a cluster holds would be refused for.

    Args:
        body: the document as Git has it.
        live: the cluster's object, with its managedFields.
        schema: what the cluster serves for its kind.
        manager: the field manager that would apply.

    Returns:
        the faults of the document, and those that only the two together have: where an apply takes away
        all that is in a map, the server is left with null instead of an empty map, and refuses that.
    """
    emptied = _emptied(body, live, schema.openapi, _applied_fields(live, manager), ())
    return (*faults_of(body, schema), *emptied)


def _applied_fields(live: dict[str, Any], manager: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The fields that a manager has applied, and those of everybody else."""
    metadata = live.get("metadata")
    managed = metadata.get("managedFields") if isinstance(metadata, dict) else None
    own: dict[str, Any] = {}
    others: list[dict[str, Any]] = []
    for entry in managed if isinstance(managed, list) else ():
        fields = entry.get("fieldsV1") if isinstance(entry, dict) else None
        if not isinstance(fields, dict):
            continue
        if (
            entry.get("manager") == manager
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
        ):
            own = fields
        else:
            others.append(fields)
    return own, others


def _emptied(
    body: Any,
    live: Any,
    schema: dict[str, Any],
    owned: tuple[dict[str, Any], list[dict[str, Any]]],
    path: KeyPath,
) -> Iterator[Fault]:
    """What an apply would empty: all that is in it was applied by this manager, and Git has none of it."""
    if not isinstance(body, dict) or not isinstance(live, dict):
        return
    own, others = owned
    required = required_by(schema)
    for name, value in body.items():
        held, below, field = live.get(name), _below(schema, name), f"f:{name}"
        if (not path and name in TOP) or not held or type(held) is not type(value):
            continue
        mine = own.get(field)
        theirs = [fields[field] for fields in others if isinstance(fields.get(field), dict)]
        here = (*path, str(name))
        if isinstance(value, dict) and value:
            inner = (mine if isinstance(mine, dict) else {}, theirs)
            yield from _emptied(value, held, below, inner, here)
        elif value not in ({}, []) or not isinstance(mine, dict) or not _owns_all(held, mine, theirs):
            continue
        elif isinstance(value, dict) and refuses_null(below):
            what = "cannot be emptied by a server-side apply: the server would be left with null"
            yield Fault(here, what, apply_only=True)
        elif isinstance(value, list) and name in required:
            yield Fault(here, "cannot be emptied by a server-side apply: it is required", apply_only=True)


def _owns_all(held: Any, mine: dict[str, Any], theirs: list[dict[str, Any]]) -> bool:
    """Whether a manager owns every entry of a map or of a keyed list, and no other manager any."""
    entries = [name for name in mine if name != "."]
    if isinstance(held, dict) and not all(f"f:{name}" in mine for name in held):
        return False
    return len(entries) == len(held) and not any(name in fields for fields in theirs for name in entries)


def _below(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found = (schema.get("properties") or {}).get(name, schema.get("additionalProperties"))
    return found if isinstance(found, dict) else {}
