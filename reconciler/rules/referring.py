"""What a resource refers to, and what it claims for itself alone: read from its spec, nothing looked up.

Source: DOMAIN §1 (references between kinds) and §6 (what admission compares). Where the body of a plugin's
configuration begins, fields belong to the plugin and refer to nothing; templates are read everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.keys import ResourceKey, same_kind

_TEMPLATE = re.compile(r"\[\[-?\s*(secret|configmap)\s+[`\"]([^/`\"]+)/[^`\"]+[`\"]\s*-?\]\]")
_TEMPLATE_KINDS = {"secret": "Secret", "configmap": "ConfigMap"}
_BY_FIELD = {
    "contextRef": ("ManagementContext",),
    "groupRefs": ("Group",),
    "notificationsRefs": ("Notification",),
    "sharedPolicyGroupRef": ("SharedPolicyGroup",),
    "secretRef": ("Secret", "ConfigMap"),
    "portalRef": ("Portal",),
    "apiRef": ("ApiV4Definition", "ApiDefinition"),
}
"""Field → the kinds it may name, the first of them where it names none."""
_REF_WITHIN = {
    "resources": ("ApiResource",),
    "clientCertificates": ("Secret", "ConfigMap"),
    "apis": ("ApiV4Definition", "ApiDefinition"),
}
"""List of elements whose field `ref` refers → the kinds it may name."""
_OF_SUBSCRIPTIONS = {"api": ("ApiV4Definition", "ApiDefinition"), "application": ("Application",)}
_PLUGIN = ("configuration", "Configuration")
"""Ends of field names below which a plugin decides what a field means."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`source` names `target` in the field `where` (`spec.contextRef`)."""

    source: ResourceKey
    target: ResourceKey
    where: str

    def __str__(self) -> str:
        return f"{self.where} names {self.target.kind}/{self.target.namespace}/{self.target.name}"


def references_of(key: ResourceKey, body: Mapping[str, Any]) -> tuple[Reference, ...]:
    """Find everything that a resource refers to on its cluster, each target once.

    Args:
        key: the resource; references without a namespace lead to its own.
        body: the object as Git or the cluster gives it. What is not shaped as a reference is left out.
    """
    found: dict[ResourceKey, Reference] = {}
    for kind, namespace, name, where in _named(key, body.get("spec")):
        target = ResourceKey(key.cluster, kind, namespace or key.namespace, name)
        if target != key:
            found.setdefault(target, Reference(key, target, where))
    return tuple(found.values())


_Named = tuple[str, str, str, str]
"""Kind, namespace (empty: the referrer's), name, where."""


def _named(key: ResourceKey, spec: object) -> Iterator[_Named]:
    if not isinstance(spec, Mapping):
        return
    if key.kind == "Subscription":
        for field, kinds in _OF_SUBSCRIPTIONS.items():
            yield from _reference(spec.get(field), kinds, f"spec.{field}")
    yield from _below(spec, "spec", "", plugin=False)


def _below(value: object, where: str, parent: str, *, plugin: bool) -> Iterator[_Named]:
    if isinstance(value, Mapping):
        for field, item in value.items():
            yield from _field(str(field), item, f"{where}.{field}", parent, plugin=plugin)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _below(item, f"{where}[{at}]", parent, plugin=plugin)
    elif isinstance(value, str) and "[[" in value:
        for source, name in _TEMPLATE.findall(value):
            yield _TEMPLATE_KINDS[source], "", name, where


def _field(field: str, value: object, where: str, parent: str, *, plugin: bool) -> Iterator[_Named]:
    kinds = _BY_FIELD.get(field) or (_REF_WITHIN.get(parent) if field == "ref" else None)
    if kinds is not None and not plugin:
        for item in value if isinstance(value, list) else [value]:
            yield from _reference(item, kinds, where)
        return
    yield from _below(value, where, field, plugin=plugin or field.endswith(_PLUGIN))


def _reference(value: object, kinds: tuple[str, ...], where: str) -> Iterator[_Named]:
    name = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(name, str) or not name:
        return
    asked, namespace = value.get("kind"), value.get("namespace")
    kind = kinds[0]
    if isinstance(asked, str) and asked:
        kind = next((one for one in kinds if same_kind(asked, one)), asked)
    yield kind, namespace if isinstance(namespace, str) else "", name, where


# --- what only one may have ------------------------------------------------------------------------


def claims_of(key: ResourceKey, body: Mapping[str, Any]) -> frozenset[str]:
    """What a resource claims that no other may claim beside it: paths, hosts, client ids, names.

    Two claims are equal where a control plane would refuse the second one. They are qualified by cluster
    and management context.
    """
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        return frozenset()
    claims = _CLAIMS.get(key.kind)
    if claims is None:
        return frozenset()
    context = "/".join(next(_context(spec, key), ("", "")))
    return frozenset(f"{key.cluster} {context} {claim}" for claim in claims(key, spec))


def _context(spec: Mapping[str, Any], key: ResourceKey) -> Iterator[tuple[str, str]]:
    for _, namespace, name, _ in _reference(spec.get("contextRef"), ("ManagementContext",), ""):
        yield namespace or key.namespace, name


def _claims_v4(_: ResourceKey, spec: Mapping[str, Any]) -> Iterator[str]:
    for listener in _objects(spec.get("listeners")):
        for path in _objects(listener.get("paths")):
            yield _path(path.get("host"), path.get("path"))
        if isinstance(listener.get("host"), str):
            yield f"host {listener['host'].lower()}"
        hosts = listener.get("hosts")
        for host in hosts if isinstance(hosts, list) else ():
            yield f"host {str(host).lower()}"


def _claims_v2(_: ResourceKey, spec: Mapping[str, Any]) -> Iterator[str]:
    proxy = spec.get("proxy")
    for host in _objects(proxy.get("virtual_hosts") if isinstance(proxy, Mapping) else None):
        yield _path(host.get("host"), host.get("path"))


def _claims_application(_: ResourceKey, spec: Mapping[str, Any]) -> Iterator[str]:
    yield from _claims_name(_, spec)
    settings = spec.get("settings")
    simple = settings.get("app") if isinstance(settings, Mapping) else None
    client = simple.get("clientId") if isinstance(simple, Mapping) else None
    if isinstance(client, str) and client:
        yield f"client {client}"


def _claims_name(key: ResourceKey, spec: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(spec.get("name"), str):
        yield f"{key.kind} {spec['name']}"


def _claims_portal(*_: object) -> Iterator[str]:
    yield "the environment's portal"


_CLAIMS: dict[str, Callable[[ResourceKey, Mapping[str, Any]], Iterator[str]]] = {
    "ApiV4Definition": _claims_v4,
    "ApiDefinition": _claims_v2,
    "Application": _claims_application,
    "Group": _claims_name,
    "Portal": _claims_portal,
}


def _path(host: object, path: object) -> str:
    """A path as APIM compares it: a slash on both sides, none doubled."""
    name = host.lower() if isinstance(host, str) else ""
    parts = [part for part in str(path or "").split("/") if part]
    return f"path {name}/{'/'.join(parts)}/".replace("//", "/") if parts else f"path {name}/"


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
