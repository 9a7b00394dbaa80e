"""Application: what its mutating webhook fills in, and certificates as text.

The webhook names a client certificate without a name after the application and its position, and gives a
reference its kind and key (DOMAIN §6). Both sides are filled in alike, so that it makes no difference
whether the webhook is on.
"""

from __future__ import annotations

from typing import Any

from reconciler.rules.kinds.kind_rules import Fields, KindRules, NamedRule
from reconciler.rules.lists import SET, in_order, keyed


def fill_certificates(fields: Fields) -> Fields:
    """Fill in certificate names and the kind and key of their references."""
    spec = fields.get("spec")
    certificates = _certificates(fields)
    if not certificates:
        return fields
    owner = spec.get("name") if isinstance(spec, dict) else None
    filled = [_filled(item, f"{owner}-{at}") for at, item in enumerate(certificates)]
    return fields if filled == certificates else _with_certificates(fields, filled)


def trim_certificates(fields: Fields) -> Fields:
    """A certificate is the same with and without line ends around it."""
    tls = _tls(fields)
    if tls is None:
        return fields
    out = fields
    single = tls.get("clientCertificate")
    if isinstance(single, str) and single != single.strip():
        out = _with_tls(out, {**tls, "clientCertificate": single.strip()})
    certificates = _certificates(out)
    trimmed = [
        {**item, "content": item["content"].strip()}
        if isinstance(item, dict) and isinstance(item.get("content"), str)
        else item
        for item in certificates
    ]
    return out if trimmed == certificates else _with_certificates(out, trimmed)


def _filled(item: Any, name: str) -> Any:
    if not isinstance(item, dict):
        return item
    out = item if item.get("name") else {**item, "name": name}
    ref = out.get("ref")
    if isinstance(ref, dict) and not (ref.get("kind") and ref.get("key")):
        kind, key = ref.get("kind") or "secrets", ref.get("key") or "tls.crt"
        out = {**out, "ref": {**ref, "kind": kind, "key": key}}
    return out


def _tls(fields: Fields) -> dict[str, Any] | None:
    node: Any = fields
    for name in ("spec", "settings", "tls"):
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else None


def _certificates(fields: Fields) -> list[Any]:
    tls = _tls(fields)
    found = tls.get("clientCertificates") if tls is not None else None
    return found if isinstance(found, list) else []


def _with_certificates(fields: Fields, certificates: list[Any]) -> Fields:
    return _with_tls(fields, {**(_tls(fields) or {}), "clientCertificates": certificates})


def _with_tls(fields: Fields, tls: dict[str, Any]) -> Fields:
    spec = fields["spec"]
    return {**fields, "spec": {**spec, "settings": {**spec["settings"], "tls": tls}}}


RULES = KindRules(
    "Application",
    lists={
        "spec.groups": SET,
        "spec.members": keyed("source", "sourceId"),
        "spec.metadata": keyed("name"),
        "spec.settings.oauth.grantTypes": SET,
        "spec.settings.oauth.redirectUris": SET,
        # In order, because the webhook derives a missing name from the position.
        "spec.settings.tls.clientCertificates": in_order("name"),
    },
    empty_is_absent=(
        "spec.groups",
        "spec.members",
        "spec.metadata",
        "spec.settings.tls.clientCertificates",
    ),
    rules=(
        NamedRule("application-webhook-certificates", fill_certificates),
        NamedRule("trimmed-certificates", trim_certificates),
    ),
)
