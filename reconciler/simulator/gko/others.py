"""Everything but APIs as GKO sends it to the Automation API."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from reconciler.rules.identity import hrid
from reconciler.simulator.gko.failures import ReferenceMissing
from reconciler.simulator.gko.lookups import Body, Lookups, Ref

_OWN = ("id", "crossId", "hrid", "contextRef")


def plain_body(namespace: str, name: str, spec: Body) -> Body:
    """A group's or a dictionary's body: the spec, with the HRID."""
    return {**_without(spec, *_OWN), "hrid": hrid(namespace, name)}


def policy_group_body(namespace: str, name: str, spec: Body) -> Body:
    """The body of `PUT shared-policy-groups`."""
    return {**plain_body(namespace, name, spec), "contextRef": _placed(spec["contextRef"], namespace)}


def application_body(namespace: str, name: str, spec: Body, lookups: Lookups) -> Body:
    """The body of `PUT applications`, with its certificates written out.

    Raises:
        ReferenceMissing: a certificate's Secret or ConfigMap does not exist, or lacks the key.
    """
    body = {**plain_body(namespace, name, spec), "contextRef": _placed(spec["contextRef"], namespace)}
    tls = spec["settings"].get("tls") or {}
    if tls.get("clientCertificates"):
        certificates = [
            _certificate(item, f"{spec['name']}-{place}", lookups)
            for place, item in enumerate(tls["clientCertificates"])
        ]
        body["settings"] = {**spec["settings"], "tls": {**tls, "clientCertificates": certificates}}
    return body


def subscription_body(namespace: str, name: str, spec: Body, lookups: Lookups) -> Body:
    """The body of `PUT apis/{api}/subscriptions`; it is resolved in GKO's order: application, then API.

    Raises:
        ReferenceMissing: the application or the API does not exist.
    """
    application = lookups.named(spec["application"], "Application")
    lookups.get(application)
    api = lookups.named(spec["api"], "ApiV4Definition")
    lookups.get(api)
    return {
        **_without(spec, *_OWN, "api", "application", "plan"),
        "hrid": hrid(namespace, name),
        "apiHrid": hrid(api.namespace, api.name),
        "applicationHrid": hrid(application.namespace, application.name),
        "planHrid": spec["plan"],
        "status": "",
        "startingAt": "",
        "endingAt": spec.get("endingAt") or "",
    }


def _certificate(item: Body, name: str, lookups: Lookups) -> Body:
    sent = {**_without(item, "ref", "encoded"), "name": item.get("name") or name}
    ref = item.get("ref")
    if ref:
        kind = "ConfigMap" if str(ref.get("kind") or "").lower().startswith("configmap") else "Secret"
        place = Ref(kind, str(ref.get("namespace") or lookups.namespace), str(ref["name"]))
        data = lookups.data(place)
        key = str(ref.get("key") or "tls.crt")
        if data is None or key not in data:
            word = "configmaps" if kind == "ConfigMap" else "secrets"
            raise ReferenceMissing(f'{word} "{place.name}" not found')
        sent["content"] = data[key]
    if item.get("encoded") and "content" in sent:
        sent["content"] = _decoded(sent["content"])
    return sent


def _decoded(content: str) -> str:
    try:
        return base64.b64decode("".join(content.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return content


def _placed(ref: Body, namespace: str) -> Body:
    return {**ref, "namespace": ref.get("namespace") or namespace}


def _without(spec: Body, *names: str) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in names}
