"""Who wrote a leaf of a cluster object, and when: read from `metadata.managedFields`.

Field sets name fields (`f:`), elements of keyed lists (`k:`) and of sets (`v:`). Gravitee's CRDs leave
lists atomic, so the owner of a list owns everything in it.
Source: structured-merge-diff, `fieldpath` serialisation; Kubernetes documentation, "Server-Side Apply".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from reconciler.model.changes import Change, ChangeKind, KeyPath, KeyStep, Step

PEOPLE = (
    "kubectl*",
    "k9s*",
    "lens*",
    "openlens*",
    "freelens*",
    "headlamp*",
    "rancher*",
    "mozilla*",
    "node-fetch*",
    "oc",
    "oc-*",
)
"""Field managers of tools that people change clusters with by hand; compared without case."""

APPLIERS = (
    "kubectl",
    "kubectl-client-side-apply",
    "kubectl-last-applied",
    "kubectl-create",
    "argocd*",
    "kustomize-controller",
    "helm*",
    "flux*",
    "gko-tui",
)
"""Field managers that put whole manifests into a cluster, as pipelines do; never taken for a person's."""


@dataclass(frozen=True, slots=True)
class Author:
    """A field manager and when it last wrote (seconds since the epoch; None where it is not said)."""

    manager: str
    at: float | None


def is_person(manager: str | None, people: Iterable[str] = PEOPLE) -> bool:
    """Whether a field manager is a tool that a person changes things with by hand."""
    if not manager:
        return False
    name = manager.lower()
    if any(fnmatchcase(name, pattern) for pattern in APPLIERS):
        return False
    return any(fnmatchcase(name, pattern.lower()) for pattern in people)


def managers_of(managed_fields: object, path: KeyPath, body: dict[str, Any]) -> Author | None:
    """Find who owns a leaf, an element or a subtree: the newest of its owners.

    Args:
        managed_fields: the object's `metadata.managedFields`; anything of another shape counts as none.
        path: where; a list that is atomic answers for everything in it.
        body: the object, to find list elements by their key.

    Returns:
        the owner, or None where nobody owns the path (the server filled it in, or it is not there).
    """
    owners = [
        Author(str(entry.get("manager", "")), _seconds(entry.get("time")))
        for entry in _spec_entries(managed_fields)
        if _owns(entry.get("fieldsV1"), path, body)
    ]
    return max(owners, key=lambda owner: owner.at or 0.0, default=None)


def last_write(managed_fields: object) -> Author | None:
    """Find who wrote something of `spec` last (labels and annotations aside)."""
    owners = [
        Author(str(entry.get("manager", "")), _seconds(entry.get("time")))
        for entry in _spec_entries(managed_fields)
        if isinstance(entry.get("fieldsV1"), dict) and "f:spec" in entry["fieldsV1"]
    ]
    return max(owners, key=lambda owner: owner.at or 0.0, default=None)


def blame(changes: Sequence[Change], body: dict[str, Any]) -> list[Change]:
    """Give each change the manager and time of the right side's leaf.

    What the right side lacks has no owner and keeps none.

    Args:
        changes: differences whose right side is this object.
        body: the raw object, with its managedFields.
    """
    fields = _managed_fields(body)
    out: list[Change] = []
    for change in changes:
        author = None if change.kind is ChangeKind.REMOVED else managers_of(fields, change.path, body)
        out.append(change if author is None else replace(change, manager=author.manager, at=author.at))
    return out


def _managed_fields(body: dict[str, Any]) -> object:
    metadata = body.get("metadata")
    return metadata.get("managedFields") if isinstance(metadata, dict) else None


def _spec_entries(managed_fields: object) -> list[dict[str, Any]]:
    if not isinstance(managed_fields, list):
        return []
    return [entry for entry in managed_fields if isinstance(entry, dict) and not entry.get("subresource")]


def _owns(fields: object, path: KeyPath, body: Any) -> bool:
    node, value = fields, body
    for step in path:
        if not isinstance(node, dict):
            return False
        if not node:
            return True  # an atomic list or map: its owner owns what is in it
        found = _descend(node, step, value)
        if found is None:
            return False
        node, value = found
    return isinstance(node, dict)


def _descend(node: dict[str, Any], step: Step, value: Any) -> tuple[Any, Any] | None:
    """Follow one step in a field set and in the object beside it."""
    if not isinstance(step, (int, KeyStep)):
        name = f"f:{step}"
        below = value.get(step) if isinstance(value, dict) else None
        return (node[name], below) if name in node else None
    items = value if isinstance(value, list) else []
    for name, below in node.items():
        mark, wanted = name[:2], _parsed(name[2:])
        if mark == "k:" and isinstance(wanted, dict):
            if "/".join(_text(part) for part in wanted.values() if part != "") == step:
                return below, next((item for item in items if _has(item, wanted)), None)
        elif (mark == "v:" and _text(wanted) == step) or (mark == "i:" and wanted == step):
            return below, wanted
    return None


def _has(item: Any, wanted: dict[str, Any]) -> bool:
    return isinstance(item, dict) and all(item.get(key) == part for key, part in wanted.items())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _seconds(time: object) -> float | None:
    if not isinstance(time, str):
        return None
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None else None
