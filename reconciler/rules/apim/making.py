"""What the builders of bodies share: the resource at hand, its lookups, and what they note on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.rules import identity as ids
from reconciler.rules.apim.identities import Identity, identity_in
from reconciler.rules.apim.references import (
    Missing,
    References,
    Resource,
    Target,
    Unreadable,
    Unresolved,
    elements,
    found,
    name_of,
    spec_of,
    target_of,
    text_at,
)
from reconciler.rules.apim.templates import resolve


@dataclass(slots=True)
class Making:
    """One body in the making.

    `spec` has its templates resolved. `problems` end the making, `warnings` do not.
    """

    resource: Resource
    spec: dict[str, Any]
    identity: Identity
    references: References
    problems: list[Missing]
    warnings: list[Missing] = field(default_factory=list)
    in_order: set[str] = field(default_factory=set)
    group_hrids: dict[str, str] = field(default_factory=dict)
    application_is_legacy: bool = False

    @property
    def namespace(self) -> str:
        """The resource's namespace: where references without one lead."""
        return name_of(self.resource)[0]

    def hrid(self) -> str:
        """What the body carries as `hrid`."""
        return self.identity.hrid

    def found(self, ref: object, kind: str, *, where: str) -> tuple[Target, Resource] | None:
        """The resource that a reference names, or None after noting why it cannot be had."""
        try:
            target = target_of(ref, kind, self.namespace, where=where)
            return target, found(self.references, target)
        except Unresolved as problem:
            self.problems.append(problem.problem)
            return None

    def api_hrid(self, ref: object, *, where: str) -> str:
        """The HRID of the API that a reference names, whether or not there is one."""
        try:
            target = target_of(ref, "ApiV4Definition", self.namespace, where=where)
        except Unresolved as problem:
            self.problems.append(problem.problem)
            return ""
        api = self.references.resource(target.kind, target.namespace, target.name)
        if isinstance(api, Mapping):
            return identity_in(api, self.identity.place).hrid
        return ids.hrid(target.namespace, target.name)

    def resolved_spec(self, target: Target, resource: Resource) -> dict[str, Any]:
        """The spec of a referred resource, with its templates resolved in its own namespace."""
        spec = resolve(spec_of(resource), target.namespace, self.references, self.problems)
        return spec if isinstance(spec, dict) else {}

    def group_names(self, refs: object, namespace: str, *, where: str) -> list[str]:
        """The names of the groups that `groupRefs` mean; a missing group is left out (DOMAIN §1)."""
        names: list[str] = []
        for at, ref in enumerate(elements(refs)):
            try:
                target = target_of(ref, "Group", namespace, where=f"{where}[{at}]")
            except Unresolved as problem:
                self.problems.append(problem.problem)
                continue
            group = self.references.resource("Group", target.namespace, target.name)
            if group is None:
                self.warnings.append(Missing("missing", str(target), "does not exist and is left out"))
            elif isinstance(group, Unreadable):
                what = f"is referred to but cannot be read: {group.reason}"
                self.problems.append(Missing("unreadable", str(target), what))
            else:
                name = text_at(self.resolved_spec(target, group), "name")
                names.append(name)
                self.group_hrids[name] = ids.hrid(target.namespace, target.name)
        return names


def with_namespace(ref: object, namespace: str) -> dict[str, Any]:
    """A reference with its namespace written out."""
    stated = dict(ref) if isinstance(ref, Mapping) else {}
    return {**stated, "namespace": stated.get("namespace") or namespace}


def sent_refs(refs: object) -> list[Any]:
    """References as GKO leaves them in a body: APIM ignores them."""
    return [dict(ref) if isinstance(ref, Mapping) else ref for ref in elements(refs)]


def ordered_items(mapping: object) -> tuple[list[tuple[str, dict[str, Any]]], bool]:
    """The entries of a map of plans or pages by `order`, then key; and whether all of them state an order.

    Entries without an order come after those with one.
    """
    entries = (
        [(str(key), dict(item)) for key, item in mapping.items() if isinstance(item, Mapping)]
        if isinstance(mapping, Mapping)
        else []
    )

    def place(entry: tuple[str, dict[str, Any]]) -> tuple[bool, int, str]:
        order = entry[1].get("order")
        known = isinstance(order, int) and not isinstance(order, bool)
        return not known, order if isinstance(order, int) and known else 0, entry[0]

    orders = [item.get("order") for _, item in entries]
    stated = len(orders) > 1 and None not in orders and len(set(map(str, orders))) == len(orders)
    return sorted(entries, key=place), stated
