"""The parts that the demo's manifests are made of: metadata, access plans, pages, members, properties.

Field names, enums and shapes are those of the CRDs (DOMAIN §1); contents are invented. Every builder
returns new containers, so that no two manifests share one.
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

API_VERSION = "gravitee.io/v1alpha1"
CONTEXT = {"name": "apim", "namespace": "platform"}


def manifest(
    kind: str,
    team: str,
    name: str,
    spec: Spec,
    *,
    namespaced: bool = True,
    labels: dict[str, str] | None = None,
) -> Spec:
    """One custom resource of a team.

    Args:
        namespaced: whether it states its namespace (else the application's is meant).
        labels: added to the team's own label.
    """
    metadata: Spec = {"name": name}
    if namespaced:
        metadata["namespace"] = team
    metadata["labels"] = {"team": team, **(labels or {})}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


# --- access plans ------------------------------------------------------------------------------


def key_less(name: str = "Open", description: str = "No credentials needed") -> Spec:
    """A plan for everybody."""
    return {"name": name, "description": description, "security": {"type": "KEY_LESS"}}


def api_key(name: str = "API key", *, manual: bool = False, header: str = "") -> Spec:
    """A plan with an API key; `manual` asks for approval, `header` names another header for the key."""
    security: Spec = {"type": "API_KEY"}
    if header:
        security["configuration"] = {"propagateApiKey": False, "apiKeySource": {"name": header}}
    plan: Spec = {"name": name, "description": "One key per application", "security": security}
    if manual:
        plan["validation"] = "MANUAL"
    return plan


def jwt(name: str = "Signed token", *, issuer: str = "https://login.example.org") -> Spec:
    """A plan with a JWT of our identity provider."""
    return {
        "name": name,
        "description": f"Bearer token issued by {issuer.removeprefix('https://')}",
        "security": {
            "type": "JWT",
            "configuration": {
                "signature": "RSA_RS256",
                "publicKeyResolver": "JWKS_URL",
                "resolverParameter": f"{issuer}/.well-known/jwks.json",
                "userClaim": "sub",
                "extractClaims": True,
            },
        },
    }


def oauth2(name: str = "OAuth2", *, resource: str = "login", scopes: tuple[str, ...] = ()) -> Spec:
    """A plan whose token is introspected by an OAuth2 resource of the API."""
    configuration: Spec = {
        "oauthResource": resource,
        "extractPayload": False,
        "checkRequiredScopes": bool(scopes),
    }
    if scopes:
        configuration["requiredScopes"] = list(scopes)
    return {
        "name": name,
        "description": "Token of the login service, checked at every call",
        "security": {"type": "OAUTH2", "configuration": configuration},
    }


def mtls(name: str = "Client certificate") -> Spec:
    """A plan for callers that present a certificate."""
    return {
        "name": name,
        "description": "For callers with a certificate of ours",
        "validation": "MANUAL",
        "security": {"type": "MTLS"},
    }


# --- the rest of an API ------------------------------------------------------------------------


def pages(title: str, text: str, *, openapi: str = "") -> Spec:
    """A folder with a Markdown page and, if given a URL, an OpenAPI page fetched from it."""
    found: Spec = {
        "docs": {"name": "Documentation", "type": "FOLDER", "published": True, "order": 1},
        "start": {
            "name": title,
            "type": "MARKDOWN",
            "parent": "docs",
            "published": True,
            "homepage": True,
            "order": 2,
            "content": text,
        },
    }
    if openapi:
        found["reference"] = {
            "name": "Reference",
            "type": "SWAGGER",
            "parent": "docs",
            "published": True,
            "order": 3,
            "source": {
                "type": "http-fetcher",
                "configuration": {"url": openapi, "autoFetch": True, "fetchCron": "0 0 3 * * *"},
            },
        }
    return found


def members(*names: str, role: str = "USER") -> list[Spec]:
    """People who may see the API in the Console."""
    return [{"source": "gravitee", "sourceId": f"{name}@example.org", "role": role} for name in names]


def cache_resource(seconds: int = 120) -> Spec:
    """The in-memory cache that `cache` steps name."""
    return {
        "name": "answers",
        "type": "cache",
        "enabled": True,
        "configuration": {"name": "answers", "maxEntriesLocalHeap": 1000, "timeToLiveSeconds": seconds},
    }


def resource_ref(name: str, namespace: str = "platform") -> Spec:
    """A resource kept as an ApiResource of its own."""
    return {"ref": {"name": name, "namespace": namespace}}


def prop(key: str, value: str) -> Spec:
    """A property of an API."""
    return {"key": key, "value": value}


def meta(key: str, value: str, format: str = "STRING") -> Spec:
    """A metadata entry of an API."""
    return {"key": key, "name": key.replace("-", " ").capitalize(), "format": format, "value": value}


def v4(kind: str, title: str, version: str, about: str, **fields: Any) -> Spec:
    """The spec of an ApiV4Definition in the order people write it; `fields` are spec fields as they are."""
    head: Spec = {
        "name": title,
        "description": about,
        "version": version,
        "type": kind,
        "contextRef": dict(CONTEXT),
        "state": "STARTED",
        "lifecycleState": "PUBLISHED",
    }
    return {**head, **fields}
