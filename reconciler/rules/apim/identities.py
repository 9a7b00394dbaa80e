"""Which object in which environment a custom resource means, computed offline (DOMAIN §2.4).

An object is known by its HRID, unless GKO made it before the Automation API or its manifest was exported with
an id: then its UUID stands in the HRID's place (`hridContainsUUID=true`) for as long as it lives, because
sending the HRID would make a duplicate (DOMAIN §10.12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.rules import identity
from reconciler.rules.apim.references import (
    Missing,
    References,
    Resource,
    Unresolved,
    elements,
    found,
    name_of,
    spec_of,
    status_of,
    target_of,
    text_at,
)

OF_ENVIRONMENT = frozenset(
    {"ApiV4Definition", "ApiDefinition", "Application", "SharedPolicyGroup", "Group", "Dictionary", "Portal"}
)
"""Kinds that name their ManagementContext themselves and live right below an environment."""

PARENTS = {
    "Subscription": ("api", "ApiV4Definition"),
    "PortalListing": ("portalRef", "Portal"),
    "PortalLink": ("portalRef", "Portal"),
}
"""Kinds that live below another object: the field that names it and its default kind."""

WITH_UUIDS = frozenset({"ApiV4Definition", "Application", "SharedPolicyGroup", "Group", "Subscription"})
"""Kinds whose calls know `hridContainsUUID` (DOMAIN §4.2)."""

SENT_KINDS = OF_ENVIRONMENT | PARENTS.keys() | {"Documentation"}
"""Kinds that have an object of their own in APIM."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a ManagementContext points: `server` as the context states it, without a trailing slash."""

    server: str
    organization: str
    environment: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The object that another one lives below: `kind` ApiV4Definition, ApiDefinition or Portal."""

    kind: str
    hrid: str
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """One object of one environment.

    `hrid` is what goes into paths and bodies: the HRID, or for a legacy object its UUID. `id` is the id in
    the environment, `cross_id` the one in all environments; both are empty where they cannot be known.
    """

    kind: str
    place: Environment
    hrid: str
    id: str
    cross_id: str = ""
    legacy: bool = False
    parent: Parent | None = None


def environment_of(resource: Resource, references: References) -> Environment:
    """The environment that a resource is sent to, by its own contextRef or by its parent's.

    Raises:
        Unresolved: the context or the parent is missing, or states no organisation or environment.
    """
    kind = text_at(resource, "kind")
    namespace, name = name_of(resource)
    if kind in PARENTS or kind == "Documentation":
        return environment_of(parent_resource(resource, references), references)
    spec = spec_of(resource)
    if not isinstance(spec.get("contextRef"), Mapping):
        raise Unresolved(Missing("no-context", f"{kind}/{namespace}/{name}", "names no ManagementContext"))
    target = target_of(spec["contextRef"], "ManagementContext", namespace, where="spec.contextRef")
    context = spec_of(found(references, target))
    place = Environment(
        text_at(context, "baseUrl").rstrip("/"),
        text_at(context, "organizationId"),
        text_at(context, "environmentId"),
    )
    if not place.organization or not place.environment:
        raise Unresolved(Missing("not-ready", str(target), "states no organisation or no environment yet"))
    return place


def parent_resource(resource: Resource, references: References) -> Resource:
    """The API or portal that a resource lives below.

    Raises:
        Unresolved: it is not named, or missing.
    """
    kind = text_at(resource, "kind")
    spec = spec_of(resource)
    if kind == "Documentation":
        field, parent_kind = ("apiRef", "ApiV4Definition") if spec.get("apiRef") else ("portalRef", "Portal")
    else:
        field, parent_kind = PARENTS[kind]
    namespace, _ = name_of(resource)
    target = target_of(spec.get(field), parent_kind, namespace, where=f"spec.{field}")
    return found(references, target)


def identity_of(resource: Resource, references: References) -> Identity:
    """Which object a resource means.

    Raises:
        Unresolved: its context or parent cannot be told.
    """
    kind = text_at(resource, "kind")
    place = environment_of(resource, references)
    if kind in OF_ENVIRONMENT:
        return identity_in(resource, place)
    parent_object = parent_resource(resource, references)
    over = identity_in(parent_object, place)
    parent = Parent(over.kind, over.hrid, over.legacy)
    own = identity.hrid(*name_of(resource))
    if uuid := legacy_uuid(resource):
        return Identity(kind, place, uuid, uuid, "", True, parent)
    org, env = place.organization, place.environment
    if kind == "Subscription":
        # Below a legacy API the server derives the id from an API HRID that does not exist: unknown.
        known = not over.legacy and over.kind == "ApiV4Definition"
        own_id = identity.part_id(org, env, over.hrid, own) if known else text_at(status_of(resource), "id")
        cross = identity.part_cross_id(org, over.hrid, own) if known else ""
        return Identity(kind, place, own, own_id, cross, False, parent)
    make_id = identity.portal_part_id if over.kind == "Portal" else identity.api_documentation_id
    return Identity(kind, place, own, make_id(org, env, over.hrid, own), "", False, parent)


def identity_in(resource: Resource, place: Environment) -> Identity:
    """Which object a resource of a kind in `OF_ENVIRONMENT` means in an environment."""
    kind = text_at(resource, "kind")
    status = status_of(resource)
    if kind == "ApiDefinition":
        spec = spec_of(resource)
        metadata = resource.get("metadata")
        uid = text_at(metadata, "uid") if isinstance(metadata, Mapping) else ""
        own_id = text_at(status, "id") or text_at(spec, "id") or uid
        return Identity(kind, place, own_id, own_id, text_at(spec, "crossId"), True)
    if uuid := legacy_uuid(resource):
        cross = text_at(status, "crossId") or text_at(spec_of(resource), "crossId")
        return Identity(kind, place, uuid, uuid, cross, True)
    own = identity.hrid(*name_of(resource))
    org = place.organization
    return Identity(
        kind, place, own, identity.resource_id(org, place.environment, own), identity.cross_id(org, own)
    )


def legacy_uuid(resource: Resource) -> str:
    """The UUID of an object that is not known by its HRID; empty for the others.

    Such an object has `status.id`, or the `spec.id` of an export, without the condition
    `AutomationAPIManaged` (ENGINE §8).
    """
    if text_at(resource, "kind") not in WITH_UUIDS:
        return ""
    status = status_of(resource)
    for condition in elements(status.get("conditions")):
        if isinstance(condition, Mapping) and condition.get("type") == "AutomationAPIManaged":
            return ""
    return text_at(status, "id") or text_at(spec_of(resource), "id")
