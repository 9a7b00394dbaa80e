"""The Automation API's bodies of everything but APIs."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from reconciler.rules.apim.body_apis_v2 import plan_id
from reconciler.rules.apim.identities import identity_in, parent_resource
from reconciler.rules.apim.making import Making, with_namespace
from reconciler.rules.apim.references import Missing, Unresolved, data_value, elements, spec_of, text_at
from reconciler.rules.apim.templates import FromTemplate

_BY_NAME = frozenset({"id", "hrid", "crossId", "contextRef"})


def application_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT applications`: with its certificates written out and named."""
    body = {**_without(making.spec, _BY_NAME), "hrid": making.hrid()}
    if making.identity.legacy:
        body["id"] = making.identity.id
    body["contextRef"] = with_namespace(making.spec.get("contextRef"), making.namespace)
    settings = body.get("settings")
    tls = settings.get("tls") if isinstance(settings, Mapping) else None
    if isinstance(settings, Mapping) and isinstance(tls, Mapping) and elements(tls.get("clientCertificates")):
        owner = text_at(making.spec, "name")
        certificates = [
            _certificate(making, item, f"{owner}-{at}") for at, item in enumerate(tls["clientCertificates"])
        ]
        body["settings"] = {**settings, "tls": {**tls, "clientCertificates": certificates}}
    return body


def _certificate(making: Making, item: Any, name: str) -> Any:
    if not isinstance(item, Mapping):
        return item
    out = {**item, "name": item.get("name") or name}
    ref, encoded = out.pop("ref", None), out.pop("encoded", None) is True
    if not isinstance(ref, Mapping):
        return {**out, "content": _as_pem(out["content"])} if encoded and "content" in out else out
    source = "configmap" if text_at(ref, "kind").lower().startswith("configmap") else "secret"
    namespace = text_at(ref, "namespace") or making.namespace
    key = text_at(ref, "key") or "tls.crt"
    try:
        value = data_value(making.references, source, namespace, text_at(ref, "name"), key)
    except Unresolved as problem:
        making.problems.append(problem.problem)
        return out
    return {**out, "content": _as_pem(FromTemplate(value)) if encoded else FromTemplate(value)}


def _as_pem(content: Any) -> Any:
    """A certificate that was written in base64, as PEM text."""
    if not isinstance(content, str):
        return content
    try:
        plain = base64.b64decode("".join(content.split()), validate=True).decode()
    except ValueError:
        return content
    return type(content)(plain)


def subscription_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT apis/{api}/subscriptions`."""
    spec = making.spec
    parent = making.identity.parent
    body = {
        **_without(spec, _BY_NAME | {"api", "application", "plan"}),
        "hrid": making.hrid(),
        "apiHrid": parent.hrid if parent is not None else "",
        "planHrid": _plan_name(making, text_at(spec, "plan")),
    }
    if not text_at(spec, "plan"):
        making.problems.append(Missing("invalid", "spec.plan", "names no plan"))
    if got := making.found(spec.get("application"), "Application", where="spec.application"):
        application = identity_in(got[1], making.identity.place)
        making.application_is_legacy = application.legacy
        body["applicationHrid"] = application.hrid
    return body


def _plan_name(making: Making, plan: str) -> str:
    """An access plan as APIM knows it: those of version 2 by their id."""
    parent = making.identity.parent
    if parent is None or parent.kind != "ApiDefinition":
        return plan
    try:
        api = parent_resource(making.resource, making.references)
    except Unresolved as problem:
        making.problems.append(problem.problem)
        return plan
    return plan_id(spec_of(api), plan, parent.hrid)


def policy_group_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT shared-policy-groups`.

    A legacy group is written by the id that it has in all environments, as GKO was recorded to do; by its own
    id it would become a second group. It is read and deleted by its own.
    """
    body = {**_without(making.spec, _BY_NAME), "hrid": making.hrid()}
    if making.identity.legacy:
        body["hrid"] = making.identity.cross_id or making.hrid()
        body["crossId"] = making.identity.cross_id
    elif cross := text_at(making.spec, "crossId"):
        body["crossId"] = cross
    body["contextRef"] = with_namespace(making.spec.get("contextRef"), making.namespace)
    return body


def group_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT groups`."""
    body = {**_without(making.spec, _BY_NAME), "hrid": making.hrid()}
    if making.identity.legacy:
        body["id"] = making.identity.id
    return body


def dictionary_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT dictionaries`."""
    return {**_without(making.spec, _BY_NAME), "hrid": making.hrid()}


def portal_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT portals`."""
    return {**_without(making.spec, _BY_NAME), "hrid": making.hrid()}


def documentation_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT portals/{portal}/documentations` or `PUT apis/{api}/documentations`."""
    return {**_without(making.spec, _BY_NAME | {"portalRef", "apiRef"}), "hrid": making.hrid()}


def listing_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT portals/{portal}/listings` (or `links`, whose bodies have no APIs).

    A listing is sent even if its API does not exist (DOMAIN §10.10): its HRID follows from the reference.
    """
    body = {**_without(making.spec, _BY_NAME | {"portalRef"}), "hrid": making.hrid()}
    if "apis" in making.spec:
        body["apis"] = [_listed(making, item, at) for at, item in enumerate(elements(making.spec["apis"]))]
    return body


def _listed(making: Making, item: Any, at: int) -> Any:
    if not isinstance(item, Mapping):
        return item
    out = {name: value for name, value in item.items() if name != "ref"}
    got = making.api_hrid(item.get("ref"), where=f"spec.apis[{at}].ref")
    return {"apiHrid": got, **out} if got else out


def _without(spec: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in names}
