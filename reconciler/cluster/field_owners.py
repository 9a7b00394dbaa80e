"""Whose a field is: conflicts as an API server tells them, the class of an owner, and handing owners over.

Source of the formats: Kubernetes documentation, "Server-Side Apply" (conflicts, managers, upgrading from
client-side apply), and what the contract suite sees of a real server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from reconciler.cluster.failures import Refused
from reconciler.cluster.trace import OWN_MANAGER
from reconciler.model.steps import FieldOwner, OwnerClass

_CONFLICT = "FieldManagerConflict"
_MANAGER = re.compile(r'conflict with ("(?:[^"\\]|\\.)*")')
_APPLIED_BEFORE = (
    "kubectl-client-side-apply",
    "kubectl-last-applied",
    "kubectl-create",
    "kubectl-replace",
    "before-first-apply",
)
"""Field managers of people and pipelines that put whole manifests into a cluster: what Git stated once, they
own still. Argo CD, Flux and Helm are not among them: they may be at work, and what they own is theirs."""
_LAST_APPLIED = ("f:metadata", "f:annotations", "f:kubectl.kubernetes.io/last-applied-configuration")


def owner_class(manager: str, people: Iterable[str]) -> OwnerClass:
    """Say what kind of writer a field manager is.

    Args:
        manager: its name.
        people: globs of the field managers that are people's tools, compared without case.
    """
    if manager == OWN_MANAGER:
        return OwnerClass.OURS
    name = manager.lower()
    if any(fnmatchcase(name, pattern.lower()) for pattern in people):
        return OwnerClass.PEOPLE
    return OwnerClass.CONTROLLER


def conflicts_in(error: Refused, people: Sequence[str]) -> tuple[FieldOwner, ...]:
    """Read the field conflicts out of a refused apply; none where it was refused for something else."""
    found = []
    for reason, message, field in error.causes:
        match = _MANAGER.match(message)
        if reason == _CONFLICT and match is not None:
            manager = _unquoted(match[1])
            found.append(FieldOwner(manager, field, owner_class(manager, people)))
    return tuple(found)


def may_take(owners: Iterable[FieldOwner]) -> bool:
    """Whether `force` would overrule nobody but people's tools and ourselves."""
    return all(one.owner is not OwnerClass.CONTROLLER for one in owners)


def earlier_appliers(managed_fields: object, tools: Iterable[str] = _APPLIED_BEFORE) -> tuple[str, ...]:
    """Name the field managers whose book-keeping has to be taken over before our first apply.

    Fields that another tool applied stay owned by it, so that leaving them out later would not remove them.
    `kubectl` counts only where it applied on the server's side; its updates are people's edits.
    """
    patterns = tuple(tools)
    found: dict[str, None] = {}
    for entry in _entries(managed_fields):
        manager = str(entry.get("manager", ""))
        applied = entry.get("operation") == "Apply" and manager == "kubectl"
        if manager != OWN_MANAGER and (applied or any(fnmatchcase(manager, one) for one in patterns)):
            found[manager] = None
    return tuple(found)


def handed_over(managed_fields: object, managers: Iterable[str]) -> list[dict[str, Any]] | None:
    """Give what some managers own to us, as if we had applied it.

    The annotation in which kubectl keeps a copy of the whole object stays nobody's: it is not part of any
    manifest.

    Args:
        managed_fields: the object's `metadata.managedFields`.
        managers: the field managers that are taken over; writes of subresources are left alone.

    Returns:
        the new managedFields, or None where nothing is to be handed over.
    """
    names = frozenset(managers)
    entries = managed_fields if isinstance(managed_fields, list) else []
    taken = [entry for entry in _entries(entries) if entry.get("manager") in names]
    if not taken:
        return None
    ours = [entry for entry in _entries(entries) if _is_ours(entry)]
    fields: Any = None
    for entry in (*ours, *taken):
        fields = _union(fields, entry.get("fieldsV1") or None)
    kept = [entry for entry in entries if entry not in taken and entry not in ours]
    first = (ours or taken)[0]
    made = {
        **first,
        "manager": OWN_MANAGER,
        "operation": "Apply",
        "fieldsV1": _without(fields, _LAST_APPLIED),
    }
    return [*kept, made]


def _is_ours(entry: dict[str, Any]) -> bool:
    return entry.get("manager") == OWN_MANAGER and entry.get("operation") == "Apply"


def _entries(managed_fields: object) -> list[dict[str, Any]]:
    """The entries that are about the object itself."""
    if not isinstance(managed_fields, list):
        return []
    return [entry for entry in managed_fields if isinstance(entry, dict) and not entry.get("subresource")]


def _union(left: Any, right: Any) -> dict[str, Any]:
    """Both field sets in one. An empty set stands for the field itself, beside others `.` says that."""
    sets = [one for one in (left, right) if isinstance(one, dict)]
    names = dict.fromkeys(name for one in sets for name in one)
    merged = {name: _union(*(one.get(name) for one in (left or {}, right or {}))) for name in names}
    if merged and any(not one for one in sets):
        merged.setdefault(".", {})
    return merged


def _without(fields: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """A field set without one path, and without the maps above it as such: an apply never owns those."""
    head, *rest = path
    if head not in fields:
        return fields
    made = {name: below for name, below in fields.items() if name not in (head, ".")}
    below = _without(fields[head], tuple(rest)) if rest else {}
    if below:
        made[head] = below
    return made


def _unquoted(text: str) -> str:
    try:
        name = json.loads(text)
    except ValueError:  # Go quotes more than JSON knows
        return text.strip('"')
    return str(name)
