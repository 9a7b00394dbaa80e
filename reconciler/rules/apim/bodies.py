"""The body that would be sent to APIM for a custom resource: what GKO sends, made without GKO.

References are inlined, templates resolved, plans and pages listed in a stable order (GKO sends them in the
random order of a Go map, DOMAIN §2.5). What GKO leaves in its bodies and APIM ignores (`contextRef`,
`groupRefs`…) is left in too, so that both send the same; the comparison drops it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.rules.apim.body_apis import api_v4_body
from reconciler.rules.apim.body_apis_v2 import api_v2_body
from reconciler.rules.apim.body_others import (
    application_body,
    dictionary_body,
    documentation_body,
    group_body,
    listing_body,
    policy_group_body,
    portal_body,
    subscription_body,
)
from reconciler.rules.apim.identities import Identity, identity_of
from reconciler.rules.apim.making import Making
from reconciler.rules.apim.references import (
    Missing,
    Problems,
    References,
    Resource,
    Unresolved,
    name_of,
    spec_of,
    text_at,
)
from reconciler.rules.apim.templates import resolve

_BUILDERS: dict[str, Callable[[Making], dict[str, Any]]] = {
    "ApiV4Definition": api_v4_body,
    "ApiDefinition": api_v2_body,
    "Application": application_body,
    "Subscription": subscription_body,
    "SharedPolicyGroup": policy_group_body,
    "Group": group_body,
    "Dictionary": dictionary_body,
    "Portal": portal_body,
    "PortalListing": listing_body,
    "PortalLink": listing_body,
    "Documentation": documentation_body,
}

_COLLECTIONS = {
    "ApiV4Definition": "apis",
    "ApiDefinition": "apis/import-crd",
    "Application": "applications",
    "SharedPolicyGroup": "shared-policy-groups",
    "Group": "groups",
    "Dictionary": "dictionaries",
    "Portal": "portals",
    "Subscription": "subscriptions",
    "PortalListing": "listings",
    "PortalLink": "links",
    "Documentation": "documentations",
}


@dataclass(frozen=True, slots=True)
class Body:
    """What would be sent, and where.

    Text from templates is a `FromTemplate` in `content`: it must never be shown. `collection` is the path
    below the environment that a PUT goes to, `uuids` the query parameters that say which HRIDs are UUIDs;
    `management_v1` is true for API definitions of version 2, which the Automation API does not know.
    `in_order` names those of `plans` and `pages` whose order the manifest states. `group_hrids` tells what
    APIM turns the names of referred groups into. `warnings` are references that were left out (groups).
    """

    identity: Identity
    content: dict[str, Any] = field(repr=False)
    collection: str
    uuids: tuple[tuple[str, str], ...] = ()
    management_v1: bool = False
    in_order: frozenset[str] = frozenset()
    group_hrids: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Missing, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of the resource that this is the body of."""
        return self.identity.kind


def body_for(resource: Resource, lookup: References) -> Body | Problems:
    """Make the body that would be sent to APIM for a custom resource.

    Args:
        resource: the object as its cluster holds it (with the schema's defaults and its status); of one of
            the kinds in `identities.SENT_KINDS`.
        lookup: what it refers to.

    Returns:
        the body, or everything that stands in its way.
    """
    kind = text_at(resource, "kind")
    namespace, name = name_of(resource)
    if kind not in _BUILDERS:
        return Problems((Missing("invalid", f"{kind}/{namespace}/{name}", "has no body of its own in APIM"),))
    problems: list[Missing] = []
    spec = resolve(spec_of(resource), namespace, lookup, problems)
    try:
        identity = identity_of(resource, lookup)
    except Unresolved as problem:
        return Problems((*problems, problem.problem))
    making = Making(resource, spec, identity, lookup, problems)
    try:
        content = _BUILDERS[kind](making)
    except Unresolved as problem:
        problems.append(problem.problem)
    if problems:
        return Problems(dict.fromkeys(problems))
    return Body(
        identity,
        content,
        _collection(identity),
        _uuids(identity, making),
        kind == "ApiDefinition",
        frozenset(making.in_order),
        dict(making.group_hrids),
        tuple(making.warnings),
    )


def _collection(identity: Identity) -> str:
    own = _COLLECTIONS[identity.kind]
    if identity.parent is None:
        return own
    above = "portals" if identity.parent.kind == "Portal" else "apis"
    return f"{above}/{identity.parent.hrid}/{own}"


def _uuids(identity: Identity, making: Making) -> tuple[tuple[str, str], ...]:
    def told(yes: bool) -> str:
        return "true" if yes else "false"

    if identity.kind == "Subscription":
        parent = identity.parent
        return (
            ("hridContainsApiUUID", told(parent is not None and parent.legacy)),
            ("hridContainsAppUUID", told(making.application_is_legacy)),
            ("hridContainsUUID", told(identity.legacy)),
        )
    return (("hridContainsUUID", "true"),) if identity.legacy and identity.kind != "ApiDefinition" else ()
