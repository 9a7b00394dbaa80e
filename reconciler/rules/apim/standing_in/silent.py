"""Resources that send nothing themselves: contexts, notifications, plugin resources, templates of Ingresses.

They are looked through all the same, because their conditions say whether those that use them can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.rules.apim.references import (
    Missing,
    Problems,
    References,
    Resource,
    Unreadable,
    Unresolved,
    elements,
    name_of,
    spec_of,
    target_of,
    text_at,
)
from reconciler.rules.apim.standing_in.marks import is_ingress_template, secret_of_context, template_sources
from reconciler.rules.apim.standing_in.told import Told, failed, kept_here, unresolved
from reconciler.rules.apim.templates import resolve

SILENT_KINDS = frozenset({"ManagementContext", "Notification", "ApiResource"})
"""Kinds that never send anything."""


def sends_nothing(obj: Resource) -> bool:
    """Whether a resource is complete without APIM: by its kind, or as a template of Ingresses."""
    return text_at(obj, "kind") in SILENT_KINDS or is_ingress_template(obj)


def looked_through(obj: Resource, lookup: References) -> Told:
    """What comes of an attempt on a resource that sends nothing.

    Args:
        obj: one that `sends_nothing` is true of. What comes of a ManagementContext is what comes of everybody
            who sends through it: its failure is theirs.
        lookup: what it refers to.
    """
    kind, (namespace, _) = text_at(obj, "kind"), name_of(obj)
    if is_ingress_template(obj):
        return kept_here()
    problems: list[Missing] = []
    spec = resolve(spec_of(obj), namespace, lookup, problems)
    if kind == "ManagementContext" and (secret := secret_of_context(obj)) is not None:
        held = lookup.secret(secret.namespace, secret.name)
        if held is None:
            problems.append(Missing("missing", str(secret), "is referred to but does not exist"))
        elif isinstance(held, Unreadable):
            why = f"is referred to but cannot be read: {held.reason}"
            problems.append(Missing("unreadable", str(secret), why))
    if problems:
        sources = {str(source) for source in template_sources(obj)}
        return failed(unresolved(Problems(dict.fromkeys(problems)), kind, sources))
    return kept_here(
        missing_groups=_missing_groups(spec, namespace, lookup) if kind == "Notification" else ()
    )


def _missing_groups(spec: Mapping[str, Any], namespace: str, lookup: References) -> list[str]:
    console = spec.get("console")
    missing = []
    for at, ref in enumerate(elements(console.get("groupRefs") if isinstance(console, Mapping) else None)):
        try:
            target = target_of(ref, "Group", namespace, where=f"spec.console.groupRefs[{at}]")
        except Unresolved:
            continue  # it names nothing, and the schema refuses it
        if lookup.resource("Group", target.namespace, target.name) is None:
            missing.append(f"{target.namespace}/{target.name}")
    return missing
