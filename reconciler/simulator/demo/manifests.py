"""The parts that the demo's manifests are made of: listeners, endpoints, plans, flows, pages.

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


# --- policies and flows ------------------------------------------------------------------------


def rate_limit(limit: int, unit: str = "SECONDS", *, period: int = 1) -> Spec:
    """At most `limit` calls in `period` units of time."""
    return {
        "name": "Rate limit",
        "policy": "rate-limit",
        "configuration": {
            "async": False,
            "addHeaders": True,
            "rate": {
                "limit": limit,
                "periodTime": period,
                "periodTimeUnit": unit,
                "useKeyOnly": False,
                "key": "",
            },
        },
    }


def quota(limit: int, unit: str = "DAYS") -> Spec:
    """At most `limit` calls in one unit of time, kept across gateways."""
    return {
        "name": "Quota",
        "policy": "quota",
        "configuration": {
            "addHeaders": True,
            "quota": {"limit": limit, "periodTime": 1, "periodTimeUnit": unit, "key": ""},
        },
    }


def set_headers(**headers: str) -> Spec:
    """Set headers; underscores in names stand for dashes."""
    return {
        "name": "Headers",
        "policy": "transform-headers",
        "configuration": {
            "addHeaders": [
                {"name": name.replace("_", "-"), "value": value} for name, value in headers.items()
            ],
        },
    }


def drop_headers(*names: str) -> Spec:
    """Remove headers."""
    return {
        "name": "Hide internals",
        "policy": "transform-headers",
        "configuration": {"removeHeaders": list(names)},
    }


def cache(seconds: int) -> Spec:
    """Answer from the cache resource for some seconds."""
    return {
        "name": "Cache",
        "policy": "cache",
        "configuration": {
            "cacheName": "answers",
            "methods": ["GET", "OPTIONS", "HEAD"],
            "timeToLiveSeconds": seconds,
            "scope": "API",
        },
    }


def validate_json(schema: str) -> Spec:
    """Refuse bodies that are not of a JSON schema."""
    return {
        "name": "Check body",
        "policy": "json-validation",
        "configuration": {
            "scope": "REQUEST_CONTENT",
            "schema": schema,
            "errorMessage": "the body is not valid",
        },
    }


def shared(group: str, namespace: str = "platform") -> Spec:
    """A step that runs a shared policy group."""
    return {"name": group, "sharedPolicyGroupRef": {"name": group, "namespace": namespace}}


def flow(
    name: str,
    request: list[Spec] | None = None,
    response: list[Spec] | None = None,
    *,
    path: str = "/",
    methods: tuple[str, ...] = (),
    when: str = "",
) -> Spec:
    """An HTTP flow; empty phases are left out."""
    selector: Spec = {"type": "HTTP", "path": path, "pathOperator": "STARTS_WITH"}
    if methods:
        selector["methods"] = list(methods)
    selectors = [selector]
    if when:
        selectors.append({"type": "CONDITION", "condition": when})
    phases = {phase: steps for phase, steps in (("request", request), ("response", response)) if steps}
    return {"name": name, "enabled": True, "selectors": selectors, **phases}


def message_flow(
    name: str, *, publish: list[Spec] | None = None, subscribe: list[Spec] | None = None
) -> Spec:
    """A flow over messages of a channel."""
    selector = {
        "type": "CHANNEL",
        "operations": [word for word, steps in (("PUBLISH", publish), ("SUBSCRIBE", subscribe)) if steps],
        "channel": "/",
        "channelOperator": "STARTS_WITH",
    }
    phases = {phase: steps for phase, steps in (("publish", publish), ("subscribe", subscribe)) if steps}
    return {"name": name, "enabled": True, "selectors": [selector], **phases}


# --- listeners and endpoints -------------------------------------------------------------------


def http_listener(path: str, *, host: str = "", cors: tuple[str, ...] = ()) -> Spec:
    """An HTTP listener on one context path; `cors` lists allowed origins."""
    where: Spec = {"host": host, "path": path, "overrideAccess": True} if host else {"path": path}
    listener: Spec = {
        "type": "HTTP",
        "paths": [where],
        "entrypoints": [{"type": "http-proxy", "qos": "AUTO"}],
    }
    if cors:
        listener["cors"] = {
            "enabled": True,
            "allowOrigin": list(cors),
            "allowMethods": ["GET", "POST", "OPTIONS"],
            "allowHeaders": ["authorization", "content-type", "x-request-id"],
            "maxAge": 600,
        }
    return listener


def http_endpoints(
    *targets: str, check: str = "", read_timeout: int = 0, balance: str = "ROUND_ROBIN", backup: str = ""
) -> list[Spec]:
    """One group of HTTP backends.

    Args:
        targets: their URLs.
        check: path of a health check; empty for none.
        read_timeout: milliseconds; 0 leaves the server's own.
        backup: URL of a second group that is used when the first one fails.
    """
    endpoints = [
        {
            "name": "backend" if len(targets) == 1 else f"backend-{number}",
            "type": "http-proxy",
            "weight": 1,
            "inheritConfiguration": True,
            "configuration": {"target": target},
        }
        for number, target in enumerate(targets, 1)
    ]
    group: Spec = {"name": "default", "type": "http-proxy", "loadBalancer": {"type": balance}}
    if read_timeout:
        group["sharedConfiguration"] = {
            "http": {"connectTimeout": 2000, "readTimeout": read_timeout, "maxConcurrentConnections": 100}
        }
    group["endpoints"] = endpoints
    if check:
        group["services"] = {
            "healthCheck": {
                "enabled": True,
                "overrideConfiguration": False,
                "type": "http-health-check",
                "configuration": {
                    "schedule": "*/10 * * * * *",
                    "method": "GET",
                    "target": check,
                    "successThreshold": 2,
                    "failureThreshold": 3,
                    "assertion": "{#response.status == 200}",
                },
            }
        }
    groups = [group]
    if backup:
        spare = {
            "name": "spare",
            "type": "http-proxy",
            "inheritConfiguration": False,
            "secondary": True,
            "configuration": {"target": backup},
        }
        groups.append({"name": "fallback", "type": "http-proxy", "endpoints": [spare]})
    return groups


def kafka_endpoints(topic: str, brokers: str, *, group: str = "", protocol: str = "PLAINTEXT") -> list[Spec]:
    """One Kafka endpoint of a message API; `group` consumes, without it messages are produced."""
    configuration: Spec = {"security": {"protocol": protocol}}
    if group:
        configuration["consumer"] = {"enabled": True, "topics": [topic], "autoOffsetReset": "latest"}
    else:
        configuration["producer"] = {"enabled": True, "topics": [topic], "compressionType": "gzip"}
    endpoint = {
        "name": "kafka",
        "type": "kafka",
        "weight": 1,
        "inheritConfiguration": True,
        "configuration": {"bootstrapServers": brokers},
    }
    return [
        {"name": "events", "type": "kafka", "sharedConfiguration": configuration, "endpoints": [endpoint]}
    ]


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


def prop(key: str, value: str, *, encrypted: bool = False) -> Spec:
    """A property of an API."""
    return {"key": key, "value": value, "encrypted": True} if encrypted else {"key": key, "value": value}


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


def proxy(title: str, version: str, about: str, path: str, target: str | list[Spec], **fields: Any) -> Spec:
    """The spec of an HTTP proxy API: a path, one backend URL or endpoint groups, then what else it has."""
    groups = http_endpoints(target) if isinstance(target, str) else target
    listeners = fields.pop("listeners", None) or [http_listener(path)]
    return v4("PROXY", title, version, about, listeners=listeners, endpointGroups=groups, **fields)
