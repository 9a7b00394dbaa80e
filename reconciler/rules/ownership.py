"""Whose a label or an annotation is: ours, so that one which Git does not state counts as drift, or a tool's.

Clusters add labels and annotations all the time: tracking marks of GitOps tools, book-keeping of kubectl,
GKO and controllers. Those do not count, each by a named rule. What people's tools wrote, what a pipeline
applied, and what nobody known wrote, counts (ENGINE §4.8).
Source: the tools' own documentation of their tracking marks; DOMAIN §2.1 for GKO's annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

Named = tuple[str, str]
"""`labels` or `annotations`, and the name."""

_GROUPS = (("labels", "f:labels"), ("annotations", "f:annotations"))
CONTROLLER = "written-by-a-controller"
_BY_NAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("gravitee-mark", ("gravitee.io/*",)),
    ("gko-tui-mark", ("gko-tui.io/*", "gko-tui/*")),
    ("argocd-mark", ("argocd.argoproj.io/*", "*.argocd.argoproj.io/*")),
    ("flux-mark", ("*.toolkit.fluxcd.io/*", "fluxcd.io/*")),
    ("helm-mark", ("helm.sh/*", "meta.helm.sh/*")),
    ("kustomize-mark", ("config.kubernetes.io/*", "internal.config.kubernetes.io/*", "config.k8s.io/*")),
    ("kpt-mark", ("config.kpt.dev/*", "internal.kpt.dev/*")),
    ("rancher-mark", ("*.cattle.io/*", "cattle.io/*")),
)
_RECOMMENDED = "app.kubernetes.io/"
_OF_KUBERNETES = ("*kubernetes.io/*", "*k8s.io/*")
_TRACKERS = {
    "app.kubernetes.io/managed-by": ("helm", "kustomize", "argocd", "flux", "gko-tui"),
}
_INSTANCE = "app.kubernetes.io/instance"
_TRACKING_MANAGERS = ("argocd*", "helm*", "kustomize-controller", "flux*")
_CONTROLLERS = (
    "manager",  # GKO, by the name of its binary
    "gko*",
    "gravitee*",
    "kube-controller-manager",
    "kube-apiserver",
    "*-controller",
    "*-controller-manager",
    "*-operator",
    "*-webhook",
    "kyverno*",
    "gatekeeper*",
    "cert-manager*",
    "external-secrets*",
    "velero*",
)
"""Field managers of programs that mark objects for themselves."""
_APPLY = ("argocd*", "kustomize-controller", "helm*", "flux*")
"""Controllers by name that apply what Git states; what they left behind counts."""


@lru_cache(maxsize=8_192)
def tool_of(name: str, value: str) -> str | None:
    """The rule of a mark that its name gives away as a tool's, or None."""
    trackers = _TRACKERS.get(name)
    if trackers is not None:
        return "tracking-mark" if value.lower() in trackers else None
    if name.startswith(_RECOMMENDED):
        return None
    for rule, patterns in _BY_NAME:
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            return rule
    return "kubernetes-mark" if any(fnmatchcase(name, pattern) for pattern in _OF_KUBERNETES) else None


@lru_cache(maxsize=4_096)
def is_controller(manager: str) -> bool:
    """Whether a field manager is a program that marks objects for itself, and applies nothing."""
    name = manager.lower()
    if any(fnmatchcase(name, pattern) for pattern in _APPLY):
        return False
    return any(fnmatchcase(name, pattern) for pattern in _CONTROLLERS)


@lru_cache(maxsize=1_024)
def _tracks(manager: str) -> bool:
    return any(fnmatchcase(manager.lower(), pattern) for pattern in _TRACKING_MANAGERS)


def not_ours(metadata: Mapping[str, Any]) -> dict[Named, str]:
    """Find the labels and annotations of a cluster's object that are a tool's own.

    Args:
        metadata: the object's metadata as a cluster gives it; what a file states is all somebody's will, so
            metadata without uid and managedFields has none.

    Returns:
        the rule's name by group and name; they count only where the other side states them.
    """
    if "uid" not in metadata and "managedFields" not in metadata:
        return {}
    found: dict[Named, str] = {}
    managed: list[tuple[str, dict[str, Any]]] | None = None
    for group, fields in _GROUPS:
        marks = metadata.get(group)
        if marks.__class__ is not dict:
            continue
        for name, value in marks.items():
            rule = tool_of(name, value) if value.__class__ is str and name.__class__ is str else None
            if rule is None:
                if managed is None:
                    managed = _owned(metadata.get("managedFields"))
                rule = _rule_of_owners(managed, fields, name)
            if rule is not None:
                found[group, name] = rule
    return found


def _rule_of_owners(owned: list[tuple[str, dict[str, Any]]], fields: str, name: Any) -> str | None:
    """Every owner must be a controller, or a tracker of the label that trackers use."""
    field = f"f:{name}"
    seen = False
    tracked, controlled = name == _INSTANCE, True
    for manager, entries in owned:
        below = entries.get(fields)
        if below.__class__ is dict and field in below:
            seen = True
            tracked = tracked and _tracks(manager)
            controlled = controlled and is_controller(manager)
            if not controlled and not tracked:
                return None
    if not seen:
        return None
    return "tracking-mark" if tracked else CONTROLLER


def _owned(managed_fields: object) -> list[tuple[str, dict[str, Any]]]:
    """Managers and what each owns of metadata."""
    found = []
    for entry in managed_fields if isinstance(managed_fields, list) else ():
        fields = entry.get("fieldsV1") if entry.__class__ is dict else None
        owned = fields.get("f:metadata") if fields.__class__ is dict else None
        if owned.__class__ is dict:
            found.append((str(entry.get("manager", "")), owned))
    return found
