"""What an object's metadata tells of its last writer and of the tool that owns it.

Field managers: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.model.rows import ClusterTrace

OWN_MANAGER = "gko-tui"
OWN_ANNOTATION = "gko-tui.io/application"


def instant(text: object) -> float:
    """Read an RFC 3339 time as seconds since the epoch; 0.0 for anything else."""
    if not isinstance(text, str):
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def owner_of(metadata: Mapping[str, Any]) -> str:
    """Say which tool's tracking mark an object carries: `argocd`, `flux`, `helm`, `gko-tui` or nothing.

    Argo CD and Flux come first: what they render from a Helm chart carries Helm's label too.
    """
    labels = _mapping(metadata.get("labels"))
    annotations = _mapping(metadata.get("annotations"))
    if "argocd.argoproj.io/instance" in labels or "argocd.argoproj.io/tracking-id" in annotations:
        return "argocd"
    if "kustomize.toolkit.fluxcd.io/name" in labels or "helm.toolkit.fluxcd.io/name" in labels:
        return "flux"
    if labels.get("app.kubernetes.io/managed-by") == "Helm":
        return "helm"
    own = OWN_ANNOTATION in annotations or any(
        entry.get("manager") == OWN_MANAGER for entry in _entries(metadata)
    )
    return "gko-tui" if own else ""


def last_spec_write(metadata: Mapping[str, Any]) -> tuple[str, float]:
    """Find who last wrote something below `spec`, and when (seconds since the epoch).

    A manager's time moves whenever it changes any field it owns, so among several the newest is the best
    answer that the API server gives. Writes of the status subresource do not count.
    """
    manager, newest = "", -1.0
    for entry in _entries(metadata):
        if entry.get("subresource") == "status" or "f:spec" not in _mapping(entry.get("fieldsV1")):
            continue
        at = instant(entry.get("time"))
        if at > newest:
            manager, newest = str(entry.get("manager", "")), at
    return manager, max(newest, 0.0)


def trace_of(metadata: Mapping[str, Any]) -> ClusterTrace:
    """Summarise an object's metadata."""
    manager, changed_at = last_spec_write(metadata)
    generation = metadata.get("generation")
    return ClusterTrace(
        uid=str(metadata.get("uid", "")),
        resource_version=str(metadata.get("resourceVersion", "")),
        generation=generation if isinstance(generation, int) else 0,
        manager=sys.intern(manager),
        changed_at=changed_at,
        owner=owner_of(metadata),
        deleting_since=instant(metadata.get("deletionTimestamp")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = metadata.get("managedFields")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
