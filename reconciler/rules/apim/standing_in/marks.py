"""Finalizers and annotations: what keeps resources, and what they use, until APIM has let go (DOMAIN §2.1).

GKO sets finalizer and hash only with success, so what never succeeded is deleted without a word to APIM and
leaves behind what had arrived (DOMAIN §10.11). Ours sets the finalizer before anything is sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.model.keys import ResourceKey
from reconciler.rules.apim.references import Resource, elements, name_of, spec_of, text_at
from reconciler.rules.referring import references_of

_PREFIX = "finalizers.gravitee.io/"
_OWN = {
    "ApiV4Definition": "apidefinitiondeletion",
    "ApiDefinition": "apidefinitiondeletion",
    "Application": "applicationdeletion",
    "Subscription": "subscriptions",
    "SharedPolicyGroup": "sharedpolicygroups",
    "Group": "groups",
    "Dictionary": "dictionaries",
    "ApiResource": "apiresource",
    "Notification": "notification",
    "ManagementContext": "managementcontextdeletion",
    "Portal": "portals",
    "PortalListing": "portallistings",
    "PortalLink": "portallinks",
    "Documentation": "documentations",
}
KINDS = frozenset(_OWN)
"""The kinds that are stood in for."""
SECRET_FINALIZER = _PREFIX + "managementcontextSecret"
TEMPLATING = _PREFIX + "templating"
HASH = "gravitee.io/last-spec-hash"
SECRET_REF = "gravitee.io/last-secret-ref"  # noqa: S105
_TEMPLATE = "gravitee.io/template"
_REFERENCES = "gravitee.io/references"
_PLURALS = {
    "ApiV4Definition": "apiv4definitions",
    "ApiDefinition": "apidefinitions",
    "Application": "applications",
    "Subscription": "subscriptions",
    "SharedPolicyGroup": "sharedpolicygroups",
    "Group": "groups",
    "Dictionary": "dictionaries",
    "ApiResource": "apiresources",
    "Notification": "notifications",
    "ManagementContext": "managementcontexts",
    "Portal": "portals",
    "PortalListing": "portallistings",
    "PortalLink": "portallinks",
    "Documentation": "documentations",
}


class Source(NamedTuple):
    """A Secret or ConfigMap that resources take values from; its text is `Kind/namespace/name`."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


def finalizers_wanted(kind: str, obj: Resource) -> tuple[str, ...]:
    """The finalizers that a resource is to have of ours; others' stay beside them.

    Args:
        kind: of the resource.
        obj: the resource; an ApiDefinition that is a template of Ingresses has a finalizer of its own.

    Returns:
        their full names; none for a kind that is not stood in for.
    """
    if is_ingress_template(obj):
        return (_PREFIX + "apidefinitiontemplate",)
    return (_PREFIX + _OWN[kind],) if kind in _OWN else ()


def annotations_wanted(obj: Resource) -> dict[str, str]:
    """The annotations that a resource is to have after it was accepted; others' stay beside them.

    The hash differs from the one GKO computes (which needs its Go types, DOMAIN §2.2): GKO, taking over,
    finds another hash and sends the same body once.
    """
    if is_ingress_template(obj):
        return {}
    wanted = {HASH: spec_hash(obj)}
    if text_at(obj, "kind") == "ManagementContext":
        secret = secret_of_context(obj)
        wanted[SECRET_REF] = f"{secret.namespace}/{secret.name}" if secret is not None else ""
    return wanted


def marked(obj: Resource, *, accepted: bool) -> dict[str, Any]:
    """The metadata of a resource with our marks: the finalizer at once, the annotations with acceptance."""
    metadata = _metadata(obj)
    kept = [name for name in elements(metadata.get("finalizers")) if isinstance(name, str)]
    own = [name for name in finalizers_wanted(text_at(obj, "kind"), obj) if name not in kept]
    if kept or own:
        metadata["finalizers"] = [*kept, *own]
    if accepted and (wanted := annotations_wanted(obj)):
        metadata["annotations"] = {**_annotations(metadata), **wanted}
    return metadata


def released(obj: Resource) -> dict[str, Any]:
    """The metadata of a resource without our finalizers: the last step of its deletion."""
    return _without(_metadata(obj), {*finalizers_wanted(text_at(obj, "kind"), obj)})


def spec_hash(obj: Resource) -> str:
    """64 hexadecimal digits that change with the spec."""
    text = json.dumps(spec_of(obj), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def is_ingress_template(obj: Resource) -> bool:
    """Whether an ApiDefinition is a pattern for Ingresses, which is never sent anywhere itself."""
    if text_at(obj, "kind") != "ApiDefinition":
        return False
    return _annotations(_metadata(obj)).get(_TEMPLATE) == "true"


# --- what resources use ----------------------------------------------------------------------------


def template_sources(obj: Resource) -> frozenset[Source]:
    """The Secrets and ConfigMaps that the templates of a resource name: in its own namespace."""
    kind, (namespace, name) = text_at(obj, "kind"), name_of(obj)
    # Only the texts count: references by field get no finalizer (DOMAIN §10.8).
    texts = {"spec": {"": _templates(obj.get("spec"))}}
    found = references_of(ResourceKey("", kind, namespace, name), texts)
    return frozenset(
        Source(one.target.kind, one.target.namespace, one.target.name)
        for one in found
        if one.target.kind in ("Secret", "ConfigMap")
    )


def secret_of_context(obj: Resource) -> Source | None:
    """The Secret that holds the credentials of a ManagementContext; None where it needs none."""
    auth = spec_of(obj).get("auth")
    ref = auth.get("secretRef") if isinstance(auth, Mapping) else None
    if not isinstance(ref, Mapping) or not text_at(ref, "name"):
        return None
    return Source("Secret", text_at(ref, "namespace") or name_of(obj)[0], text_at(ref, "name"))


def source_marked(source: Resource, obj_users: Iterable[Resource]) -> dict[str, Any]:
    """The metadata that a Secret or ConfigMap is to have.

    GKO forgets to take its marks off again (DOMAIN §10.7, §10.8); this is the whole truth each time.

    Args:
        source: the Secret or ConfigMap.
        obj_users: all resources of our kinds that use it; others are passed by.
    """
    here = Source(text_at(source, "kind"), *name_of(source))
    by_kind: dict[str, list[str]] = {}
    credentials = False
    for user in obj_users:
        kind = text_at(user, "kind")
        if here in template_sources(user):
            by_kind.setdefault(_PLURALS[kind], []).append("/".join(name_of(user)))
        credentials = credentials or (kind == "ManagementContext" and secret_of_context(user) == here)
    metadata = _metadata(source)
    ours = {_REFERENCES, *(f"gravitee.io/{plural}" for plural in _PLURALS.values())}
    notes = {key: value for key, value in _annotations(metadata).items() if key not in ours}
    for plural, names in sorted(by_kind.items()):
        notes[f"gravitee.io/{plural}"] = json.dumps(sorted(names), separators=(",", ":"))
    if by_kind:
        notes[_REFERENCES] = str(sum(map(len, by_kind.values())))
    if notes or "annotations" in metadata:
        metadata["annotations"] = notes
    wanted = [name for name, yes in ((TEMPLATING, bool(by_kind)), (SECRET_FINALIZER, credentials)) if yes]
    return _with(_without(metadata, {TEMPLATING, SECRET_FINALIZER}), wanted, metadata)


def _templates(value: object) -> list[str]:
    return list(_texts(value))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if "[[" in value:
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _metadata(obj: Resource) -> dict[str, Any]:
    metadata = obj.get("metadata")
    return dict(metadata) if isinstance(metadata, Mapping) else {}


def _annotations(metadata: Mapping[str, Any]) -> dict[str, str]:
    notes = metadata.get("annotations")
    return {str(key): str(value) for key, value in notes.items()} if isinstance(notes, Mapping) else {}


def _without(metadata: dict[str, Any], names: set[str]) -> dict[str, Any]:
    if "finalizers" not in metadata:
        return metadata
    return {**metadata, "finalizers": [one for one in elements(metadata["finalizers"]) if one not in names]}


def _with(rest: dict[str, Any], wanted: list[str], before: Mapping[str, Any]) -> dict[str, Any]:
    """Put finalizers back in the order in which they stood, new ones at the end."""
    stood = [one for one in elements(before.get("finalizers")) if one in wanted]
    names = [*stood, *(one for one in wanted if one not in stood)]
    if not names:
        return rest
    return {**rest, "finalizers": [*elements(rest.get("finalizers")), *names]}
